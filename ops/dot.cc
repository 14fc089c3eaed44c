#include "minnow/ops/dot.h"

#include <utility>
#include <vector>

#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/product.h"
#include "minnow/ops/sparse_dot.h"

namespace minnow {

DotSizes SizesOfDot(const DotAttrs& a, const Shape& lhs, const Shape& rhs) {
  const Matrix l = a.transpose_a ? SplitFirst(lhs) : SplitLast(lhs);
  const Matrix r = a.transpose_b ? SplitLast(rhs) : SplitFirst(rhs);
  return {a.transpose_a ? l.cols : l.rows, a.transpose_b ? r.rows : r.cols,
          a.transpose_a ? l.rows : l.cols};
}

namespace {

template <typename T>
absl::StatusOr<Product> PrepareDot(const Attrs& attrs,
                                   absl::Span<const Shape> shapes) {
  const auto& a = attrs.As<DotAttrs>();
  const DotSizes s = SizesOfDot(a, shapes[0], shapes[1]);
  return PlanProduct<T>(s.m, s.n, s.k, a.transpose_a, a.transpose_b);
}

// Whether the result of dense factors is.
bool IsDense(const Attrs& attrs) {
  return attrs.As<DotAttrs>().forward_stype.value_or(StorageType::kDense) ==
         StorageType::kDense;
}

// Of (head, rhs, lhs).
template <typename T>
absl::StatusOr<Product> PrepareDotLhs(const Attrs& attrs,
                                      absl::Span<const Shape> shapes) {
  const auto& a = attrs.As<DotAttrs>();
  const DotSizes s = SizesOfDot(a, shapes[2], shapes[1]);
  if (a.transpose_a) {
    return PlanProduct<T>(s.k, s.m, s.n, a.transpose_b, true, /*swap=*/true);
  }
  return PlanProduct<T>(s.m, s.k, s.n, false, !a.transpose_b);
}

// Of (head, lhs, rhs).
template <typename T>
absl::StatusOr<Product> PrepareDotRhs(const Attrs& attrs,
                                      absl::Span<const Shape> shapes) {
  const auto& a = attrs.As<DotAttrs>();
  const DotSizes s = SizesOfDot(a, shapes[1], shapes[2]);
  if (a.transpose_b) {
    return PlanProduct<T>(s.n, s.k, s.m, true, a.transpose_a);
  }
  return PlanProduct<T>(s.k, s.n, s.m, !a.transpose_a, false, /*swap=*/true);
}

absl::Status InferDot(ShapeInference& node) {
  const auto& a = node.attrs<DotAttrs>();
  for (size_t i = 0; i < 2; ++i) {
    if (!node.input(i).known_rank()) return absl::OkStatus();
    if (node.input(i).rank() == 0) {
      return node.InputError(i, "at least one axis");
    }
  }
  Shape lhs = node.input(0), rhs = node.input(1);
  const bool vectors = lhs.rank() == 1 && rhs.rank() == 1;
  if (vectors && (a.transpose_a || a.transpose_b)) {
    return node.InputError(0, "a matrix, since vectors are not transposed");
  }
  const size_t l = a.transpose_a ? 0 : lhs.rank() - 1;
  const size_t r = a.transpose_b ? rhs.rank() - 1 : 0;
  if (lhs[l] == Shape::kUnknown) lhs.set(l, rhs[r]);
  rhs.set(r, lhs[l]);
  MINNOW_RETURN_IF_ERROR(node.MergeInput(0, lhs));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(1, rhs));
  if (vectors) return node.MergeOutput(0, {1});
  Shape out = Shape::Scalar();
  for (size_t i = 0; i < lhs.rank(); ++i) {
    if (i != l) out.push_back(lhs[i]);
  }
  for (size_t i = 0; i < rhs.rank(); ++i) {
    if (i != r) out.push_back(rhs[i]);
  }
  return node.MergeOutput(0, out);
}

// The attributes with which an operator reads the transpose of one of its
// inputs: which one is a, and which one is b.
constexpr size_t kNeither = static_cast<size_t>(-1);

template <size_t a_input, size_t b_input>
std::optional<Attrs> WithTransposed(const Attrs& attrs, size_t input,
                                    size_t rank) {
  auto a = attrs.As<DotAttrs>();
  if (rank != 2) return std::nullopt;
  if (input != a_input && input != b_input) return std::nullopt;
  bool& transpose = input == a_input ? a.transpose_a : a.transpose_b;
  transpose = !transpose;
  return a;
}

// The product is linear in both factors, so all derivatives are products, too.
std::vector<Symbol> DotGradient(const GradientContext& node) {
  const Attrs attrs = node.untyped_attrs();
  const Symbol lhs = node.input(0), rhs = node.input(1), head = node.head(0);
  return {Compose("_backward_dot_lhs", {head, rhs, lhs}, attrs),
          Compose("_backward_dot_rhs", {head, lhs, rhs}, attrs)};
}

std::vector<Symbol> DotLhsGradient(const GradientContext& node) {
  const Attrs attrs = node.untyped_attrs();
  const Symbol head = node.input(0), rhs = node.input(1), lhs = node.head(0);
  return {Compose("dot", {lhs, rhs}, attrs),
          Compose("_backward_dot_rhs", {head, lhs, rhs}, attrs), Symbol{}};
}

std::vector<Symbol> DotRhsGradient(const GradientContext& node) {
  const Attrs attrs = node.untyped_attrs();
  const Symbol head = node.input(0), lhs = node.input(1), rhs = node.head(0);
  return {Compose("dot", {lhs, rhs}, attrs),
          Compose("_backward_dot_lhs", {head, rhs, lhs}, attrs), Symbol{}};
}

OpDef DotOp() {
  return {
      .name = "dot",
      .aliases = {"_sparse_dot"},
      .doc = R"(out[i..., j...] = sum_k lhs[i..., k] * rhs[k, j...]
Two vectors give an array of shape (1,). A csr factor makes the result dense,
row_sparse (csr transposed) or csr (dense by csr). forward_stype asks for another
storage, of any factors.)",
      .attrs = AttrsTypeOf<DotAttrs>(),
      .inputs = {"lhs", "rhs"},
      .shape = InferDot,
      .gradient = DotGradient,
      .with_transposed = WithTransposed<0, 1>,
      .kernels = Joined(
          {KernelsFor(FloatTypes(),
                      []<typename T>() {
                        return ProductKernelOf<Multiply<DotAttrs, T>,
                                               PrepareDot<T>, KeepFactor<T>>()
                            .When(IsDense);
                      }),
           SparseDotKernels()}),
  };
}

