// Stochastic gradient descent on many weights at once.
//
//   std::vector<Symbol> next = op::MultiSgdMomUpdate(
//       {{w0, grad0, mom0}, {w1, grad1, mom1}},
//       {.lrs = {0.1f, 0.1f}, .wds = {1e-4f, 0}, .momentum = 0.9f});
//   b.Update(w0, next[0]);
//   b.Update(w1, next[1]);
//
// Each weight takes what sgd_mom_update would give it, with a learning rate and
// a weight decay of its own, and each may be stored in its own way. A
// row_sparse gradient updates its rows, and no others.
#ifndef MINNOW_OPS_MULTI_SGD_H_
#define MINNOW_OPS_MULTI_SGD_H_

#include <vector>

#include "absl/types/span.h"
#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"
#include "minnow/ops/update_attrs.h"

namespace minnow {

template <typename A>
auto RateFields() {
  return std::tuple(
      Dynamic("lrs", &A::lrs, "The learning rate of each weight."),
      Dynamic("wds", &A::wds, "The weight decay of each weight."));
}

template <typename A>
auto NumWeightsField() {
  return std::tuple(
      Field("num_weights", &A::num_weights, "The number of weights."));
}

// The composers set `num_weights`.
struct MultiSgdUpdateAttrs {
  Required<std::vector<float>> lrs;
  Required<std::vector<float>> wds;
  float rescale_grad = 1.0f;
  float clip_gradient = -1.0f;
  int64_t num_weights = 1;

  static auto Fields() {
    using A = MultiSgdUpdateAttrs;
    return std::tuple_cat(RateFields<A>(), ScaleFields<A>(),
                          NumWeightsField<A>());
  }
};

struct MultiSgdMomUpdateAttrs {
  Required<std::vector<float>> lrs;
  Required<std::vector<float>> wds;
  float momentum = 0.0f;
  float rescale_grad = 1.0f;
  float clip_gradient = -1.0f;
  int64_t num_weights = 1;

  static auto Fields() {
    using A = MultiSgdMomUpdateAttrs;
    return std::tuple_cat(RateFields<A>(),
                          std::tuple(MomentumField(&A::momentum)),
                          ScaleFields<A>(), NumWeightsField<A>());
  }
};

// Of the operators whose learning rates and weight decays are inputs.
struct PreloadedMultiSgdUpdateAttrs {
  float rescale_grad = 1.0f;
  float clip_gradient = -1.0f;
  int64_t num_weights = 1;

  static auto Fields() {
    using A = PreloadedMultiSgdUpdateAttrs;
    return std::tuple_cat(ScaleFields<A>(), NumWeightsField<A>());
  }
};

struct PreloadedMultiSgdMomUpdateAttrs {
  float momentum = 0.0f;
  float rescale_grad = 1.0f;
  float clip_gradient = -1.0f;
  int64_t num_weights = 1;

  static auto Fields() {
    using A = PreloadedMultiSgdMomUpdateAttrs;
    return std::tuple_cat(std::tuple(MomentumField(&A::momentum)),
                          ScaleFields<A>(), NumWeightsField<A>());
  }
};

// What an update of one weight takes; operators without momentum do not read
// `mom`, those that are not in mixed precision do not read `weight32`.
struct WeightGroup {
  Symbol weight = {};
  Symbol grad = {};
  Symbol mom = {};
  Symbol weight32 = {};
};

namespace op {

// Each returns the new weights. There must be one group at least.
std::vector<Symbol> MultiSgdUpdate(absl::Span<const WeightGroup> groups,
                                   const MultiSgdUpdateAttrs& attrs,
                                   NodeOptions options = {});
std::vector<Symbol> MultiSgdMomUpdate(absl::Span<const WeightGroup> groups,
                                      const MultiSgdMomUpdateAttrs& attrs,
                                      NodeOptions options = {});
// In mixed precision: `mom` and `weight32` are float32.
std::vector<Symbol> MultiMpSgdUpdate(absl::Span<const WeightGroup> groups,
                                     const MultiSgdUpdateAttrs& attrs,
                                     NodeOptions options = {});
std::vector<Symbol> MultiMpSgdMomUpdate(absl::Span<const WeightGroup> groups,
                                        const MultiSgdMomUpdateAttrs& attrs,
                                        NodeOptions options = {});

// `lrs` and `wds` are float32 arrays of a number for each weight.
std::vector<Symbol> PreloadedMultiSgdUpdate(
    absl::Span<const WeightGroup> groups, Symbol lrs, Symbol wds,
    const PreloadedMultiSgdUpdateAttrs& attrs, NodeOptions options = {});
std::vector<Symbol> PreloadedMultiSgdMomUpdate(
    absl::Span<const WeightGroup> groups, Symbol lrs, Symbol wds,
    const PreloadedMultiSgdMomUpdateAttrs& attrs, NodeOptions options = {});
std::vector<Symbol> PreloadedMultiMpSgdUpdate(
    absl::Span<const WeightGroup> groups, Symbol lrs, Symbol wds,
    const PreloadedMultiSgdUpdateAttrs& attrs, NodeOptions options = {});
std::vector<Symbol> PreloadedMultiMpSgdMomUpdate(
    absl::Span<const WeightGroup> groups, Symbol lrs, Symbol wds,
    const PreloadedMultiSgdMomUpdateAttrs& attrs, NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_MULTI_SGD_H_
