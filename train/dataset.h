// Data sets: labelled examples to train and to test on.
//
//   absl::StatusOr<DataSplit> data = LoadData("fashion-mnist");
//   data->Describe();             // "fashion-mnist: 60,000 + 10,000 images"
//   data->train.features;         // (60000,28,28), of uint8.
//   data->train.labels[0];        // 9, of num_classes == 10.
//
// Batches (train/batches.h) hands them out as float32.
#ifndef MINNOW_TRAIN_DATASET_H_
#define MINNOW_TRAIN_DATASET_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "minnow/core/ndarray.h"

namespace minnow {

struct Dataset {
  // (n, dims...), of uint8 or float32. Pixels stay bytes until a batch of them
  // is asked for.
  NDArray features;
  // The factor from a stored feature to the number that a network sees:
  // 1/255 for pixels.
  float scale = 1;
  std::vector<int32_t> labels;  // n of them, in [0, num_classes).
  int64_t num_classes = 0;

  int64_t size() const { return static_cast<int64_t>(labels.size()); }
  // Elements of one example.
  int64_t example_size() const {
    return features.num_elements() / (size() > 0 ? size() : 1);
  }
};

// The mean of all features, as a network sees them.
double MeanFeature(const Dataset& data);

// The examples `rows`, in this order, copied.
absl::StatusOr<Dataset> SelectRows(const Dataset& data,
                                   absl::Span<const uint32_t> rows);

struct DataSplit {
  std::string name;
  Dataset train;
  Dataset test;

  // "fashion-mnist: 60,000 + 10,000 images".
  std::string Describe() const;
};

// "fashion-mnist", "digits", a directory of IDX files, or a CSV file.
absl::StatusOr<DataSplit> LoadData(const std::string& source);

// A directory with MNIST's file names: train-images-idx3-ubyte,
// train-labels-idx1-ubyte, and the same with t10k for the test, each plain or
// with .gz.
absl::StatusOr<DataSplit> LoadIdxDirectory(const std::string& directory);

// Debian's package dataset-fashion-mnist. NOT_FOUND if it is not installed.
absl::StatusOr<DataSplit> LoadFashionMnist(
    const std::string& directory = "/usr/share/datasets/fashion-mnist");

// In the source tree, or if that is gone where it was installed.
std::string DefaultDigitsPath();

// The 1,797 handwritten digits of data/README.md, 8 by 8 pixels each; a fifth
// of them is the test.
absl::StatusOr<DataSplit> LoadDigits(
    const std::string& path = DefaultDigitsPath());

// A CSV file whose last column is the label; a fifth of its rows, the same
// ones each time, is the test.
absl::StatusOr<DataSplit> LoadCsv(const std::string& path);

// 60000 as "60,000".
std::string WithCommas(int64_t number);

}  // namespace minnow

#endif  // MINNOW_TRAIN_DATASET_H_
