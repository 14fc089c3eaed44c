// Rows of the operators that update weights by rules of their own, in mixed
// precision, and many weights at once.
#include <algorithm>
#include <cmath>
#include <utility>

#include "minnow/ops/adam.h"
#include "minnow/ops/ftml.h"
#include "minnow/ops/ftrl.h"
#include "minnow/ops/lamb.h"
#include "minnow/ops/multi_sgd.h"
#include "minnow/ops/nag.h"
#include "minnow/ops/rmsprop.h"
#include "minnow/ops/sgd.h"
#include "minnow/ops/signum.h"
#include "minnow/tests/op_cases.h"

namespace minnow {
namespace {

double Clip(double g, double clip) {
  return clip > 0 ? std::min(std::max(g, -clip), clip) : g;
}
double Sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : 0; }

// The new weight of one element; changes the states.
using ElementRule =
    std::function<double(double w, double g, std::vector<double>& states)>;

// In mixed precision `states` does not count weight32.
Formula UpdateFormula(ElementRule rule, bool mixed) {
  return [=](absl::Span<const TestArray> in) {
    std::vector<TestArray> out(in.size() - 1);
    for (TestArray& x : out) x.shape = in[0].shape;
    const size_t num_states = in.size() - 2 - mixed;
    for (size_t i = 0; i < in[0].values.size(); ++i) {
      std::vector<double> states;
      for (size_t k = 0; k < num_states; ++k) {
        states.push_back(in[2 + k].values[i]);
      }
      const double w = (mixed ? in.back() : in[0]).values[i];
      const double next = rule(w, in[1].values[i], states);
      out[0].values.push_back(next);
      for (size_t k = 0; k < num_states; ++k) {
        out[1 + k].values.push_back(states[k]);
      }
      if (mixed) out.back().values.push_back(next);
    }
    return out;
  };
}

// `states` are the inputs behind weight and gradient.
OpCase UpdateCase(const char* op, const char* label, Attrs attrs,
                  std::vector<TestInput> states, ElementRule rule,
                  double tolerance = 32) {
  std::vector<TestInput> inputs = {{.shape = {3, 4}}, {.shape = {3, 4}}};
  inputs.insert(inputs.end(), states.begin(), states.end());
  return {.op = op,
          .label = label,
          .attrs = std::move(attrs),
          .inputs = std::move(inputs),
          .formula = UpdateFormula(std::move(rule), /*mixed=*/false),
          .tolerance = tolerance,
          .magnitude = 4,
          .elementwise = true};
}

constexpr double kPositiveLow = 0.125;
TestInput State(double low = -2, double high = 2) {
  return {.shape = {3, 4}, .low = low, .high = high};
}

OpCase AdamCase(const char* label, AdamUpdateAttrs a) {
  return UpdateCase(
      "adam_update", label, a, {State(), State(kPositiveLow, 2)},
      [a](double w, double grad, std::vector<double>& s) {
        const double g =
            Clip(a.rescale_grad * grad + double{a.wd} * w, a.clip_gradient);
        s[0] = double{a.beta1} * s[0] + (1 - double{a.beta1}) * g;
        s[1] = double{a.beta2} * s[1] + (1 - double{a.beta2}) * g * g;
        return w - a.lr * s[0] / (std::sqrt(s[1]) + a.epsilon);
      });
}

OpCase FtrlCase(const char* label, FtrlUpdateAttrs a) {
  return UpdateCase(
      "ftrl_update", label, a, {State(), State(kPositiveLow, 2)},
      [a](double w, double grad, std::vector<double>& s) {
        const double g = Clip(a.rescale_grad * grad, a.clip_gradient);
        s[0] += g - (std::sqrt(s[1] + g * g) - std::sqrt(s[1])) * w / a.lr;
        s[1] += g * g;
        if (std::abs(s[0]) <= a.lamda1) return 0.0;
        return (Sign(s[0]) * a.lamda1 - s[0]) /
               ((a.beta + std::sqrt(s[1])) / a.lr + a.wd);
      });
}

OpCase AdagradCase(const char* label, AdagradUpdateAttrs a) {
  return UpdateCase(
      "_sparse_adagrad_update", label, a, {State(kPositiveLow, 2)},
      [a](double w, double grad, std::vector<double>& s) {
        const double g = Clip(a.rescale_grad * grad, a.clip_gradient);
        s[0] += g * g;
        return w - a.lr * (g / std::sqrt(s[0] + a.epsilon) + double{a.wd} * w);
      });
}

OpCase SignsgdCase(SignsgdUpdateAttrs a) {
  return UpdateCase("signsgd_update", "", a, {},
                    [a](double w, double g, std::vector<double>&) {
                      return (1 - double{a.lr} * a.wd) * w - a.lr * Sign(g);
                    });
}

OpCase SignumCase(const char* label, SignumUpdateAttrs a) {
  return UpdateCase(
      "signum_update", label, a, {State()},
      [a](double w, double grad, std::vector<double>& s) {
        const double g = Clip(a.rescale_grad * grad, a.clip_gradient);
        s[0] = a.momentum * s[0] - (1 - double{a.momentum}) * (a.wd * w + g);
        return (1 - double{a.lr} * a.wd_lh) * w + a.lr * Sign(s[0]);
      });
}

OpCase RmspropCase(const char* label, RmspropUpdateAttrs a) {
  return UpdateCase(
      "rmsprop_update", label, a, {State(kPositiveLow, 2)},
      [a](double w, double grad, std::vector<double>& s) {
        const double g =
            Clip(a.rescale_grad * grad + double{a.wd} * w, a.clip_gradient);
        s[0] = (1 - double{a.gamma1}) * g * g + double{a.gamma1} * s[0];
        return Clip(w - a.lr * g / std::sqrt(s[0] + a.epsilon), a.clip_weights);
      });
}

OpCase RmspropalexCase(const char* label, RmspropalexUpdateAttrs a) {
  return UpdateCase(
      "rmspropalex_update", label, a, {State(3, 4), State(-1, 1), State()},
      [a](double w, double grad, std::vector<double>& s) {
        const double g =
            Clip(a.rescale_grad * grad + double{a.wd} * w, a.clip_gradient);
        s[0] = (1 - double{a.gamma1}) * g * g + double{a.gamma1} * s[0];
        s[1] = (1 - double{a.gamma1}) * g + double{a.gamma1} * s[1];
        s[2] = double{a.gamma2} * s[2] -
               a.lr * g / std::sqrt(s[0] - s[1] * s[1] + a.epsilon);
        return Clip(w + s[2], a.clip_weights);
      });
}

OpCase FtmlCase(const char* label, FtmlUpdateAttrs a) {
  return UpdateCase(
      "ftml_update", label, a, {State(1, 2), State(kPositiveLow, 2), State()},
      [a](double w, double grad, std::vector<double>& s) {
        const double g =
            Clip(a.rescale_grad * grad + double{a.wd} * w, a.clip_grad);
        const double t = static_cast<double>(a.t);
        s[1] = double{a.beta2} * s[1] + (1 - double{a.beta2}) * g * g;
        const double d =
            (1 - std::pow(a.beta1, t)) / a.lr *
            (std::sqrt(s[1] / (1 - std::pow(double{a.beta2}, t))) + a.epsilon);
        s[2] = double{a.beta1} * s[2] + (1 - double{a.beta1}) * g -
               (d - double{a.beta1} * s[0]) * w;
        s[0] = d;
        return -s[2] / d;
      },
      /*tolerance=*/256);
}

OpCase LambPhase1Case(const char* label, LambUpdatePhase1Attrs a) {
  return {.op = "lamb_update_phase1",
          .label = label,
          .attrs = a,
          .inputs = {{.shape = {3, 4}},
                     {.shape = {3, 4}},
                     State(),
                     State(kPositiveLow, 2)},
          .formula = UpdateFormula(
              [a](double w, double grad, std::vector<double>& s) {
                const double g = Clip(a.rescale_grad * grad, a.clip_gradient);
                s[0] = double{a.beta1} * s[0] + (1 - double{a.beta1}) * g;
                s[1] = double{a.beta2} * s[1] + (1 - double{a.beta2}) * g * g;
                const double t = static_cast<double>(a.t);
                const double m =
                    a.bias_correction ? 1 - std::pow(double{a.beta1}, t) : 1;
                const double v =
                    a.bias_correction ? 1 - std::pow(double{a.beta2}, t) : 1;
                return s[0] / m / (std::sqrt(s[1] / v) + a.epsilon) +
                       double{a.wd} * w;
              },
              /*mixed=*/false),
          .tolerance = 256,
          .magnitude = 4,
          .elementwise = true};
}

OpCase LambPhase2Case(const char* label, LambUpdatePhase2Attrs a, double r1,
                      double r2) {
  return {.op = "lamb_update_phase2",
          .label = label,
          .attrs = a,
          .inputs = {{.shape = {3, 4}},
                     {.shape = {3, 4}},
                     {.shape = {1}, .values = {r1}},
                     {.shape = {1}, .values = {r2}}},
          .formula =
              [a](absl::Span<const TestArray> in) {
                double norm = in[2].values[0];
                const double of_g = in[3].values[0];
                if (a.lower_bound >= 0)
                  norm = std::max<double>(norm, a.lower_bound);
                if (a.upper_bound >= 0)
                  norm = std::min<double>(norm, a.upper_bound);
                const double ratio = norm == 0 || of_g == 0 ? 1 : norm / of_g;
                TestArray out{.shape = in[0].shape};
                for (size_t i = 0; i < in[0].values.size(); ++i) {
                  out.values.push_back(in[0].values[i] -
                                       a.lr * ratio * in[1].values[i]);
                }
                return std::vector{out};
              },
          .tolerance = 32,
          .magnitude = 8};
}

ElementRule NagRule(NagMomUpdateAttrs a) {
  return [a](double w, double grad, std::vector<double>& s) {
    const double g =
        Clip(a.rescale_grad * grad, a.clip_gradient) + double{a.wd} * w;
    s[0] = double{a.momentum} * s[0] - double{a.lr} * g;
    return w + double{a.momentum} * s[0] - double{a.lr} * g;
  };
}

ElementRule SgdRuleOf(SgdMomUpdateAttrs a, bool momentum) {
  return [a, momentum](double w, double grad, std::vector<double>& s) {
    const double step =
        -double{a.lr} * a.wd * w -
        double{a.lr} * Clip(a.rescale_grad * grad, a.clip_gradient);
    if (!momentum) return w + step;
    s[0] = double{a.momentum} * s[0] + step;
    return w + s[0];
  };
}

// Values with which float32 computes exactly: so an output in float64 is exact,
// too, as it is in mixed precision.
TestInput Exact(Shape shape, size_t phase) {
  std::vector<double> values = {-2, -1.25, -0.5, 0.25, 1, 1.75, 0.5, -1};
  std::rotate(values.begin(),
              values.begin() + static_cast<int64_t>(phase % values.size()),
              values.end());
  return {.shape = std::move(shape), .values = std::move(values)};
}

OpCase MixedCase(const char* op, const char* label, Attrs attrs,
                 size_t num_states, ElementRule rule) {
  std::vector<TestInput> inputs;
  for (size_t i = 0; i < 3 + num_states; ++i) {
    inputs.push_back(Exact({3, 4}, 3 * i));
  }
  return {.op = op,
          .label = label,
          .attrs = std::move(attrs),
          .inputs = std::move(inputs),
          .formula = UpdateFormula(std::move(rule), /*mixed=*/true),
          .elementwise = true};
}

// Two weights of different shapes. If preloaded the last inputs are the
// learning rates and weight decays.
OpCase MultiCase(const char* op, Attrs attrs, bool momentum, bool mixed,
                 bool preloaded) {
  const std::vector<SgdMomUpdateAttrs> rules = {{.lr = 0.5f,
                                                 .momentum = 0.75f,
                                                 .wd = 0.25f,
                                                 .rescale_grad = 2,
                                                 .clip_gradient = 1.5f},
                                                {.lr = 0.25f,
                                                 .momentum = 0.75f,
                                                 .wd = 0,
                                                 .rescale_grad = 2,
                                                 .clip_gradient = 1.5f}};
  const size_t group_size = 2 + momentum + mixed;
  std::vector<TestInput> inputs;
  for (const Shape& shape : {Shape{3, 4}, Shape{5}}) {
    for (size_t i = 0; i < group_size; ++i) {
      inputs.push_back(Exact(shape, 3 * i));
    }
  }
  if (preloaded) {
    inputs.push_back({.shape = {2}, .values = {0.5, 0.25}});
    inputs.push_back({.shape = {2}, .values = {0.25, 0}});
  }
  OpCase result = {
      .op = op,
      .attrs = std::move(attrs),
      .inputs = std::move(inputs),
      .formula = [=](absl::Span<const TestArray> in) {
        std::vector<TestArray> weights, states;
        for (size_t group = 0; group < 2; ++group) {
          auto out = UpdateFormula(SgdRuleOf(rules[group], momentum), mixed)(
              in.subspan(group * group_size, group_size));
          weights.push_back(out[0]);
          states.insert(states.end(), out.begin() + 1, out.end());
        }
        weights.insert(weights.end(), states.begin(), states.end());
        return weights;
      }};
  // The second group begins within a block.
  result.large.assign(group_size, {300, 200});
  result.large.resize(2 * group_size, {50000});
  if (preloaded) result.large.resize(2 * group_size + 2, {2});
  return result;
}

std::vector<OpCase> MultiCases() {
  const MultiSgdUpdateAttrs sgd = {.lrs = std::vector{0.5f, 0.25f},
                                   .wds = std::vector{0.25f, 0.0f},
                                   .rescale_grad = 2,
                                   .clip_gradient = 1.5f,
                                   .num_weights = 2};
  const MultiSgdMomUpdateAttrs mom = {.lrs = sgd.lrs,
                                      .wds = sgd.wds,
                                      .momentum = 0.75f,
                                      .rescale_grad = 2,
                                      .clip_gradient = 1.5f,
                                      .num_weights = 2};
  const PreloadedMultiSgdUpdateAttrs preloaded = {
      .rescale_grad = 2, .clip_gradient = 1.5f, .num_weights = 2};
  const PreloadedMultiSgdMomUpdateAttrs preloaded_mom = {.momentum = 0.75f,
                                                         .rescale_grad = 2,
                                                         .clip_gradient = 1.5f,
                                                         .num_weights = 2};
  return {
      MultiCase("multi_sgd_update", sgd, false, false, false),
      MultiCase("multi_sgd_mom_update", mom, true, false, false),
      MultiCase("multi_mp_sgd_update", sgd, false, true, false),
      MultiCase("multi_mp_sgd_mom_update", mom, true, true, false),
      MultiCase("preloaded_multi_sgd_update", preloaded, false, false, true),
      MultiCase("preloaded_multi_sgd_mom_update", preloaded_mom, true, false,
                true),
      MultiCase("preloaded_multi_mp_sgd_update", preloaded, false, true, true),
      MultiCase("preloaded_multi_mp_sgd_mom_update", preloaded_mom, true, true,
                true),
  };
}

}  // namespace

