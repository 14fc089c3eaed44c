#include "minnow/train/libsvm_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"

namespace minnow {
namespace {

// Collects examples and checks them.
class ExampleParser {
 public:
  ExampleParser(const LineReader& lines, const LibsvmOptions& options)
      : lines_(lines), options_(options) {}

  absl::Status Add(absl::string_view line) {
    line = line.substr(0, line.find('#'));
    field_ = 0;
    last_column_ = -1;
    absl::string_view field;
    if (!NextField(line, field)) return absl::OkStatus();
    MINNOW_RETURN_IF_ERROR(AddLabel(field));
    while (NextField(line, field)) MINNOW_RETURN_IF_ERROR(AddFeature(field));
    indptr_.push_back(static_cast<int64_t>(columns_.size()));
    return absl::OkStatus();
  }

  absl::StatusOr<SparseExamples> Finish() && {
    if (labels_.empty()) {
      return lines_.Error(1, "expected an example, found the end of the file");
    }
    const auto rows = static_cast<int64_t>(labels_.size());
    const int64_t width =
        options_.num_features > 0 ? options_.num_features : max_column_ + 1;
    MINNOW_ASSIGN_OR_RETURN(NDArray labels,
                            NDArray::FromValues<float>({rows}, labels_));
    MINNOW_ASSIGN_OR_RETURN(
        const NDArray values,
        NDArray::FromValues<float>({static_cast<int64_t>(values_.size())},
                                   values_));
    MINNOW_ASSIGN_OR_RETURN(
        NDArray features,
        NDArray::Csr({rows, width}, values, std::move(indptr_),
                     std::move(columns_)));
    return SparseExamples{std::move(features), std::move(labels)};
  }

 private:
  // Takes the next field off the line; false if there is none.
  bool NextField(absl::string_view& line, absl::string_view& field) {
    size_t begin = 0;
    while (begin < line.size() && absl::ascii_isspace(line[begin])) ++begin;
    size_t end = begin;
    while (end < line.size() && !absl::ascii_isspace(line[end])) ++end;
    field = line.substr(begin, end - begin);
    line.remove_prefix(end);
    ++field_;
    return !field.empty();
  }

  absl::Status Error(absl::string_view expected,
                     absl::string_view field) const {
    return lines_.Error(
        field_, absl::StrCat("expected ", expected, ", found ", Quote(field)));
  }

  // A plus sign, as labels often have, is not read by from_chars.
  static bool ParseFloat(absl::string_view text, float& value) {
    if (text.size() > 1 && text[0] == '+' && text[1] != '-') {
      text.remove_prefix(1);
    }
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    return error == std::errc() && stop == end && std::isfinite(value);
  }

  absl::Status AddLabel(absl::string_view field) {
    float label = 0;
    if (!ParseFloat(field, label)) return Error("a label, a number", field);
    labels_.push_back(label);
    return absl::OkStatus();
  }

  absl::Status AddFeature(absl::string_view field) {
    int64_t column = 0;
    const char* const end = field.data() + field.size();
    const auto [colon, error] = std::from_chars(field.data(), end, column);
    if (error == std::errc::result_out_of_range) {
      return OutOfRange(field);
    }
    if (error != std::errc() || colon == end || *colon != ':') {
      return Error("feature:value", field);
    }
    if (!options_.counts_from_zero && column <= 0) {
      return Error("features that count from 1", field);
    }
    column -= options_.counts_from_zero ? 0 : 1;
    if (column < 0 || column >= Width()) return OutOfRange(field);
    if (column <= last_column_) {
      return Error("features that ascend, each once", field);
    }
    float value = 0;
    if (!ParseFloat(field.substr(colon + 1 - field.data()), value)) {
      return Error("a finite number as the value", field);
    }
    last_column_ = column;
    max_column_ = std::max(max_column_, column);
    columns_.push_back(column);
    values_.push_back(value);
    return absl::OkStatus();
  }

  int64_t Width() const {
    return options_.num_features > 0 ? options_.num_features
                                     : options_.max_features;
  }

  absl::Status OutOfRange(absl::string_view field) const {
    return Error(absl::StrCat("one of ", Width(), " features"), field);
  }

  const LineReader& lines_;
  const LibsvmOptions& options_;
  size_t field_ = 0;
  int64_t last_column_ = -1;
  int64_t max_column_ = -1;
  std::vector<float> labels_;
  std::vector<float> values_;
  std::vector<int64_t> columns_;
  std::vector<int64_t> indptr_ = {0};
};

}  // namespace

absl::StatusOr<SparseExamples> ReadLibsvm(const std::string& path,
                                          const LibsvmOptions& options) {
  MINNOW_ASSIGN_OR_RETURN(GzReader reader, GzReader::Open(path));
  LineReader lines(std::move(reader), options.limits);
  ExampleParser examples(lines, options);
  while (true) {
    MINNOW_ASSIGN_OR_RETURN(const std::optional<absl::string_view> line,
                            lines.Next());
    if (!line) return std::move(examples).Finish();
    MINNOW_RETURN_IF_ERROR(examples.Add(*line));
  }
}

absl::Status TakeRows(const NDArray& csr, absl::Span<const uint32_t> rows,
                      const NDArray& batch) {
  const auto num_rows = static_cast<int64_t>(rows.size());
  if (csr.storage() != StorageType::kCsr || batch.storage() != csr.storage() ||
      batch.dtype() != csr.dtype() ||
      batch.shape() != Shape{num_rows, csr.shape()[1]}) {
    return absl::InvalidArgumentError(
        absl::StrCat("batch: expected csr of ", num_rows, " rows of ",
                     csr.Describe(), ", found ", batch.Describe()));
  }
  const absl::Span<const int64_t> from = csr.indptr();
  int64_t size = 0;
  for (uint32_t row : rows) {
    if (row >= csr.shape()[0]) {
      return absl::InvalidArgumentError(absl::StrCat(
          "rows: expected a row of ", csr.Describe(), ", found ", row));
    }
    size += from[row + 1] - from[row];
  }
  const auto value_size = static_cast<int64_t>(DTypeSize(csr.dtype()));
  ArrayData& to = *batch.data();
  MINNOW_RETURN_IF_ERROR(ResizeSparse(size, size * value_size, to));
  const std::byte* const values = csr.raw();
  int64_t next = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    const int64_t begin = from[rows[i]];
    const int64_t count = from[rows[i] + 1] - begin;
    std::copy_n(csr.indices().begin() + begin, count,
                to.indices.begin() + next);
    if (count > 0) {
      std::memcpy(to.values.data() + next * value_size,
                  values + begin * value_size,
                  static_cast<size_t>(count * value_size));
    }
    next += count;
    to.indptr[i + 1] = next;
  }
  return absl::OkStatus();
}

}  // namespace minnow
