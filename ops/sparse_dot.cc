#include "minnow/ops/sparse_dot.h"

#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "minnow/core/buffer.h"
#include "minnow/core/status.h"
#include "minnow/ops/convert_storage.h"
#include "minnow/ops/product.h"
#include "minnow/ops/sparse_product.h"

namespace minnow {
namespace {

using enum StorageType;

template <typename T>
absl::StatusOr<SparseProductPlan> WithWorkspace(SparseProductPlan plan) {
  if (plan.transpose_dense) {
    MINNOW_ASSIGN_OR_RETURN(
        plan.workspace_bytes,
        Shape({plan.inner, plan.cols}).CheckedBytes(DTypeOf<T>));
  }
  return plan;
}

// Of (csr, dense): out = op(lhs) op(rhs).
template <typename T>
absl::StatusOr<SparseProductPlan> PrepareCsrDense(
    const Attrs& attrs, absl::Span<const Shape> shapes) {
  const auto& a = attrs.As<DotAttrs>();
  const DotSizes s = SizesOfDot(a, shapes[0], shapes[1]);
  return WithWorkspace<T>({.rows = s.m,
                           .inner = s.k,
                           .cols = s.n,
                           .transpose_sparse = a.transpose_a,
                           .transpose_dense = a.transpose_b});
}

// Of (dense, csr): transpose(out) = transpose(op(rhs)) transpose(op(lhs)).
template <typename T>
absl::StatusOr<SparseProductPlan> PrepareDenseCsr(
    const Attrs& attrs, absl::Span<const Shape> shapes) {
  const auto& a = attrs.As<DotAttrs>();
  const DotSizes s = SizesOfDot(a, shapes[0], shapes[1]);
  return WithWorkspace<T>({.rows = s.n,
                           .inner = s.k,
                           .cols = s.m,
                           .transpose_sparse = !a.transpose_b,
                           .transpose_dense = !a.transpose_a,
                           .transpose_out = true});
}

template <typename T>
absl::StatusOr<SparseProductPlan> PrepareDenseCsrToCsr(
    const Attrs& attrs, absl::Span<const Shape> shapes) {
  if (shapes[2].rank() != 2) {
    return absl::InvalidArgumentError(absl::StrCat(
        "argument 'lhs': expected two dimensions, since the result is csr (or "
        "forward_stype='default'), found ",
        shapes[0].ToString()));
  }
  return PrepareDenseCsr<T>(attrs, shapes);
}

// Of (head, csr rhs, lhs): the gradient of lhs is head transpose(op(rhs)).
template <typename T>
absl::StatusOr<SparseProductPlan> PrepareGradOfLhs(
    const Attrs& attrs, absl::Span<const Shape> shapes) {
  const auto& a = attrs.As<DotAttrs>();
  const DotSizes s = SizesOfDot(a, shapes[2], shapes[1]);
  return WithWorkspace<T>({.rows = s.k,
                           .inner = s.n,
                           .cols = s.m,
                           .transpose_sparse = a.transpose_b,
                           .transpose_dense = true,
                           .transpose_out = !a.transpose_a});
}

// Of (head, csr lhs, rhs): the gradient of rhs is transpose(op(lhs)) head.
template <typename T>
absl::StatusOr<SparseProductPlan> PrepareGradOfRhs(
    const Attrs& attrs, absl::Span<const Shape> shapes) {
  const auto& a = attrs.As<DotAttrs>();
  const DotSizes s = SizesOfDot(a, shapes[1], shapes[2]);
  return WithWorkspace<T>({.rows = s.k,
                           .inner = s.m,
                           .cols = s.n,
                           .transpose_sparse = !a.transpose_a,
                           .transpose_out = a.transpose_b});
}

template <typename T>
DenseFactor<T> FactorOf(const Dense<const T>& x) {
  return {x.data()};
}
template <typename T>
DenseFactor<T> FactorOf(const RowSparse<const T>& x) {
  return {x.values.data(), x.rows};
}

template <typename T>
absl::Status MultiplyInto(const RunContext& context,
                          const SparseProductPlan& plan, Csr<const T> sparse,
                          DenseFactor<T> dense, Dense<T> out) {
  return MultiplyToDense(context, plan, sparse, dense, out.data());
}
template <typename T>
absl::Status MultiplyInto(const RunContext& context,
                          const SparseProductPlan& plan, Csr<const T> sparse,
                          DenseFactor<T> dense, RowSparse<T> out) {
  return MultiplyToRowSparse(context, plan, sparse, dense, out);
}
template <typename T>
absl::Status MultiplyInto(const RunContext& context,
                          const SparseProductPlan& plan, Csr<const T> sparse,
                          DenseFactor<T> dense, Csr<T> out) {
  return MultiplyToCsr(context, plan, sparse, dense, out);
}

// `Factor` is the storage of the other factor, `Out` that of the result.
template <typename T, template <typename> class Factor,
          template <typename> class Out>
absl::Status CsrFirst(const RunContext& context, const DotAttrs&,
                      const SparseProductPlan& plan, Csr<const T> sparse,
                      Factor<const T> dense, Out<T> out) {
  return MultiplyInto(context, plan, sparse, FactorOf(dense), out);
}

template <typename T, template <typename> class Out>
absl::Status CsrSecond(const RunContext& context, const DotAttrs&,
                       const SparseProductPlan& plan, Dense<const T> dense,
                       Csr<const T> sparse, Out<T> out) {
  return MultiplyInto(context, plan, sparse, FactorOf(dense), out);
}

// Of the third argument only the shape matters.
template <typename T, template <typename> class Out>
absl::Status GradientWithCsr(const RunContext& context, const DotAttrs&,
                             const SparseProductPlan& plan, Dense<const T> head,
                             Csr<const T> sparse, Dense<const T>, Out<T> out) {
  return MultiplyInto(context, plan, sparse, FactorOf(head), out);
}

// A product of dense factors that is not to be dense.
struct StoredProduct {
  Product product;
  int64_t result_bytes;  // Of the dense result, at the begin of the workspace.
  int64_t workspace_bytes;
};

template <typename T, StorageType storage>
absl::StatusOr<StoredProduct> PrepareStored(const Attrs& attrs,
                                            absl::Span<const Shape> shapes) {
  if (storage == kCsr && shapes[2].rank() != 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("attribute 'forward_stype': expected another storage than "
                     "csr for a result of shape ",
                     shapes[2].ToString()));
  }
  const auto& a = attrs.As<DotAttrs>();
  const DotSizes s = SizesOfDot(a, shapes[0], shapes[1]);
  const Product product =
      PlanProduct<T>(s.m, s.n, s.k, a.transpose_a, a.transpose_b);
  // In whole cache lines, as the scratch memory of the product follows.
  constexpr int64_t kLine = Buffer::kAlignment;
  MINNOW_ASSIGN_OR_RETURN(int64_t bytes, shapes[2].CheckedBytes(DTypeOf<T>));
  bytes = (bytes + kLine - 1) / kLine * kLine;
  return StoredProduct{product, bytes, bytes + product.workspace_bytes};
}

template <typename T, template <typename> class Out>
absl::Status MultiplyAndStore(const RunContext& context, const DotAttrs& attrs,
                              const StoredProduct& plan, Dense<const T> x,
                              Dense<const T> y, Out<T> out) {
  const ArrayType type = {DTypeOf<T>, out.dims};
  const absl::Span<std::byte> result =
      context.workspace.first(static_cast<size_t>(plan.result_bytes));
  RunContext inner = context;
  inner.workspace = context.workspace.subspan(result.size());
  const Dense<T> dense = {absl::MakeSpan(reinterpret_cast<T*>(result.data()),
                                         result.size() / sizeof(T)),
                          out.dims};
  MINNOW_RETURN_IF_ERROR(
      (Multiply<DotAttrs, T>(inner, attrs, plan.product, x, y, dense)));
  const auto store = Out<T>::kStorage == kCsr ? DenseToCsr : DenseToRowSparse;
  return store(*context.threads, type, result.data(), *out.array);
}

bool Wants(const DotAttrs& a, StorageType storage, StorageType otherwise) {
  return a.forward_stype.value_or(otherwise) == storage;
}

// The storage of a product of csr and dense, unless the attribute tells.
StorageType CsrDenseStorage(const DotAttrs& a) {
  return a.transpose_a && !a.transpose_b ? kRowSparse : kDense;
}
StorageType DenseCsrStorage(const DotAttrs& a) {
  return a.transpose_a || a.transpose_b ? kDense : kCsr;
}

template <StorageType storage, StorageType (*otherwise)(const DotAttrs&)>
bool Gives(const Attrs& attrs) {
  const auto& a = attrs.As<DotAttrs>();
  return Wants(a, storage, otherwise(a));
}

// A row_sparse factor cannot be transposed.
template <StorageType storage>
bool GivesFromRows(const Attrs& attrs) {
  return !attrs.As<DotAttrs>().transpose_b &&
         Gives<storage, CsrDenseStorage>(attrs);
}

template <StorageType storage>
bool WantsFromDense(const Attrs& attrs) {
  return Wants(attrs.As<DotAttrs>(), storage, kDense);
}

bool GradientIsRowSparse(const Attrs& attrs) {
  const auto& a = attrs.As<DotAttrs>();
  return !a.transpose_a && !a.transpose_b;
}

template <typename F>
std::vector<Kernel> FloatKernelsWhen(bool (*when)(const Attrs& attrs),
                                     F kernel_of) {
  return KernelsWhen(when, KernelsFor(FloatTypes(), kernel_of));
}

template <template <typename> class Factor, template <typename> class Out>
std::vector<Kernel> CsrFirstKernels(bool (*when)(const Attrs& attrs)) {
  return FloatKernelsWhen(when, []<typename T>() {
    return KernelOf<CsrFirst<T, Factor, Out>, PrepareCsrDense<T>>();
  });
}

template <template <typename> class Out>
std::vector<Kernel> GradientOfRhsKernels(bool (*when)(const Attrs& attrs)) {
  return FloatKernelsWhen(when, []<typename T>() {
    return KernelOf<GradientWithCsr<T, Out>, PrepareGradOfRhs<T>>();
  });
}

}  // namespace

