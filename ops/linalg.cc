#include "minnow/ops/linalg.h"

#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/matmul.h"
#include "minnow/ops/reduce.h"

namespace minnow {
namespace {

// An array as a matrix: all axes but the first, or but the last, are one.
struct Matrix {
  int64_t rows, cols;
};

Matrix SplitFirst(const Shape& x) {
  return {x[0], x.num_elements(1, x.rank())};
}
Matrix SplitLast(const Shape& x) {
  return {x.num_elements(0, x.rank() - 1), x[x.rank() - 1]};
}

// A product of a kernel's first two arguments, or of the second and the first.
struct Product {
  MatMulPlan plan;
  bool swap;
  int64_t workspace_bytes;
};

template <typename T>
Product PlanProduct(int64_t m, int64_t n, int64_t k, bool transpose_a,
                    bool transpose_b, bool swap = false) {
  const MatMulPlan plan = PlanMatMul<T>(m, n, k, transpose_a, transpose_b);
  return {plan, swap, plan.workspace_bytes};
}

template <typename A, typename T>
absl::Status Multiply(const RunContext& context, const A&,
                      const Product& product, Dense<const T> x,
                      Dense<const T> y, Dense<T> out) {
  const T* const a = product.swap ? y.data() : x.data();
  const T* const b = product.swap ? x.data() : y.data();
  return MatMul<T>(context, product.plan, a, b, nullptr, out.data());
}

// Of the third argument only the shape matters.
template <typename A, typename T>
absl::Status MultiplyLike(const RunContext& context, const A& attrs,
                          const Product& product, Dense<const T> x,
                          Dense<const T> y, Dense<const T>, Dense<T> out) {
  return Multiply<A, T>(context, attrs, product, x, y, out);
}

// The third argument is the shape of the result.
absl::Status InferLike(ShapeInference& node) {
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(2)));
  return node.MergeInput(2, node.output(0));
}

// dot ------------------------------------------------------------------------

// op(lhs) is m x k, op(rhs) is k x n.
struct DotSizes {
  int64_t m, n, k;
};

DotSizes SizesOfDot(const DotAttrs& a, const Shape& lhs, const Shape& rhs) {
  const Matrix l = a.transpose_a ? SplitFirst(lhs) : SplitLast(lhs);
  const Matrix r = a.transpose_b ? SplitLast(rhs) : SplitFirst(rhs);
  return {a.transpose_a ? l.cols : l.rows, a.transpose_b ? r.rows : r.cols,
          a.transpose_a ? l.rows : l.cols};
}

template <typename T>
absl::StatusOr<Product> PrepareDot(const Attrs& attrs,
                                   absl::Span<const Shape> shapes) {
  const auto& a = attrs.As<DotAttrs>();
  const DotSizes s = SizesOfDot(a, shapes[0], shapes[1]);
  return PlanProduct<T>(s.m, s.n, s.k, a.transpose_a, a.transpose_b);
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
Two vectors give an array of shape (1,).)",
      .attrs = AttrsTypeOf<DotAttrs>(),
      .inputs = {"lhs", "rhs"},
      .shape = InferDot,
      .gradient = DotGradient,
      .kernels =
          KernelsFor(FloatTypes(),
                     []<typename T>() {
                       return KernelOf<Multiply<DotAttrs, T>, PrepareDot<T>>();
                     }),
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
      .kernels = KernelsFor(
          FloatTypes(),
          []<typename T>() {
            return KernelOf<MultiplyLike<DotAttrs, T>, PrepareDotLhs<T>>();
          }),
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
      .kernels = KernelsFor(
          FloatTypes(),
          []<typename T>() {
            return KernelOf<MultiplyLike<DotAttrs, T>, PrepareDotRhs<T>>();
          }),
  };
}

// FullyConnected -------------------------------------------------------------

Matrix RowsOf(const Attrs& attrs, const Shape& data) {
  return attrs.As<FullyConnectedAttrs>().flatten ? SplitFirst(data)
                                                 : SplitLast(data);
}

