#include "minnow/train/batches.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "minnow/core/philox.h"
#include "minnow/core/simd.h"
#include "minnow/core/status.h"
#include "minnow/train/shuffle.h"

namespace minnow {
namespace {

absl::Status CheckArray(const NDArray& array, absl::string_view what,
                        int64_t rows, int64_t elements) {
  if (array && array.storage() == StorageType::kDense &&
      array.dtype() == DType::kFloat32 && array.shape().rank() >= 1 &&
      array.shape()[0] == rows && array.num_elements() == elements) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      what, ": expected dense float32 of ", rows, " rows and ", elements,
      " elements, found ", array ? array.Describe() : "nothing"));
}

template <typename T>
void FillFeatures(const Dataset& data, absl::Span<const uint32_t> rows,
                  absl::Span<float> out) {
  const size_t size = static_cast<size_t>(data.example_size());
  const T* from = data.features.values<T>().data();
  for (size_t i = 0; i < rows.size(); ++i) {
    Vectorize([x = from + rows[i] * size, y = out.data() + i * size, size,
               scale = data.scale]() MINNOW_INLINE {
      for (size_t j = 0; j < size; ++j) y[j] = static_cast<float>(x[j]) * scale;
    });
  }
}

}  // namespace

absl::StatusOr<Batches> Batches::Create(const Dataset* data,
                                        const BatchOptions& options) {
  const int64_t most = options.drop_remainder
                           ? data->size()
                           : std::numeric_limits<int64_t>::max();
  if (options.batch_size < 1 || options.batch_size > most) {
    return absl::InvalidArgumentError(absl::StrCat(
        "batch size: expected 1 to ", most, ", found ", options.batch_size));
  }
  const DType dtype = data->features.dtype();
  if (dtype != DType::kUInt8 && dtype != DType::kFloat32) {
    return absl::InvalidArgumentError(
        absl::StrCat("features: expected uint8 or float32, found ",
                     data->features.Describe()));
  }
  return Batches(data, options);
}

Batches::Batches(const Dataset* data, const BatchOptions& options)
    : data_(data), options_(options) {
  StartEpoch(0);
}

int64_t Batches::examples_per_epoch() const {
  const int64_t size = data_->size();
  return options_.drop_remainder ? size - size % options_.batch_size : size;
}

int64_t Batches::batches_per_epoch() const {
  const int64_t full = data_->size() / options_.batch_size;
  return full * options_.batch_size < examples_per_epoch() ? full + 1 : full;
}

int64_t Batches::next_size() const {
  return std::min(options_.batch_size,
                  examples_per_epoch() - position_.example);
}

absl::Status Batches::Next(const NDArray& features, const NDArray& labels) {
  const int64_t size = next_size();
  if (size == 0) {
    return absl::OutOfRangeError(
        absl::StrCat("epoch ", position_.epoch, " has no more batches"));
  }
  MINNOW_RETURN_IF_ERROR(
      CheckArray(features, "features", size, size * data_->example_size()));
  MINNOW_RETURN_IF_ERROR(CheckArray(labels, "labels", size, size));
  const absl::Span<const uint32_t> rows =
      absl::MakeConstSpan(order_).subspan(position_.example, size);
  if (data_->features.dtype() == DType::kUInt8) {
    FillFeatures<uint8_t>(*data_, rows, features.values<float>());
  } else {
    FillFeatures<float>(*data_, rows, features.values<float>());
  }
  std::transform(
      rows.begin(), rows.end(), labels.values<float>().begin(),
      [this](uint32_t row) { return static_cast<float>(data_->labels[row]); });
  position_.example += size;
  return absl::OkStatus();
}

void Batches::StartEpoch(int64_t epoch) {
  position_ = {.epoch = epoch};
  if (options_.shuffle) {
    order_ = RandomOrder(static_cast<uint32_t>(data_->size()),
                         {.seed = options_.seed,
                          .stream = kEpochOrderStream,
                          .run = static_cast<uint64_t>(epoch)});
  } else if (order_.empty()) {
    order_.resize(data_->labels.size());
    std::iota(order_.begin(), order_.end(), uint32_t{0});
  }
}

absl::Status Batches::Seek(const BatchPosition& position) {
  const int64_t examples = examples_per_epoch();
  if (position.epoch < 0 || position.example < 0 ||
      position.example > examples ||
      (position.example % options_.batch_size != 0 &&
       position.example != examples)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "data position: expected an epoch from 0 and an example from 0 to ",
        examples, ", a multiple of ", options_.batch_size, "; found epoch ",
        position.epoch, ", example ", position.example));
  }
  StartEpoch(position.epoch);
  position_ = position;
  return absl::OkStatus();
}

}  // namespace minnow
