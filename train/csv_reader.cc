#include "minnow/train/csv_reader.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "minnow/core/status.h"
#include "minnow/train/line_reader.h"

namespace minnow {
namespace {

// Collects rows and checks them.
class RowParser {
 public:
  RowParser(const LineReader& lines, const CsvOptions& options)
      : lines_(lines), options_(options) {}

  absl::Status Add(absl::string_view line) {
    fields_ = absl::StrSplit(line, ',');
    if (columns_ == 0) {
      if (IsHeader()) return absl::OkStatus();
      if (fields_.size() < 2) {
        return lines_.Error(1, "expected a label and one feature or more");
      }
      columns_ = fields_.size();
    } else if (fields_.size() != columns_) {
      return lines_.Error(
          std::min(fields_.size(), columns_),
          absl::StrCat("expected ", columns_, " fields as above, found ",
                       fields_.size()));
    }
    const size_t label =
        options_.label == CsvOptions::Label::kFirstColumn ? 0 : columns_ - 1;
    for (size_t i = 0; i < columns_; ++i) {
      MINNOW_RETURN_IF_ERROR(i == label ? AddLabel(i) : AddFeature(i));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<LabeledRows> Finish() && {
    if (labels_.empty()) {
      return lines_.Error(1, "expected a row, found the end of the file");
    }
    MINNOW_ASSIGN_OR_RETURN(
        NDArray features,
        NDArray::FromValues<float>(Shape{static_cast<int64_t>(labels_.size()),
                                         static_cast<int64_t>(columns_ - 1)},
                                   features_));
    return LabeledRows{std::move(features), std::move(labels_)};
  }

 private:
  // The first line, if none of its fields is a number.
  bool IsHeader() {
    if (header_seen_) return false;
    header_seen_ = true;
    return std::none_of(
        fields_.begin(), fields_.end(),
        [](absl::string_view field) { return ParseNumber(field).has_value(); });
  }

  absl::Status AddFeature(size_t i) {
    const std::optional<double> value = ParseNumber(fields_[i]);
    const float feature = static_cast<float>(value.value_or(0));
    if (!value || !std::isfinite(feature)) {
      return lines_.Error(
          i + 1,
          absl::StrCat("expected a finite number, found ", Quote(fields_[i])));
    }
    features_.push_back(feature);
    return absl::OkStatus();
  }

  absl::Status AddLabel(size_t i) {
    const double value = ParseNumber(fields_[i]).value_or(-1);
    if (!(value >= 0 && value <= options_.max_label) ||
        value != std::floor(value)) {
      return lines_.Error(
          i + 1,
          absl::StrCat("label: expected an integer from 0 to ",
                       options_.max_label, ", found ", Quote(fields_[i])));
    }
    labels_.push_back(static_cast<int32_t>(value));
    return absl::OkStatus();
  }

  const LineReader& lines_;
  const CsvOptions& options_;
  std::vector<absl::string_view> fields_;
  size_t columns_ = 0;
  bool header_seen_ = false;
  std::vector<float> features_;
  std::vector<int32_t> labels_;
};

}  // namespace

absl::StatusOr<LabeledRows> ReadCsv(const std::string& path,
                                    const CsvOptions& options) {
  MINNOW_ASSIGN_OR_RETURN(GzReader reader, GzReader::Open(path));
  LineReader lines(std::move(reader),
                   {options.max_line_bytes, options.max_bytes});
  RowParser rows(lines, options);
  while (true) {
    MINNOW_ASSIGN_OR_RETURN(const std::optional<absl::string_view> line,
                            lines.Next());
    if (!line) return std::move(rows).Finish();
    if (absl::StripAsciiWhitespace(*line).empty()) continue;
    MINNOW_RETURN_IF_ERROR(rows.Add(*line));
  }
}

}  // namespace minnow