// Of (data, weight, ...).
template <typename T>
absl::StatusOr<Product> PrepareFullyConnected(const Attrs& attrs,
                                              absl::Span<const Shape> shapes) {
  const Matrix data = RowsOf(attrs, shapes[0]);
  return PlanProduct<T>(data.rows, shapes[1][0], data.cols, false, true);
}

// Of (head, weight, data).
template <typename T>
absl::StatusOr<Product> PrepareGradOfData(const Attrs& attrs,
                                          absl::Span<const Shape> shapes) {
  const Matrix data = RowsOf(attrs, shapes[2]);
  return PlanProduct<T>(data.rows, data.cols, shapes[1][0], false, false);
}

// Of (head, data, weight).
template <typename T>
absl::StatusOr<Product> PrepareGradOfWeight(const Attrs& attrs,
                                            absl::Span<const Shape> shapes) {
  const Matrix data = RowsOf(attrs, shapes[1]);
  return PlanProduct<T>(shapes[2][0], data.cols, data.rows, true, false);
}

template <typename T>
absl::Status FullyConnected(const RunContext& context,
                            const FullyConnectedAttrs&, const Product& product,
                            Dense<const T> data, Dense<const T> weight,
                            Dense<const T> bias, Dense<T> out) {
  return MatMul<T>(context, product.plan, data.data(), weight.data(),
                   bias.data(), out.data());
}

absl::Status InferFullyConnected(ShapeInference& node) {
  const auto& a = node.attrs<FullyConnectedAttrs>();
  if (a.num_hidden <= 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "attribute 'num_hidden': expected a positive number, found ",
        a.num_hidden.get()));
  }
  Shape weight = {a.num_hidden, Shape::kUnknown};
  Shape out = {Shape::kUnknown, a.num_hidden};
  if (node.input(0).known_rank()) {
    Shape data = node.input(0);
    const size_t rank = data.rank();
    if (rank == 0) return node.InputError(0, "at least one axis");
    const Shape& old_weight = node.input(1);
    const int64_t columns = old_weight.known_rank() && old_weight.rank() == 2
                                ? old_weight[1]
                                : Shape::kUnknown;
    if (a.flatten && rank != 2) {
      if (data.known()) weight.set(1, data.num_elements(1, rank));
      out.set(0, data[0]);
    } else {
      if (data[rank - 1] == Shape::kUnknown) data.set(rank - 1, columns);
      weight.set(1, data[rank - 1]);
      out = data;
      out.set(rank - 1, a.num_hidden);
    }
    MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, out));
    for (size_t i = 0; i < (a.flatten ? 1 : rank - 1); ++i) {
      data.set(i, node.output(0)[i]);
    }
    MINNOW_RETURN_IF_ERROR(node.MergeInput(0, data));
  } else if (a.flatten) {
    MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, out));
  }
  MINNOW_RETURN_IF_ERROR(node.MergeInput(1, weight));
  return a.no_bias ? absl::OkStatus() : node.MergeInput(2, {a.num_hidden});
}

std::vector<InputDef> FullyConnectedInputs(const Attrs& attrs) {
  if (attrs.As<FullyConnectedAttrs>().no_bias) return {"data", "weight"};
  return {"data", "weight", "bias"};
}

Attrs WithoutBias(const GradientContext& node) {
  auto attrs = node.attrs<FullyConnectedAttrs>();
  attrs.no_bias = true;
  return attrs;
}

std::vector<Symbol> FullyConnectedGradient(const GradientContext& node) {
  const Symbol data = node.input(0), weight = node.input(1);
  const Symbol head = node.head(0);
  const Attrs attrs = WithoutBias(node);
  std::vector<Symbol> grads = {
      Compose("_backward_FullyConnected_data", {head, weight, data}, attrs),
      Compose("_backward_FullyConnected_weight", {head, data, weight}, attrs)};
  if (node.num_inputs() == 3) {
    grads.push_back(
        op::Sum(head, {.axis = std::vector<int64_t>{-1}, .exclude = true}));
  }
  return grads;
}