std::vector<Kernel> SparseDotKernels() {
  return Joined(
      {CsrFirstKernels<Dense, Dense>(Gives<kDense, CsrDenseStorage>),
       CsrFirstKernels<Dense, RowSparse>(Gives<kRowSparse, CsrDenseStorage>),
       CsrFirstKernels<RowSparse, Dense>(GivesFromRows<kDense>),
       CsrFirstKernels<RowSparse, RowSparse>(GivesFromRows<kRowSparse>),
       FloatKernelsWhen(
           Gives<kDense, DenseCsrStorage>,
           []<typename T>() {
             return KernelOf<CsrSecond<T, Dense>, PrepareDenseCsr<T>>();
           }),
       FloatKernelsWhen(
           Gives<kCsr, DenseCsrStorage>,
           []<typename T>() {
             return KernelOf<CsrSecond<T, Csr>, PrepareDenseCsrToCsr<T>>();
           }),
       // Of dense factors, and of all others, which are converted for them.
       FloatKernelsWhen(WantsFromDense<kRowSparse>,
                        []<typename T>() {
                          return KernelOf<MultiplyAndStore<T, RowSparse>,
                                          PrepareStored<T, kRowSparse>>();
                        }),
       FloatKernelsWhen(WantsFromDense<kCsr>, []<typename T>() {
         return KernelOf<MultiplyAndStore<T, Csr>, PrepareStored<T, kCsr>>();
       })});
}

std::vector<Kernel> SparseDotLhsKernels() {
  return KernelsFor(FloatTypes(), []<typename T>() {
    return KernelOf<GradientWithCsr<T, Dense>, PrepareGradOfLhs<T>>();
  });
}

std::vector<Kernel> SparseDotRhsKernels() {
  return Joined({GradientOfRhsKernels<RowSparse>(GradientIsRowSparse),
                 GradientOfRhsKernels<Dense>(nullptr)});
}

}  // namespace minnow
