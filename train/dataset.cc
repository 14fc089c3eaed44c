#include "minnow/train/dataset.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"
#include "minnow/train/csv_reader.h"
#include "minnow/train/idx_reader.h"
#include "minnow/train/shuffle.h"

namespace minnow {
namespace {

namespace fs = std::filesystem;

bool Exists(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

// Shuffled numbers of rows are 32 bits wide.
absl::Status CheckSize(const std::string& path, int64_t size) {
  constexpr int64_t kMost = std::numeric_limits<uint32_t>::max();
  if (size >= 1 && size <= kMost) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": expected 1 to ", kMost, " examples, found ", size));
}

absl::StatusOr<std::string> FindIdx(const fs::path& directory,
                                    const std::string& name) {
  for (const char* ending : {".gz", ""}) {
    const fs::path path = directory / (name + ending);
    if (Exists(path)) return path.string();
  }
  return absl::NotFoundError(absl::StrCat(directory.string(), ": expected ",
                                          name, ".gz or ", name,
                                          ", found neither"));
}

absl::StatusOr<std::vector<int32_t>> ReadIdxLabels(const std::string& path) {
  MINNOW_ASSIGN_OR_RETURN(const NDArray array, ReadIdx(path));
  if (array.shape().rank() != 1 || IsFloating(array.dtype())) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": expected labels, integers of one dimension, found ",
        array.Describe()));
  }
  MINNOW_ASSIGN_OR_RETURN(const NDArray wide, array.Cast(DType::kInt32));
  const absl::Span<const int32_t> values = wide.values<int32_t>();
  const int32_t max_label = CsvOptions().max_label;
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] < 0 || values[i] > max_label) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": label ", i, ": expected an integer from 0 to ",
                       max_label, ", found ", values[i]));
    }
  }
  return std::vector<int32_t>(values.begin(), values.end());
}

absl::StatusOr<Dataset> ReadIdxPair(const fs::path& directory,
                                    const std::string& prefix) {
  MINNOW_ASSIGN_OR_RETURN(const std::string images_path,
                          FindIdx(directory, prefix + "-images-idx3-ubyte"));
  MINNOW_ASSIGN_OR_RETURN(const std::string labels_path,
                          FindIdx(directory, prefix + "-labels-idx1-ubyte"));
  Dataset data;
  MINNOW_ASSIGN_OR_RETURN(data.features, ReadIdx(images_path));
  MINNOW_ASSIGN_OR_RETURN(data.labels, ReadIdxLabels(labels_path));
  if (data.features.shape()[0] != data.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        labels_path, ": expected as many labels as ", images_path,
        " has examples, ", data.features.shape()[0], ", found ", data.size()));
  }
  MINNOW_RETURN_IF_ERROR(CheckSize(images_path, data.size()));
  if (data.features.dtype() == DType::kUInt8) {
    data.scale = 1.0f / 255;
  } else {
    MINNOW_ASSIGN_OR_RETURN(data.features, data.features.Cast(DType::kFloat32));
  }
  return data;
}

void CountClasses(DataSplit& split) {
  int32_t most = 0;
  for (const Dataset* data : {&split.train, &split.test}) {
    for (int32_t label : data->labels) most = std::max(most, label);
  }
  split.train.num_classes = split.test.num_classes = int64_t{most} + 1;
}

// Sets a fifth of the examples apart, the same ones each time.
absl::StatusOr<DataSplit> SplitOffTest(std::string name, const Dataset& data) {
  const std::vector<uint32_t> order =
      RandomOrder(static_cast<uint32_t>(data.size()), {.stream = kSplitStream});
  const size_t train_size = order.size() - order.size() / 5;
  const absl::Span<const uint32_t> rows(order);
  DataSplit split;
  split.name = std::move(name);
  MINNOW_ASSIGN_OR_RETURN(split.train,
                          SelectRows(data, rows.first(train_size)));
  MINNOW_ASSIGN_OR_RETURN(split.test,
                          SelectRows(data, rows.subspan(train_size)));
  CountClasses(split);
  return split;
}

absl::StatusOr<Dataset> ReadCsvDataset(const std::string& path) {
  MINNOW_ASSIGN_OR_RETURN(LabeledRows rows, ReadCsv(path));
  Dataset data;
  data.features = std::move(rows.features);
  data.labels = std::move(rows.labels);
  MINNOW_RETURN_IF_ERROR(CheckSize(path, data.size()));
  return data;
}

}  // namespace