// The product is linear in data and weight: see dot.
std::vector<Symbol> GradOfDataGradient(const GradientContext& node) {
  const Attrs attrs = WithoutBias(node);
  const Symbol head = node.input(0), weight = node.input(1);
  const Symbol data = node.head(0);
  return {
      Compose("FullyConnected", {data, weight}, attrs),
      Compose("_backward_FullyConnected_weight", {head, data, weight}, attrs),
      Symbol{}};
}

std::vector<Symbol> GradOfWeightGradient(const GradientContext& node) {
  const Attrs attrs = WithoutBias(node);
  const Symbol head = node.input(0), data = node.input(1);
  const Symbol weight = node.head(0);
  return {Compose("FullyConnected", {data, weight}, attrs),
          Compose("_backward_FullyConnected_data", {head, weight, data}, attrs),
          Symbol{}};
}

std::vector<Kernel> FullyConnectedKernels() {
  std::vector<Kernel> kernels = KernelsFor(FloatTypes(), []<typename T>() {
    return KernelOf<FullyConnected<T>, PrepareFullyConnected<T>>().When(
        [](const Attrs& a) { return !a.As<FullyConnectedAttrs>().no_bias; });
  });
  for (Kernel& kernel : KernelsFor(FloatTypes(), []<typename T>() {
         return KernelOf<Multiply<FullyConnectedAttrs, T>,
                         PrepareFullyConnected<T>>()
             .When([](const Attrs& a) {
               return a.As<FullyConnectedAttrs>().no_bias;
             });
       })) {
    kernels.push_back(std::move(kernel));
  }
  return kernels;
}

OpDef FullyConnectedOp() {
  return {
      .name = "FullyConnected",
      .aliases = {"_npx_fully_connected", "_sparse_FullyConnected"},
      .doc = R"(out = data * transpose(weight) + bias
The rows of data are the rest of its first axis, or its last axis.)",
      .attrs = AttrsTypeOf<FullyConnectedAttrs>(),
      .inputs = FullyConnectedInputs,
      .shape = InferFullyConnected,
      .gradient = FullyConnectedGradient,
      .kernels = FullyConnectedKernels(),
  };
}

OpDef GradOfDataOp() {
  return {
      .name = "_backward_FullyConnected_data",
      .doc = "The gradient of FullyConnected with respect to data.",
      .attrs = AttrsTypeOf<FullyConnectedAttrs>(),
      .inputs = {"head", "weight", {"data", Access::kUnread}},
      .shape = InferLike,
      .gradient = GradOfDataGradient,
      .kernels =
          KernelsFor(FloatTypes(),
                     []<typename T>() {
                       return KernelOf<MultiplyLike<FullyConnectedAttrs, T>,
                                       PrepareGradOfData<T>>();
                     }),
  };
}

OpDef GradOfWeightOp() {
  return {
      .name = "_backward_FullyConnected_weight",
      .doc = "The gradient of FullyConnected with respect to weight.",
      .attrs = AttrsTypeOf<FullyConnectedAttrs>(),
      .inputs = {"head", "data", {"weight", Access::kUnread}},
      .shape = InferLike,
      .gradient = GradOfWeightGradient,
      .kernels =
          KernelsFor(FloatTypes(),
                     []<typename T>() {
                       return KernelOf<MultiplyLike<FullyConnectedAttrs, T>,
                                       PrepareGradOfWeight<T>>();
                     }),
  };
}

}  // namespace

namespace op {

Symbol Dot(Symbol lhs, Symbol rhs, const DotAttrs& attrs, NodeOptions options) {
  return Compose("dot", {lhs, rhs}, attrs, std::move(options));
}

Symbol FullyConnected(Symbol data, Symbol weight, Symbol bias,
                      const FullyConnectedAttrs& attrs, NodeOptions options) {
  if (attrs.no_bias && bias.omitted()) {
    return Compose("FullyConnected", {data, weight}, attrs, std::move(options));
  }
  return Compose("FullyConnected", {data, weight, bias}, attrs,
                 std::move(options));
}

}  // namespace op

std::vector<OpDef> LinalgOps() {
  return {DotOp(),        DotLhsOp(),      DotRhsOp(), FullyConnectedOp(),
          GradOfDataOp(), GradOfWeightOp()};
}

}  // namespace minnow
