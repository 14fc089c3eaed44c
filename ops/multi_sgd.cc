#include "minnow/ops/multi_sgd.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/compose.h"
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

std::vector<InputDef> InputsOf(const Kind& kind, int64_t num_weights) {
  std::vector<InputDef> inputs;
  for (int64_t i = 0; i < num_weights; ++i) {
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
template <Kind kind, typename A>
std::vector<InputDef> Inputs(const Attrs& attrs) {
  return InputsOf(kind, NumWeights<A>(attrs));
}

std::vector<std::string> OutputsOf(int64_t num_weights) {
  std::vector<std::string> outputs;
  for (int64_t i = 0; i < num_weights; ++i) {
    outputs.push_back(absl::StrCat("out", i));
  }
  return outputs;
}
template <typename A>
std::vector<std::string> Outputs(const Attrs& attrs) {
  return OutputsOf(NumWeights<A>(attrs));
}

absl::Status CheckCount(const char* name, size_t found, int64_t num_weights) {
  if (static_cast<int64_t>(found) == num_weights) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("attribute '", name, "': expected ", num_weights,
                   " values (num_weights), found ", found));
}

absl::Status CheckNumWeights(int64_t num_weights) {
  if (num_weights >= 1 && num_weights <= kMaxWeights) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("attribute 'num_weights': expected a number in [1,",
                   kMaxWeights, "], found ", num_weights));
}

template <typename A>
absl::Status CheckAttrs(const A& attrs) {
  MINNOW_RETURN_IF_ERROR(CheckNumWeights(attrs.num_weights));
  if constexpr (requires { attrs.lrs; }) {
    MINNOW_RETURN_IF_ERROR(
        CheckCount("lrs", attrs.lrs.get().size(), attrs.num_weights));
    MINNOW_RETURN_IF_ERROR(
        CheckCount("wds", attrs.wds.get().size(), attrs.num_weights));
  }
  return absl::OkStatus();
}

// The arrays of a group, and its output, have one shape.
absl::Status InferShapesOf(const Kind& kind, size_t n, ShapeInference& node) {
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
absl::Status InferShapes(ShapeInference& node) {
  const A& attrs = node.attrs<A>();
  MINNOW_RETURN_IF_ERROR(CheckAttrs(attrs));
  return InferShapesOf(kind, static_cast<size_t>(attrs.num_weights), node);
}

absl::Status InferDTypesOf(const Kind& kind, size_t n, DTypeInference& node) {
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

template <Kind kind, typename A>
absl::Status InferDTypes(DTypeInference& node) {
  const auto n = static_cast<size_t>(NumWeights<A>(node.untyped_attrs()));
  return InferDTypesOf(kind, n, node);
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
      .kernels = MultiUpdateKernels<Rule, A, kind.precision>(),
  };
}

constexpr Kind Sgd(Precision precision, bool preloaded) {
  return {false, precision, preloaded};
}
constexpr Kind SgdMom(Precision precision, bool preloaded) {
  return {true, precision, preloaded};
}

std::vector<Symbol> Compose(const char* op, bool momentum, bool mixed,
                            absl::Span<const WeightGroup> groups,
                            absl::Span<const Symbol> shared, Attrs attrs,
                            NodeOptions options) {
  std::vector<Symbol> inputs;
  for (const WeightGroup& group : groups) {
    inputs.push_back(group.weight);
    inputs.push_back(group.grad);
    if (momentum) inputs.push_back(group.mom);
    if (mixed) inputs.push_back(group.weight32);
  }
  inputs.insert(inputs.end(), shared.begin(), shared.end());
  const Symbol first =
      Compose(op, inputs, std::move(attrs), std::move(options));
  if (first.omitted()) return std::vector<Symbol>(groups.size());
  return first.builder->Outputs(first, groups.size());
}

template <typename A>
Attrs ForWeights(A attrs, absl::Span<const WeightGroup> groups) {
  attrs.num_weights = static_cast<int64_t>(groups.size());
  return attrs;
}

}  // namespace

namespace op {

std::vector<Symbol> MultiSgdUpdate(absl::Span<const WeightGroup> groups,
                                   const MultiSgdUpdateAttrs& attrs,
                                   NodeOptions options) {
  return Compose("multi_sgd_update", false, false, groups, {},
                 ForWeights(attrs, groups), std::move(options));
}

std::vector<Symbol> MultiSgdMomUpdate(absl::Span<const WeightGroup> groups,
                                      const MultiSgdMomUpdateAttrs& attrs,
                                      NodeOptions options) {
  return Compose("multi_sgd_mom_update", true, false, groups, {},
                 ForWeights(attrs, groups), std::move(options));
}

std::vector<Symbol> MultiMpSgdUpdate(absl::Span<const WeightGroup> groups,
                                     const MultiSgdUpdateAttrs& attrs,
                                     NodeOptions options) {
  return Compose("multi_mp_sgd_update", false, true, groups, {},
                 ForWeights(attrs, groups), std::move(options));
}

std::vector<Symbol> MultiMpSgdMomUpdate(absl::Span<const WeightGroup> groups,
                                        const MultiSgdMomUpdateAttrs& attrs,
                                        NodeOptions options) {
  return Compose("multi_mp_sgd_mom_update", true, true, groups, {},
                 ForWeights(attrs, groups), std::move(options));
}

std::vector<Symbol> PreloadedMultiSgdUpdate(
    absl::Span<const WeightGroup> groups, Symbol lrs, Symbol wds,
    const PreloadedMultiSgdUpdateAttrs& attrs, NodeOptions options) {
  return Compose("preloaded_multi_sgd_update", false, false, groups, {lrs, wds},
                 ForWeights(attrs, groups), std::move(options));
}

std::vector<Symbol> PreloadedMultiSgdMomUpdate(
    absl::Span<const WeightGroup> groups, Symbol lrs, Symbol wds,
    const PreloadedMultiSgdMomUpdateAttrs& attrs, NodeOptions options) {
  return Compose("preloaded_multi_sgd_mom_update", true, false, groups,
                 {lrs, wds}, ForWeights(attrs, groups), std::move(options));
}

std::vector<Symbol> PreloadedMultiMpSgdUpdate(
    absl::Span<const WeightGroup> groups, Symbol lrs, Symbol wds,
    const PreloadedMultiSgdUpdateAttrs& attrs, NodeOptions options) {
  return Compose("preloaded_multi_mp_sgd_update", false, true, groups,
                 {lrs, wds}, ForWeights(attrs, groups), std::move(options));
}

std::vector<Symbol> PreloadedMultiMpSgdMomUpdate(
    absl::Span<const WeightGroup> groups, Symbol lrs, Symbol wds,
    const PreloadedMultiSgdMomUpdateAttrs& attrs, NodeOptions options) {
  return Compose("preloaded_multi_mp_sgd_mom_update", true, true, groups,
                 {lrs, wds}, ForWeights(attrs, groups), std::move(options));
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
