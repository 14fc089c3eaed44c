// Kernels for sparse arrays of functions with f(0) = 0: what is not stored
// stays so, and the dense kernel runs on the values that are.
//
//   // For dense, row_sparse and csr data.
//   StoredKernelsFor(FloatTypes(), []<typename T>() {
//     return StorageKeepingKernels<Sqrt<T>>();
//   })
//
// where Sqrt<T> is a kernel that takes one dense array and gives another, of
// any type. No loop is compiled for them.
#ifndef MINNOW_OPS_STORED_VALUES_H_
#define MINNOW_OPS_STORED_VALUES_H_

#include <array>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "minnow/core/status.h"
#include "minnow/core/view.h"
#include "minnow/graph/kernel.h"

namespace minnow {

// Makes room in `to` for as many values of `to_size` bytes as `from`, of
// another array, stores values of `from_size` bytes, at the same places.
// Returns their number.
absl::StatusOr<int64_t> StoreSamePlaces(StorageType storage,
                                        const ArrayRef& from, size_t from_size,
                                        const ArrayRef& to, size_t to_size);

namespace internal {

template <auto dense, StorageType storage, typename A, typename T, typename R>
Kernel StoredKernel(absl::Status (*)(const RunContext&, const A&,
                                     Dense<const T>, Dense<R>)) {
  Kernel kernel;
  kernel.args = {{DTypeOf<T>, storage, false, false},
                 {DTypeOf<R>, storage, true, false}};
  kernel.run = [](const RunContext& context, const void* attrs,
                  absl::Span<const ArrayRef* const> args) -> absl::Status {
    MINNOW_ASSIGN_OR_RETURN(
        const int64_t n,
        StoreSamePlaces(storage, *args[0], sizeof(T), *args[1], sizeof(R)));
    const auto* data =
        reinterpret_cast<const T*>(args[0]->sparse->values.data());
    auto* out = reinterpret_cast<R*>(args[1]->sparse->values.data());
    const auto dims = absl::MakeConstSpan(&n, 1);
    return dense(
        context, *static_cast<const A*>(attrs),
        Dense<const T>{absl::MakeConstSpan(data, static_cast<size_t>(n)), dims},
        Dense<R>{absl::MakeSpan(out, static_cast<size_t>(n)), dims});
  };
  return kernel;
}

}  // namespace internal

// The kernel `dense`, and those that run it on the values of row_sparse and csr
// arrays.
template <auto dense>
std::array<Kernel, 3> StorageKeepingKernels() {
  return {KernelOf<dense>(),
          internal::StoredKernel<dense, StorageType::kRowSparse>(dense),
          internal::StoredKernel<dense, StorageType::kCsr>(dense)};
}

// Such kernels for each type.
template <typename... T, typename F>
std::vector<Kernel> StoredKernelsFor(Types<T...>, F&& kernels_of) {
  std::vector<Kernel> kernels;
  for (const auto& some : {kernels_of.template operator()<T>()...}) {
    kernels.insert(kernels.end(), some.begin(), some.end());
  }
  return kernels;
}

}  // namespace minnow

#endif  // MINNOW_OPS_STORED_VALUES_H_
