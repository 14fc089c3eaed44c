#include "minnow/ops/cast_storage.h"

#include <vector>

#include "minnow/core/status.h"
#include "minnow/core/view.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/any_dtype.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/convert_storage.h"

namespace minnow {
namespace {

// From one sparse array to another of the same storage.
absl::Status CopySparse(ThreadPool& threads, const ArrayType& type,
                        StorageType storage, ArrayData& from, ArrayData& to) {
  const auto count = static_cast<int64_t>(from.indices.size());
  auto bytes = static_cast<int64_t>(DTypeSize(type.dtype));
  if (storage == StorageType::kRowSparse) {
    bytes *= internal::RowSize(type.dims);
    SortRows(bytes, from);
  }
  MINNOW_RETURN_IF_ERROR(ResizeSparse(count, count * bytes, to));
  CopyBytes(threads, from.values.data(), count * bytes, to.values.data());
  to.indices = from.indices;
  to.indptr = from.indptr;
  return absl::OkStatus();
}

// A kernel for all types: its own arguments say which.
absl::Status Cast(const RunContext& context, const void* /*attrs*/,
                  absl::Span<const ArrayRef* const> args) {
  using enum StorageType;
  const ArrayRef &from = *args[0], &to = *args[1];
  ThreadPool& threads = *context.threads;
  const ArgType& source = context.kernel->args[0];
  const StorageType target = context.kernel->args[1].storage;
  const ArrayType type = {source.dtype, from.dims};
  const auto* const data = static_cast<const std::byte*>(from.values);
  auto* const out = static_cast<std::byte*>(to.values);
  if (source.storage == kDense) {
    switch (target) {
      case kRowSparse:
        return DenseToRowSparse(threads, type, data, *to.sparse);
      case kCsr:
        return DenseToCsr(threads, type, data, *to.sparse);
      case kDense:
        CopyBytes(threads, data,
                  from.size * static_cast<int64_t>(DTypeSize(type.dtype)), out);
        return absl::OkStatus();
    }
  }
  if (target != kDense) {
    return CopySparse(threads, type, source.storage, *from.sparse, *to.sparse);
  }
  if (source.storage == kRowSparse) {
    RowSparseToDense(threads, type, *from.sparse, out);
  } else {
    CsrToDense(threads, type, *from.sparse, out);
  }
  return absl::OkStatus();
}

template <StorageType stype>
bool CastsTo(const Attrs& attrs) {
  return attrs.As<CastStorageAttrs>().stype.get() == stype;
}

struct Target {
  StorageType from, to;
  bool (*when)(const Attrs& attrs);
};

Kernel CastKernel(DType dtype, const Target& target) {
  return {.args = {{dtype, target.from, /*writes=*/false, /*is_list=*/false},
                   {dtype, target.to, /*writes=*/true, /*is_list=*/false}},
          .run = Cast,
          .when = target.when};
}

std::vector<Kernel> CastStorageKernels() {
  using enum StorageType;
  std::vector<Kernel> kernels;
  for (const Target& target : {Target{kRowSparse, kDense, CastsTo<kDense>},
                               {kCsr, kDense, CastsTo<kDense>},
                               {kDense, kRowSparse, CastsTo<kRowSparse>},
                               {kDense, kCsr, CastsTo<kCsr>},
                               {kDense, kDense, CastsTo<kDense>},
                               {kRowSparse, kRowSparse, CastsTo<kRowSparse>},
                               {kCsr, kCsr, CastsTo<kCsr>}}) {
    const auto add = [&]<typename... T>(Types<T...>) {
      (kernels.push_back(CastKernel(DTypeOf<T>, target)), ...);
    };
    add(NumberTypes());
  }
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
