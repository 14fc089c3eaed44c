#include "minnow/train/line_reader.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/charconv.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"

namespace minnow {

absl::StatusOr<std::optional<absl::string_view>> LineReader::Next() {
  line_.clear();
  ++number_;
  while (true) {
    if (begin_ == end_) {
      MINNOW_RETURN_IF_ERROR(Fill());
      if (end_ == 0) break;
    }
    const absl::string_view rest(chunk_.data() + begin_, end_ - begin_);
    const size_t newline = rest.find('\n');
    line_.append(rest.data(), std::min(newline, rest.size()));
    if (static_cast<int64_t>(line_.size()) > limits_.max_line_bytes) {
      return Error(1, absl::StrCat("expected a line of at most ",
                                   limits_.max_line_bytes, " bytes"));
    }
    if (newline != absl::string_view::npos) {
      begin_ += newline + 1;
      return absl::string_view(line_);
    }
    begin_ = end_;
  }
  if (line_.empty()) return std::nullopt;
  return absl::string_view(line_);
}

absl::Status LineReader::Error(size_t column, absl::string_view message) const {
  return absl::InvalidArgumentError(absl::StrCat(
      reader_.path(), ": line ", number_, ", column ", column, ": ", message));
}

absl::Status LineReader::Fill() {
  begin_ = 0;
  MINNOW_ASSIGN_OR_RETURN(end_, reader_.Read(absl::MakeSpan(chunk_)));
  if (reader_.position() > limits_.max_bytes) {
    return reader_.ErrorAt(limits_.max_bytes,
                           absl::StrCat("expected a file of at most ",
                                        limits_.max_bytes, " bytes"));
  }
  return absl::OkStatus();
}

std::optional<double> ParseNumber(absl::string_view field) {
  field = absl::StripAsciiWhitespace(field);
  double value = 0;
  const absl::from_chars_result result =
      absl::from_chars(field.data(), field.data() + field.size(), value);
  if (result.ec != std::errc() || result.ptr != field.data() + field.size()) {
    return std::nullopt;
  }
  return value;
}

std::string Quote(absl::string_view field) {
  constexpr size_t kMost = 40;
  return absl::StrCat("'", absl::CHexEscape(field.substr(0, kMost)),
                      field.size() > kMost ? "...'" : "'");
}

}  // namespace minnow
