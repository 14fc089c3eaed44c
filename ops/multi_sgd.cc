#include "minnow/ops/multi_sgd.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"
#include "minnow/ops/mixed.h"
#include "minnow/ops/multi_update.h"
#include "minnow/ops/sgd_rules.h"

namespace minnow {
namespace {

// More is an error of a file rather than a model.
constexpr int64_t kMaxWeights = 1 << 20;

// What sets the operators of this file apart.
struct Kind {
  bool momentum;
  Precision precision;
  bool preloaded;

  constexpr bool mixed() const { return precision == Precision::kMixed; }
  constexpr size_t group_size() const { return 2 + momentum + mixed(); }
  constexpr size_t num_shared() const { return preloaded ? 2 : 0; }
};

template <typename A>
int64_t NumWeights(const Attrs& attrs) {
  return std::clamp<int64_t>(attrs.As<A>().num_weights, 0, kMaxWeights);
}

template <Kind kind, typename A>
std::vector<InputDef> Inputs(const Attrs& attrs) {
  std::vector<InputDef> inputs;
  for (int64_t i = 0; i < NumWeights<A>(attrs); ++i) {
    inputs.emplace_back(absl::StrCat("weight_", i), Access::kUpdate);
    inputs.emplace_back(absl::StrCat("grad_", i), Access::kRead);
    if (kind.momentum) {
      inputs.emplace_back(absl::StrCat("mom_", i), Access::kMutate);
    }
    if (kind.mixed()) {
      inputs.emplace_back(absl::StrCat("weight32_", i), Access::kMutate);
    }
  }
  if (kind.preloaded) {
    inputs.emplace_back("lrs");
    inputs.emplace_back("wds");
  }
  return inputs;
}

template <typename A>
std::vector<std::string> Outputs(const Attrs& attrs) {
  std::vector<std::string> outputs;
  for (int64_t i = 0; i < NumWeights<A>(attrs); ++i) {
    outputs.push_back(absl::StrCat("out", i));
  }
  return outputs;
}

absl::Status CheckCount(const char* name, size_t found, int64_t num_weights) {
  if (static_cast<int64_t>(found) == num_weights) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("attribute '", name, "': expected ", num_weights,
                   " values (num_weights), found ", found));
}

template <typename A>
absl::Status CheckAttrs(const A& attrs) {
  if (attrs.num_weights < 1 || attrs.num_weights > kMaxWeights) {
    return absl::InvalidArgumentError(
        absl::StrCat("attribute 'num_weights': expected a number in [1,",
                     kMaxWeights, "], found ", attrs.num_weights));
  }
  if constexpr (requires { attrs.lrs; }) {
    MINNOW_RETURN_IF_ERROR(
        CheckCount("lrs", attrs.lrs.get().size(), attrs.num_weights));
    MINNOW_RETURN_IF_ERROR(
        CheckCount("wds", attrs.wds.get().size(), attrs.num_weights));
  }
  return absl::OkStatus();
}

// The arrays of a group, and its output, have one shape.
template <Kind kind, typename A>
absl::Status InferShapes(ShapeInference& node) {
  MINNOW_RETURN_IF_ERROR(CheckAttrs(node.attrs<A>()));
  const auto n = static_cast<size_t>(node.attrs<A>().num_weights);
  for (size_t group = 0; group < n; ++group) {
    const size_t weight = group * kind.group_size();
    const size_t end = weight + kind.group_size();
    MINNOW_RETURN_IF_ERROR(node.MergeInput(weight, node.output(group)));
    for (size_t i = weight + 1; i < end; ++i) {
      MINNOW_RETURN_IF_ERROR(node.MergeInput(weight, node.input(i)));
    }
    for (size_t i = weight + 1; i < end; ++i) {
      MINNOW_RETURN_IF_ERROR(node.MergeInput(i, node.input(weight)));
    }
    MINNOW_RETURN_IF_ERROR(node.MergeOutput(group, node.input(weight)));
  }
  for (size_t i = n * kind.group_size(); i < node.num_inputs(); ++i) {
    MINNOW_RETURN_IF_ERROR(node.MergeInput(i, {static_cast<int64_t>(n)}));
  }
  return absl::OkStatus();
}

template <Kind kind, typename A>
absl::Status InferDTypes(DTypeInference& node) {
  const size_t n = static_cast<size_t>(NumWeights<A>(node.untyped_attrs()));
  for (size_t group = 0; group < n; ++group) {
    const size_t weight = group * kind.group_size();
    if (!kind.mixed()) {
      for (size_t i = weight + 2; i < weight + kind.group_size(); ++i) {
        MINNOW_RETURN_IF_ERROR(node.MergeInput(weight, node.input(i)));
      }
    }
    // Of weight, gradient and output.
    MINNOW_RETURN_IF_ERROR(
        MixedDTypes(node, weight, kind.mixed() ? kind.group_size() : 2, group));
    if (!kind.mixed()) {
      for (size_t i = weight + 2; i < weight + kind.group_size(); ++i) {
        MINNOW_RETURN_IF_ERROR(node.MergeInput(i, node.input(weight)));
      }
    }
  }
  for (size_t i = n * kind.group_size(); i < node.num_inputs(); ++i) {
    MINNOW_RETURN_IF_ERROR(node.MergeInput(i, DType::kFloat32));
  }
  return absl::OkStatus();
}

template <Kind kind, template <typename> class Rule, typename A>
std::vector<Kernel> Kernels() {
  if constexpr (kind.preloaded) {
    return MultiUpdateKernels<Rule, A, kind.momentum, kind.precision,
                              Dense<const float>, Dense<const float>>();
  } else {
    return MultiUpdateKernels<Rule, A, kind.momentum, kind.precision>();
  }
}

template <Kind kind, template <typename> class Rule, typename A>
OpDef MultiOp(const char* name) {
  return {
      .name = name,
      .doc = absl::StrCat(kind.momentum ? kSgdMom : kSgd,
                          kind.mixed() ? kMixedDoc : "",
                          "\nfor each weight_i, grad_i, ..., with lrs[i] and "
                          "wds[i]. A row_sparse gradient updates its rows."),
      .attrs = AttrsTypeOf<A>(),
      .inputs = Inputs<kind, A>,
      .outputs = Outputs<A>,
      .shape = InferShapes<kind, A>,
      .dtype = InferDTypes<kind, A>,
      .groups = {.size = kind.group_size(), .num_shared = kind.num_shared()},
      .kernels = Kernels<kind, Rule, A>(),
  };
}

constexpr Kind Sgd(Precision precision, bool preloaded) {
  return {false, precision, preloaded};
}
constexpr Kind SgdMom(Precision precision, bool preloaded) {
  return {true, precision, preloaded};
}

template <typename A>
std::vector<Symbol> Compose(const char* op, bool momentum, bool mixed,
                            absl::Span<const WeightGroup> groups,
                            absl::Span<const Symbol> shared, A attrs,
                            NodeOptions options) {
  attrs.num_weights = static_cast<int64_t>(groups.size());
  std::vector<Symbol> inputs;
  for (const WeightGroup& group : groups) {
    inputs.push_back(group.weight);
    inputs.push_back(group.grad);
    if (momentum) inputs.push_back(group.mom);
    if (mixed) inputs.push_back(group.weight32);
  }
  inputs.insert(inputs.end(), shared.begin(), shared.end());
  for (const Symbol& input : inputs) {
    if (input.omitted()) continue;
    const Symbol first =
        input.builder->Add(op, inputs, std::move(attrs), std::move(options));
    return input.builder->Outputs(first, groups.size());
  }
  return std::vector<Symbol>(groups.size());
}

}  // namespace

