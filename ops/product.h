// What operators that multiply dense matrices share: dot, FullyConnected and
// their gradients.
//
//   template <typename T>
//   absl::StatusOr<Product> Prepare(const Attrs&, absl::Span<const Shape> x) {
//     return PlanProduct<T>(x[0][0], x[1][1], x[0][1], false, false);
//   }
//
//   ProductKernelOf<Multiply<NoAttrs, float>, Prepare<float>>()
#ifndef MINNOW_OPS_PRODUCT_H_
#define MINNOW_OPS_PRODUCT_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "minnow/core/shape.h"
#include "minnow/core/status.h"
#include "minnow/core/view.h"
#include "minnow/graph/inference.h"
#include "minnow/graph/kernel.h"
#include "minnow/ops/matmul.h"

namespace minnow {

// An array as a matrix: all axes but the first, or but the last, are one.
struct Matrix {
  int64_t rows, cols;
};

inline Matrix SplitFirst(const Shape& x) {
  return {x[0], x.num_elements(1, x.rank())};
}
inline Matrix SplitLast(const Shape& x) {
  return {x.num_elements(0, x.rank() - 1), x[x.rank() - 1]};
}

// A product of a kernel's first two arguments, or of the second and the first.
struct Product {
  MatMulPlan plan;
  bool swap;
  int64_t workspace_bytes;
  double flops;
};

template <typename T>
Product PlanProduct(int64_t m, int64_t n, int64_t k, bool transpose_a,
                    bool transpose_b, bool swap = false, int64_t batch = 1) {
  const MatMulPlan plan =
      PlanMatMul<T>(m, n, k, transpose_a, transpose_b, batch);
  const double flops = 2.0 * static_cast<double>(batch) *
                       static_cast<double>(m) * static_cast<double>(n) *
                       static_cast<double>(k);
  return {plan, swap, plan.workspace_bytes, flops};
}

template <typename A, typename T>
absl::Status Multiply(const RunContext& context, const A&,
                      const Product& product, Dense<const T> x,
                      Dense<const T> y, Dense<T> out) {
  const T* const a = product.swap ? y.data() : x.data();
  const T* const b = product.swap ? x.data() : y.data();
  return MatMul<T>(context, product.plan, a, b, nullptr, out.data());
}

// Makes what it can of a factor that does not change.
template <typename T>
absl::StatusOr<Product> KeepFactor(const RunContext& context,
                                   const Product& product,
                                   absl::Span<const ArrayRef* const> args) {
  Product kept = product;
  if (const ArrayRef* b = args[product.swap ? 0 : 1]; b != nullptr) {
    MINNOW_ASSIGN_OR_RETURN(
        kept.plan,
        KeepB<T>(context, product.plan, static_cast<const T*>(b->values)));
  }
  return kept;
}

// Like KernelOf, for a function whose state is a Product: a step that runs on
// blocks may consume what it makes.
template <auto... parts>
constexpr Kernel ProductKernelOf() {
  Kernel kernel = KernelOf<parts...>();
  kernel.writes_blocks = [](const void* product) {
    return static_cast<const Product*>(product)->plan.consumable;
  };
  return kernel;
}

// Of the third argument only the shape matters.
template <typename A, typename T>
absl::Status MultiplyLike(const RunContext& context, const A& attrs,
                          const Product& product, Dense<const T> x,
                          Dense<const T> y, Dense<const T>, Dense<T> out) {
  return Multiply<A, T>(context, attrs, product, x, y, out);
}

// The third argument is the shape of the result.
inline absl::Status InferLike(ShapeInference& node) {
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(2)));
  return node.MergeInput(2, node.output(0));
}

}  // namespace minnow

#endif  // MINNOW_OPS_PRODUCT_H_
