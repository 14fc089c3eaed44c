#include "minnow/ops/cast_storage.h"

#include <algorithm>
#include <iterator>

#include "minnow/core/status.h"
#include "minnow/ops/compose.h"

namespace minnow {
namespace {

// What is stored of a dense array: a NaN is, a negative zero is not.
template <typename T>
bool IsStored(T x) {
  return !(static_cast<ComputeType<T>>(x) == ComputeType<T>{0});
}

template <typename T>
absl::Status DenseToRowSparse(const RunContext&, const CastStorageAttrs&,
                              Dense<const T> data, RowSparse<T> out) {
  const size_t row_size = static_cast<size_t>(out.row_size());
  const auto row = [&](int64_t i) {
    return data.values.subspan(static_cast<size_t>(i) * row_size, row_size);
  };
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < data.dims[0]; ++i) {
    if (std::any_of(row(i).begin(), row(i).end(), IsStored<T>)) {
      rows.push_back(i);
    }
  }
  const int64_t num_rows = static_cast<int64_t>(rows.size());
  MINNOW_RETURN_IF_ERROR(ResizeSparse(
      num_rows, num_rows * static_cast<int64_t>(row_size * sizeof(T)),
      *out.array));
  T* to = reinterpret_cast<T*>(out.array->values.data());
  for (int64_t i : rows) to = std::copy(row(i).begin(), row(i).end(), to);
  out.array->indices = std::move(rows);
  return absl::OkStatus();
}

template <typename T>
absl::Status DenseToCsr(const RunContext&, const CastStorageAttrs&,
                        Dense<const T> data, Csr<T> out) {
  const auto stored =
      std::count_if(data.values.begin(), data.values.end(), IsStored<T>);
  MINNOW_RETURN_IF_ERROR(ResizeSparse(
      stored, stored * static_cast<int64_t>(sizeof(T)), *out.array));
  T* to = reinterpret_cast<T*>(out.array->values.data());
  int64_t next = 0;
  const T* from = data.data();
  for (int64_t i = 0; i < data.dims[0]; ++i) {
    for (int64_t j = 0; j < data.dims[1]; ++j, ++from) {
      if (!IsStored(*from)) continue;
      to[next] = *from;
      out.array->indices[static_cast<size_t>(next++)] = j;
    }
    out.array->indptr[static_cast<size_t>(i) + 1] = next;
  }
  return absl::OkStatus();
}

template <typename T>
absl::Status RowSparseToDense(const RunContext&, const CastStorageAttrs&,
                              RowSparse<const T> data, Dense<T> out) {
  const int64_t row_size = data.row_size();
  std::fill(out.values.begin(), out.values.end(), T{});
  const T* from = data.values.data();
  for (int64_t row : data.rows) {
    std::copy(from, from + row_size, out.data() + row * row_size);
    from += row_size;
  }
  return absl::OkStatus();
}

template <typename T>
absl::Status CsrToDense(const RunContext&, const CastStorageAttrs&,
                        Csr<const T> data, Dense<T> out) {
  std::fill(out.values.begin(), out.values.end(), T{});
  for (int64_t i = 0; i < data.dims[0]; ++i) {
    for (int64_t k = data.indptr[i]; k < data.indptr[i + 1]; ++k) {
      out.values[static_cast<size_t>(i * data.dims[1] + data.columns[k])] =
          data.values[static_cast<size_t>(k)];
    }
  }
  return absl::OkStatus();
}

template <typename T>
absl::Status CopyDense(const RunContext&, const CastStorageAttrs&,
                       Dense<const T> data, Dense<T> out) {
  std::copy(data.values.begin(), data.values.end(), out.values.begin());
  return absl::OkStatus();
}

template <template <typename> class View, typename T>
absl::Status CopySparse(const RunContext&, const CastStorageAttrs&,
                        View<const T> data, View<T> out) {
  MINNOW_RETURN_IF_ERROR(ResizeSparse(
      static_cast<int64_t>(data.array->indices.size()),
      static_cast<int64_t>(data.values.size() * sizeof(T)), *out.array));
  std::copy(data.values.begin(), data.values.end(),
            reinterpret_cast<T*>(out.array->values.data()));
  out.array->indices = data.array->indices;
  out.array->indptr = data.array->indptr;
  return absl::OkStatus();
}

template <StorageType stype>
bool CastsTo(const Attrs& attrs) {
  return attrs.As<CastStorageAttrs>().stype.get() == stype;
}

std::vector<Kernel> CastStorageKernels() {
  using enum StorageType;
  std::vector<Kernel> kernels;
  const auto add = [&](auto&& kernel_of, bool (*when)(const Attrs&)) {
    for (Kernel& kernel : KernelsFor(NumberTypes(), kernel_of)) {
      kernels.push_back(std::move(kernel).When(when));
    }
  };
  add([]<typename T>() { return KernelOf<RowSparseToDense<T>>(); },
      CastsTo<kDense>);
  add([]<typename T>() { return KernelOf<CsrToDense<T>>(); }, CastsTo<kDense>);
  add([]<typename T>() { return KernelOf<DenseToRowSparse<T>>(); },
      CastsTo<kRowSparse>);
  add([]<typename T>() { return KernelOf<DenseToCsr<T>>(); }, CastsTo<kCsr>);
  add([]<typename T>() { return KernelOf<CopyDense<T>>(); }, CastsTo<kDense>);
  add([]<typename T>() { return KernelOf<CopySparse<RowSparse, T>>(); },
      CastsTo<kRowSparse>);
  add([]<typename T>() { return KernelOf<CopySparse<Csr, T>>(); },
      CastsTo<kCsr>);
  return kernels;
}

absl::Status InferCastStorage(ShapeInference& node) {
  MINNOW_RETURN_IF_ERROR(SameShape(node));
  const Shape& shape = node.input(0);
  if (!shape.known_rank()) return absl::OkStatus();
  switch (node.attrs<CastStorageAttrs>().stype) {
    case StorageType::kRowSparse:
      if (shape.rank() < 1) {
        return node.InputError(0, "one dimension or more");
      }
      break;
    case StorageType::kCsr:
      if (shape.rank() != 2) return node.InputError(0, "two dimensions");
      break;
    case StorageType::kDense:
      break;
  }
  return absl::OkStatus();
}

OpDef CastStorageOp() {
  return {
      .name = "cast_storage",
      .aliases = {"_sparse_cast_storage"},
      .doc =
          "out = data, stored as stype; rows, or elements, that are zero "
          "are left out",
      .attrs = AttrsTypeOf<CastStorageAttrs>(),
      .inputs = {"data"},
      .shape = InferCastStorage,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        return {node.head(0)};
      },
      .kernels = CastStorageKernels(),
  };
}

}  // namespace

namespace op {

Symbol CastStorage(Symbol data, const CastStorageAttrs& attrs,
                   NodeOptions options) {
  return Compose("cast_storage", {data}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> CastStorageOps() { return {CastStorageOp()}; }

}  // namespace minnow