OpDef DotLhsOp() {
  return {
      .name = "_backward_dot_lhs",
      .doc = "The gradient of dot with respect to lhs.",
      .attrs = AttrsTypeOf<DotAttrs>(),
      .inputs = {"head", "rhs", {"lhs", Access::kUnread}},
      .shape = InferLike,
      .gradient = DotLhsGradient,
      .with_transposed = WithTransposed<kNeither, 1>,
      .kernels =
          Joined({KernelsFor(FloatTypes(),
                             []<typename T>() {
                               return ProductKernelOf<MultiplyLike<DotAttrs, T>,
                                                      PrepareDotLhs<T>>();
                             }),
                  SparseDotLhsKernels()}),
  };
}

OpDef DotRhsOp() {
  return {
      .name = "_backward_dot_rhs",
      .doc = "The gradient of dot with respect to rhs.",
      .attrs = AttrsTypeOf<DotAttrs>(),
      .inputs = {"head", "lhs", {"rhs", Access::kUnread}},
      .shape = InferLike,
      .gradient = DotRhsGradient,
      .with_transposed = WithTransposed<1, kNeither>,
      .kernels =
          Joined({KernelsFor(FloatTypes(),
                             []<typename T>() {
                               return ProductKernelOf<MultiplyLike<DotAttrs, T>,
                                                      PrepareDotRhs<T>>();
                             }),
                  SparseDotRhsKernels()}),
  };
}

// batch_dot ------------------------------------------------------------------

template <typename T>
absl::StatusOr<Product> PrepareBatchDot(const Attrs& attrs,
                                        absl::Span<const Shape> shapes) {
  const auto& a = attrs.As<DotAttrs>();
  const Shape& lhs = shapes[0];
  const size_t rank = lhs.rank();
  const int64_t k = lhs[a.transpose_a ? rank - 2 : rank - 1];
  const Shape& out = shapes[2];
  return PlanProduct<T>(out[rank - 2], out[rank - 1], k, a.transpose_a,
                        a.transpose_b, /*swap=*/false,
                        lhs.num_elements(0, rank - 2));
}