double MeanFeature(const Dataset& data) {
  double sum = 0;
  VisitDType(data.features.dtype(), [&]<typename T>() {
    for (const T x : data.features.values<T>()) sum += static_cast<double>(x);
  });
  const int64_t n = data.features.num_elements();
  return n == 0 ? 0 : sum * data.scale / static_cast<double>(n);
}

std::string WithCommas(int64_t number) {
  std::string digits = absl::StrCat(number);
  for (size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, 1, ',');
  return digits;
}

absl::StatusOr<Dataset> SelectRows(const Dataset& data,
                                   absl::Span<const uint32_t> rows) {
  Shape shape = data.features.shape();
  shape.set(0, static_cast<int64_t>(rows.size()));
  Dataset result;
  result.scale = data.scale;
  result.num_classes = data.num_classes;
  MINNOW_ASSIGN_OR_RETURN(result.features,
                          NDArray::Zeros(shape, data.features.dtype()));
  const size_t row_bytes = static_cast<size_t>(data.example_size()) *
                           DTypeSize(data.features.dtype());
  result.labels.reserve(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    std::memcpy(result.features.raw() + i * row_bytes,
                data.features.raw() + rows[i] * row_bytes, row_bytes);
    result.labels.push_back(data.labels[rows[i]]);
  }
  return result;
}

std::string DataSplit::Describe() const {
  const bool images = train.features.shape().rank() >= 3;
  return absl::StrCat(name, ": ", WithCommas(train.size()), " + ",
                      WithCommas(test.size()), images ? " images" : " rows");
}

std::string DefaultDigitsPath() {
  const std::string in_tree = MINNOW_TREE_DATA "/digits.csv.gz";
  return Exists(in_tree) ? in_tree : MINNOW_INSTALLED_DATA "/digits.csv.gz";
}

absl::StatusOr<DataSplit> LoadData(const std::string& source) {
  if (source == "fashion-mnist") return LoadFashionMnist();
  if (source == "digits") return LoadDigits();
  std::error_code ignored;
  if (fs::is_directory(source, ignored)) return LoadIdxDirectory(source);
  if (absl::EndsWith(source, ".csv") || absl::EndsWith(source, ".csv.gz")) {
    return LoadCsv(source);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("data: expected fashion-mnist, digits, a directory of IDX "
                   "files, or a file that ends in .csv or .csv.gz; found '",
                   source, "'"));
}

absl::StatusOr<DataSplit> LoadIdxDirectory(const std::string& directory) {
  // "data/set/" has the name of "data/set".
  const fs::path path = fs::path(directory).lexically_normal();
  DataSplit split;
  split.name =
      (path.has_filename() ? path : path.parent_path()).filename().string();
  MINNOW_ASSIGN_OR_RETURN(split.train, ReadIdxPair(path, "train"));
  MINNOW_ASSIGN_OR_RETURN(split.test, ReadIdxPair(path, "t10k"));
  const Shape& found = split.test.features.shape();
  Shape expected = split.train.features.shape();
  expected.set(0, found[0]);
  if (found != expected) {
    return absl::InvalidArgumentError(
        absl::StrCat(directory, ": test images: expected ", expected.ToString(),
                     " as in training, found ", found.ToString()));
  }
  CountClasses(split);
  return split;
}

absl::StatusOr<DataSplit> LoadFashionMnist(const std::string& directory) {
  if (!Exists(directory)) {
    return absl::NotFoundError(absl::StrCat(
        "fashion-mnist: expected ", directory,
        ", which Debian's package dataset-fashion-mnist installs"));
  }
  MINNOW_ASSIGN_OR_RETURN(DataSplit split, LoadIdxDirectory(directory));
  split.name = "fashion-mnist";
  return split;
}

absl::StatusOr<DataSplit> LoadDigits(const std::string& path) {
  MINNOW_ASSIGN_OR_RETURN(Dataset data, ReadCsvDataset(path));
  absl::StatusOr<NDArray> images =
      data.features.Reshape(Shape{data.size(), 8, 8});
  if (!images.ok()) return Annotate(images.status(), path);
  data.features = *std::move(images);
  data.scale = 1.0f / 16;
  return SplitOffTest("digits", data);
}

absl::StatusOr<DataSplit> LoadCsv(const std::string& path) {
  MINNOW_ASSIGN_OR_RETURN(const Dataset data, ReadCsvDataset(path));
  return SplitOffTest(fs::path(path).filename().string(), data);
}

}  // namespace minnow
