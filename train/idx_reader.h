// IDX, the format of MNIST's files: one array, big-endian, with a short header.
//
//   absl::StatusOr<NDArray> images = ReadIdx("train-images-idx3-ubyte.gz");
//   images->shape();  // (60000,28,28), of uint8.
//
// The file may be compressed by gzip. It is not trusted: the error for a bad
// one names the file, the byte, what was expected and what was found.
#ifndef MINNOW_TRAIN_IDX_READER_H_
#define MINNOW_TRAIN_IDX_READER_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "minnow/core/ndarray.h"

namespace minnow {

struct IdxOptions {
  // A header that asks for a larger array is an error, before any allocation.
  int64_t max_bytes = int64_t{4} << 30;
};

// Reads uint8, int8, int32, float32 and float64 of one to eight dimensions.
absl::StatusOr<NDArray> ReadIdx(const std::string& path,
                                const IdxOptions& options = {});

}  // namespace minnow

#endif  // MINNOW_TRAIN_IDX_READER_H_