namespace op {

std::vector<Symbol> MultiSgdUpdate(absl::Span<const WeightGroup> groups,
                                   const MultiSgdUpdateAttrs& attrs,
                                   NodeOptions options) {
  return Compose("multi_sgd_update", false, false, groups, {}, attrs,
                 std::move(options));
}

std::vector<Symbol> MultiSgdMomUpdate(absl::Span<const WeightGroup> groups,
                                      const MultiSgdMomUpdateAttrs& attrs,
                                      NodeOptions options) {
  return Compose("multi_sgd_mom_update", true, false, groups, {}, attrs,
                 std::move(options));
}

std::vector<Symbol> MultiMpSgdUpdate(absl::Span<const WeightGroup> groups,
                                     const MultiSgdUpdateAttrs& attrs,
                                     NodeOptions options) {
  return Compose("multi_mp_sgd_update", false, true, groups, {}, attrs,
                 std::move(options));
}

std::vector<Symbol> MultiMpSgdMomUpdate(absl::Span<const WeightGroup> groups,
                                        const MultiSgdMomUpdateAttrs& attrs,
                                        NodeOptions options) {
  return Compose("multi_mp_sgd_mom_update", true, true, groups, {}, attrs,
                 std::move(options));
}

std::vector<Symbol> PreloadedMultiSgdUpdate(
    absl::Span<const WeightGroup> groups, Symbol lrs, Symbol wds,
    const PreloadedMultiSgdUpdateAttrs& attrs, NodeOptions options) {
  return Compose("preloaded_multi_sgd_update", false, false, groups, {lrs, wds},
                 attrs, std::move(options));
}

std::vector<Symbol> PreloadedMultiSgdMomUpdate(
    absl::Span<const WeightGroup> groups, Symbol lrs, Symbol wds,
    const PreloadedMultiSgdMomUpdateAttrs& attrs, NodeOptions options) {
  return Compose("preloaded_multi_sgd_mom_update", true, false, groups,
                 {lrs, wds}, attrs, std::move(options));
}

std::vector<Symbol> PreloadedMultiMpSgdUpdate(
    absl::Span<const WeightGroup> groups, Symbol lrs, Symbol wds,
    const PreloadedMultiSgdUpdateAttrs& attrs, NodeOptions options) {
  return Compose("preloaded_multi_mp_sgd_update", false, true, groups,
                 {lrs, wds}, attrs, std::move(options));
}

std::vector<Symbol> PreloadedMultiMpSgdMomUpdate(
    absl::Span<const WeightGroup> groups, Symbol lrs, Symbol wds,
    const PreloadedMultiSgdMomUpdateAttrs& attrs, NodeOptions options) {
  return Compose("preloaded_multi_mp_sgd_mom_update", true, true, groups,
                 {lrs, wds}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> MultiSgdOps() {
  constexpr Precision kOwn = Precision::kOwn, kMixed = Precision::kMixed;
  using A = MultiSgdUpdateAttrs;
  using MomA = MultiSgdMomUpdateAttrs;
  using PreA = PreloadedMultiSgdUpdateAttrs;
  using PreMomA = PreloadedMultiSgdMomUpdateAttrs;
  return {
      MultiOp<Sgd(kOwn, false), SgdRule, A>("multi_sgd_update"),
      MultiOp<SgdMom(kOwn, false), SgdMomRule, MomA>("multi_sgd_mom_update"),
      MultiOp<Sgd(kMixed, false), SgdRule, A>("multi_mp_sgd_update"),
      MultiOp<SgdMom(kMixed, false), SgdMomRule, MomA>(
          "multi_mp_sgd_mom_update"),
      MultiOp<Sgd(kOwn, true), SgdRule, PreA>("preloaded_multi_sgd_update"),
      MultiOp<SgdMom(kOwn, true), SgdMomRule, PreMomA>(
          "preloaded_multi_sgd_mom_update"),
      MultiOp<Sgd(kMixed, true), SgdRule, PreA>(
          "preloaded_multi_mp_sgd_update"),
      MultiOp<SgdMom(kMixed, true), SgdMomRule, PreMomA>(
          "preloaded_multi_mp_sgd_mom_update"),
  };
}

}  // namespace minnow
