#include "minnow/ops/stored_values.h"

#include <array>
#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "minnow/core/status.h"

namespace minnow {
namespace {

// Makes room in the second array for as many values as the first one stores, at
// the same places. Returns their number.
absl::StatusOr<int64_t> StoreSamePlaces(const ArrayRef& from,
                                        const ArgType& from_type,
                                        const ArrayRef& to,
                                        const ArgType& to_type) {
  ArrayData& source = *from.sparse;
  ArrayData& target = *to.sparse;
  const auto num_indices = static_cast<int64_t>(source.indices.size());
  int64_t num_values = num_indices;
  if (from_type.storage == StorageType::kRowSparse) {
    const int64_t row_size = internal::RowSize(from.dims);
    SortRows(row_size * static_cast<int64_t>(DTypeSize(from_type.dtype)),
             source);
    num_values *= row_size;
  }
  const auto size = static_cast<int64_t>(DTypeSize(to_type.dtype));
  MINNOW_RETURN_IF_ERROR(ResizeSparse(num_indices, num_values * size, target));
  target.indices = source.indices;
  target.indptr = source.indptr;
  return num_values;
}

absl::Status RunStored(const RunContext& context, const void* attrs,
                       absl::Span<const ArrayRef* const> args) {
  const ArgTypes& types = context.kernel->args;
  MINNOW_ASSIGN_OR_RETURN(
      const int64_t n, StoreSamePlaces(*args[0], types[0], *args[1], types[1]));
  const auto values = [n](const ArrayRef& array) {
    return ArrayRef{array.sparse->values.data(), n, {}, nullptr};
  };
  const ArrayRef data = values(*args[0]);
  const ArrayRef out = values(*args[1]);
  return RunElementwise(context, attrs, std::array{&data, &out});
}

}  // namespace

std::vector<Kernel> WithStoredValues(std::vector<Kernel> dense) {
  std::vector<Kernel> kernels;
  for (Kernel& kernel : dense) {
    Kernel stored = kernel;
    kernels.push_back(std::move(kernel));
    stored.run = RunStored;
    for (const auto storage : {StorageType::kRowSparse, StorageType::kCsr}) {
      for (ArgType& arg : stored.args) arg.storage = storage;
      kernels.push_back(stored);
    }
  }
  return kernels;
}

}  // namespace minnow
