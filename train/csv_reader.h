// CSV files of numbers, one column of which is the label.
//
//   absl::StatusOr<LabeledRows> rows = ReadCsv("digits.csv.gz");
//   rows->features;  // (1797,64), of float32.
//   rows->labels;    // 1797 class numbers.
//
// Fields are separated by commas; blanks around them, empty lines and a first
// line of which no field is a number (a header) are passed over. All rows have
// as many fields. The file may be compressed by gzip. It is not trusted: the
// error for a bad one names file, line, column, what was expected and found.
#ifndef MINNOW_TRAIN_CSV_READER_H_
#define MINNOW_TRAIN_CSV_READER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "minnow/core/ndarray.h"

namespace minnow {

struct CsvOptions {
  enum class Label { kFirstColumn, kLastColumn };
  Label label = Label::kLastColumn;
  // Labels are class numbers, from 0 to this.
  int32_t max_label = 65535;
  // Limits of one line, and of the whole file, uncompressed.
  int64_t max_line_bytes = int64_t{16} << 20;
  int64_t max_bytes = int64_t{4} << 30;
};

struct LabeledRows {
  NDArray features;
  std::vector<int32_t> labels;
};

absl::StatusOr<LabeledRows> ReadCsv(const std::string& path,
                                    const CsvOptions& options = {});

}  // namespace minnow

#endif  // MINNOW_TRAIN_CSV_READER_H_
