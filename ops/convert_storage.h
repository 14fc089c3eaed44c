// Conversion of arrays between storage types, on all threads, whatever the type
// of their elements.
//
//   const ArrayType type = {DType::kFloat32, dims};
//   MINNOW_RETURN_IF_ERROR(DenseToCsr(*context.threads, type, data, *out));
//
// Of a dense array the elements, or rows, that are zero are not stored; a NaN
// is, a negative zero is not.
#ifndef MINNOW_OPS_CONVERT_STORAGE_H_
#define MINNOW_OPS_CONVERT_STORAGE_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "minnow/core/array_data.h"
#include "minnow/core/dtype.h"
#include "minnow/core/thread_pool.h"

namespace minnow {

// What an array is, however it is stored.
struct ArrayType {
  DType dtype;
  absl::Span<const int64_t> dims;
};

// RESOURCE_EXHAUSTED if there is no memory for what is stored.
absl::Status DenseToRowSparse(ThreadPool& threads, const ArrayType& type,
                              const std::byte* data, ArrayData& out);
// REQUIRES: two dimensions, and an indptr of the right size.
absl::Status DenseToCsr(ThreadPool& threads, const ArrayType& type,
                        const std::byte* data, ArrayData& out);

void RowSparseToDense(ThreadPool& threads, const ArrayType& type,
                      ArrayData& data, std::byte* out);
void CsrToDense(ThreadPool& threads, const ArrayType& type,
                const ArrayData& data, std::byte* out);

// Copies `bytes` bytes.
void CopyBytes(ThreadPool& threads, const std::byte* from, int64_t bytes,
               std::byte* to);

}  // namespace minnow

#endif  // MINNOW_OPS_CONVERT_STORAGE_H_