absl::Status InferBatchDot(ShapeInference& node) {
  const auto& a = node.attrs<DotAttrs>();
  size_t rank = 0;
  for (const Shape* x : {&node.input(0), &node.input(1), &node.output(0)}) {
    if (x->known_rank()) rank = x->rank();
  }
  for (size_t i = 0; i < 2; ++i) {
    if (node.input(i).known_rank() && node.input(i).rank() < 3) {
      return node.InputError(i, "three axes or more");
    }
  }
  if (rank < 3) return absl::OkStatus();
  // All agree on the axes before the last two.
  Shape lhs(std::vector<int64_t>(rank, Shape::kUnknown));
  Shape rhs = lhs, out = lhs;
  MINNOW_RETURN_IF_ERROR(node.MergeInput(0, lhs));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(1, rhs));
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, out));
  const auto known = [](int64_t x, int64_t y) {
    return x == Shape::kUnknown ? y : x;
  };
  const Shape &l = node.input(0), &r = node.input(1), &o = node.output(0);
  for (size_t i = 0; i < rank - 2; ++i) {
    const int64_t size = known(l[i], known(r[i], o[i]));
    for (Shape* x : {&lhs, &rhs, &out}) x->set(i, size);
  }
  const size_t l_row = rank - (a.transpose_a ? 1 : 2);
  const size_t l_col = rank - (a.transpose_a ? 2 : 1);
  const size_t r_row = rank - (a.transpose_b ? 1 : 2);
  const size_t r_col = rank - (a.transpose_b ? 2 : 1);
  const int64_t inner = known(l[l_col], r[r_row]);
  lhs.set(l_row, known(l[l_row], o[rank - 2]));
  lhs.set(l_col, inner);
  rhs.set(r_row, inner);
  rhs.set(r_col, known(r[r_col], o[rank - 1]));
  out.set(rank - 2, lhs[l_row]);
  out.set(rank - 1, rhs[r_col]);
  MINNOW_RETURN_IF_ERROR(node.MergeInput(0, lhs));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(1, rhs));
  return node.MergeOutput(0, out);
}

std::vector<Symbol> BatchDotGradient(const GradientContext& node) {
  const auto& a = node.attrs<DotAttrs>();
  const bool ta = a.transpose_a, tb = a.transpose_b;
  const Symbol lhs = node.input(0), rhs = node.input(1), head = node.head(0);
  const auto product = [](Symbol x, Symbol y, bool tx, bool ty) {
    return op::BatchDot(x, y, {.transpose_a = tx, .transpose_b = ty});
  };
  return {ta ? product(rhs, head, tb, true) : product(head, rhs, false, !tb),
          tb ? product(head, lhs, true, ta) : product(lhs, head, !ta, false)};
}

OpDef BatchDotOp() {
  return {
      .name = "batch_dot",
      .aliases = {"_npx_batch_dot"},
      .doc = R"(out[b..., i, j] = sum_k lhs[b..., i, k] * rhs[b..., k, j]
transpose_a and transpose_b swap the last two axes of lhs and of rhs.)",
      .attrs = AttrsTypeOf<DotAttrs>(),
      .inputs = {"lhs", "rhs"},
      .shape = InferBatchDot,
      .gradient = BatchDotGradient,
      .with_transposed =
          [](const Attrs& attrs, size_t input, size_t) {
            return WithTransposed<0, 1>(attrs, input, 2);
          },
      .kernels = KernelsFor(
          FloatTypes(),
          []<typename T>() {
            return ProductKernelOf<Multiply<DotAttrs, T>, PrepareBatchDot<T>,
                                   KeepFactor<T>>();
          }),
  };
}

}  // namespace

namespace op {

Symbol Dot(Symbol lhs, Symbol rhs, const DotAttrs& attrs, NodeOptions options) {
  return Compose("dot", {lhs, rhs}, attrs, std::move(options));
}

Symbol BatchDot(Symbol lhs, Symbol rhs, const DotAttrs& attrs,
                NodeOptions options) {
  return Compose("batch_dot", {lhs, rhs}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> DotOps() {
  return {DotOp(), DotLhsOp(), DotRhsOp(), BatchDotOp()};
}

}  // namespace minnow
