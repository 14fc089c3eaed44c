// Reads text files line by line, in constant memory, and says where they went
// wrong.
//
//   MINNOW_ASSIGN_OR_RETURN(GzReader file, GzReader::Open("a.csv.gz"));
//   LineReader lines(std::move(file), {});
//   MINNOW_ASSIGN_OR_RETURN(auto line, lines.Next());  // Nothing at the end.
#ifndef MINNOW_TRAIN_LINE_READER_H_
#define MINNOW_TRAIN_LINE_READER_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "minnow/train/gz_reader.h"

namespace minnow {

// Of one line, and of the whole file, uncompressed.
struct LineLimits {
  int64_t max_line_bytes = int64_t{16} << 20;
  int64_t max_bytes = int64_t{4} << 30;
};

class LineReader {
 public:
  LineReader(GzReader reader, const LineLimits& limits)
      : reader_(std::move(reader)), limits_(limits) {}

  // The next line without its end, or nothing after the last one. Valid until
  // the next call.
  absl::StatusOr<std::optional<absl::string_view>> Next();

  // InvalidArgument, at a field (from 1) of the line that was read last.
  absl::Status Error(size_t column, absl::string_view message) const;

 private:
  absl::Status Fill();

  GzReader reader_;
  LineLimits limits_;
  std::array<char, 1 << 16> chunk_;
  size_t begin_ = 0;
  size_t end_ = 0;
  std::string line_;
  int64_t number_ = 0;
};

// All of a field as a number; blanks around it are passed over.
std::optional<double> ParseNumber(absl::string_view field);

// A field as it stands in a message: short, and without control characters.
std::string Quote(absl::string_view field);

}  // namespace minnow

#endif  // MINNOW_TRAIN_LINE_READER_H_
