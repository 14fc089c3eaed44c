#include "minnow/ops/slice_csr.h"

#include <algorithm>
#include <cstring>

#include "minnow/core/status.h"
#include "minnow/ops/slice.h"

namespace minnow {
namespace {

template <typename T>
absl::Status SliceCsr(const RunContext&, const SliceAttrs& attrs,
                      Csr<const T> data, Csr<T> out) {
  const AxisRange rows = SliceRange(attrs, 0, data.dims[0]);
  const AxisRange columns = SliceRange(attrs, 1, data.dims[1]);
  // What is stored of a row in these columns.
  const auto part = [&](int64_t row) {
    const int64_t* const begin = data.columns.data() + data.indptr[row];
    const int64_t* const end = data.columns.data() + data.indptr[row + 1];
    const int64_t* const first = std::lower_bound(begin, end, columns.begin);
    const int64_t* const last =
        std::lower_bound(first, end, columns.begin + columns.size);
    return absl::MakeConstSpan(first, last);
  };
  int64_t stored = 0;
  for (int64_t i = 0; i < rows.size; ++i) {
    stored += static_cast<int64_t>(part(rows.begin + i).size());
  }
  MINNOW_RETURN_IF_ERROR(ResizeSparse(
      stored, stored * static_cast<int64_t>(sizeof(T)), *out.array));
  T* values = reinterpret_cast<T*>(out.array->values.data());
  int64_t next = 0;
  for (int64_t i = 0; i < rows.size; ++i) {
    const absl::Span<const int64_t> found = part(rows.begin + i);
    const T* const from =
        data.values.data() + (found.data() - data.columns.data());
    std::copy_n(from, found.size(), values + next);
    for (int64_t column : found) {
      out.array->indices[static_cast<size_t>(next++)] = column - columns.begin;
    }
    out.array->indptr[static_cast<size_t>(i) + 1] = next;
  }
  return absl::OkStatus();
}

// As in MXNet, where steps of (1, 1) count as steps.
bool HasNoStep(const Attrs& attrs) {
  const SliceBounds& step = attrs.As<SliceAttrs>().step;
  return step.empty() || (step.size() == 1 && step[0].value_or(1) == 1);
}

}  // namespace

std::vector<Kernel> SliceCsrKernels() {
  std::vector<Kernel> kernels = KernelsFor(
      NumberTypes(), []<typename T>() { return KernelOf<SliceCsr<T>>(); });
  for (Kernel& kernel : kernels) kernel.when = HasNoStep;
  return kernels;
}

}  // namespace minnow