std::vector<OpCase> UpdateOpCases() {
  const NagMomUpdateAttrs nag = {.lr = 0.5f,
                                 .momentum = 0.75f,
                                 .wd = 0.25f,
                                 .rescale_grad = 2,
                                 .clip_gradient = 1.5f};
  const SgdMomUpdateAttrs sgd = {.lr = 0.5f,
                                 .momentum = 0.75f,
                                 .wd = 0.25f,
                                 .rescale_grad = 2,
                                 .clip_gradient = 1.5f};
  std::vector<OpCase> cases = {
      AdamCase("plain", {.lr = 0.5f}),
      AdamCase("all", {.lr = 0.5f,
                       .beta1 = 0.75f,
                       .beta2 = 0.875f,
                       .epsilon = 0.125f,
                       .wd = 0.25f,
                       .rescale_grad = 2,
                       .clip_gradient = 1.5f}),
      FtrlCase("plain", {.lr = 0.5f}),
      FtrlCase("all", {.lr = 0.5f,
                       .lamda1 = 0.5f,
                       .beta = 2,
                       .wd = 0.25f,
                       .rescale_grad = 2,
                       .clip_gradient = 1.5f}),
      AdagradCase("plain", {.lr = 0.5f}),
      AdagradCase("all", {.lr = 0.5f,
                          .epsilon = 0.25f,
                          .wd = 0.25f,
                          .rescale_grad = 2,
                          .clip_gradient = 1.5f}),
      SignsgdCase({.lr = 0.5f,
                   .wd = 0.25f,
                   .rescale_grad = -1,
                   .clip_gradient = 0.25f}),
      SignumCase("plain", {.lr = 0.5f}),
      SignumCase("all", {.lr = 0.5f,
                         .momentum = 0.75f,
                         .wd = 0.25f,
                         .rescale_grad = 2,
                         .clip_gradient = 1.5f,
                         .wd_lh = 0.125f}),
      RmspropCase("plain", {.lr = 0.5f}),
      RmspropCase("all", {.lr = 0.5f,
                          .gamma1 = 0.75f,
                          .epsilon = 0.125f,
                          .wd = 0.25f,
                          .rescale_grad = 2,
                          .clip_gradient = 1.5f,
                          .clip_weights = 1.25f}),
      RmspropalexCase("plain", {.lr = 0.5f}),
      RmspropalexCase("all", {.lr = 0.5f,
                              .gamma1 = 0.875f,
                              .gamma2 = 0.75f,
                              .epsilon = 0.125f,
                              .wd = 0.25f,
                              .rescale_grad = 2,
                              .clip_gradient = 1.5f,
                              .clip_weights = 1.25f}),
      FtmlCase("plain", {.lr = 0.5f, .t = 1}),
      FtmlCase("all", {.lr = 0.5f,
                       .t = 3,
                       .beta1 = 0.5f,
                       .beta2 = 0.75f,
                       .epsilon = 0.125,
                       .wd = 0.25f,
                       .rescale_grad = 2,
                       .clip_grad = 1.5f}),
      LambPhase1Case("plain", {.t = 1, .wd = 0.25f}),
      LambPhase1Case("all", {.t = 3,
                             .wd = 0.25f,
                             .beta1 = 0.75f,
                             .beta2 = 0.875f,
                             .epsilon = 0.125f,
                             .rescale_grad = 2,
                             .clip_gradient = 1.5f}),
      LambPhase1Case("uncorrected",
                     {.t = 3, .wd = 0, .bias_correction = false}),
      LambPhase2Case("plain", {.lr = 0.5f}, 3, 2),
      LambPhase2Case("no norm", {.lr = 0.5f}, 0, 2),
      LambPhase2Case("no norm of g", {.lr = 0.5f}, 2, 0),
      LambPhase2Case("lower", {.lr = 0.5f, .lower_bound = 4}, 3, 2),
      LambPhase2Case("upper", {.lr = 0.5f, .upper_bound = 1}, 3, 2),
      UpdateCase("nag_mom_update", "", nag, {State()}, NagRule(nag)),
      MixedCase("mp_nag_mom_update", "", nag, 1, NagRule(nag)),
      MixedCase("mp_sgd_update", "",
                SgdUpdateAttrs{.lr = sgd.lr,
                               .wd = sgd.wd,
                               .rescale_grad = sgd.rescale_grad,
                               .clip_gradient = sgd.clip_gradient},
                0, SgdRuleOf(sgd, false)),
      MixedCase("mp_sgd_mom_update", "", sgd, 1, SgdRuleOf(sgd, true)),
  };
  for (OpCase& c : MultiCases()) cases.push_back(std::move(c));
  return cases;
}

}  // namespace minnow
