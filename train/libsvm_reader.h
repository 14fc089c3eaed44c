// Text files in the format of libsvm: sparse examples, a line each.
//
//   +1 3:0.5 17:2 # a label, and the features that are not zero
//
//   absl::StatusOr<SparseExamples> data = ReadLibsvm("a1a.gz");
//   data->features;  // csr (1605,119) float32
//   data->labels;    // dense (1605,) float32
//
// Features ascend in a line and count from 1. Empty lines, and what follows a
// `#`, are passed over. The file may be compressed by gzip. It is not trusted:
// the error for a bad one names file, line, field, what was expected and found.
#ifndef MINNOW_TRAIN_LIBSVM_READER_H_
#define MINNOW_TRAIN_LIBSVM_READER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "minnow/core/ndarray.h"
#include "minnow/train/line_reader.h"

namespace minnow {

struct LibsvmOptions {
  // The columns of the result. 0: as many as the largest feature says.
  int64_t num_features = 0;
  bool counts_from_zero = false;
  // The largest number of columns that a file may ask for.
  int64_t max_features = int64_t{1} << 40;
  LineLimits limits = {};
};

struct SparseExamples {
  NDArray features;  // csr, of float32.
  NDArray labels;    // Dense (n,), of float32.
};

absl::StatusOr<SparseExamples> ReadLibsvm(const std::string& path,
                                          const LibsvmOptions& options = {});

// Overwrites `batch` by the rows `rows`, in this order, of a csr array. It is
// csr too, of rows.size() rows and of the same columns and type; it may be
// bound to an executor, and keeps memory for the next batch.
absl::Status TakeRows(const NDArray& csr, absl::Span<const uint32_t> rows,
                      const NDArray& batch);

}  // namespace minnow

#endif  // MINNOW_TRAIN_LIBSVM_READER_H_
