#include "minnow/ops/softmax_cross_entropy.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "minnow/core/convert.h"
#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/lines.h"
#include "minnow/ops/softmax_lines.h"

namespace minnow {
namespace {

// As in MXNet: so a row costs at most 18.42.
constexpr double kLeastProbability = 1e-8;

struct LossPlan {
  LinePlan lines;
  // Of the losses of the rows, in the workspace.
  int64_t losses_at;
  int64_t workspace_bytes;
};

// `data` is the argument of this number.
template <typename T, size_t data>
absl::StatusOr<LossPlan> PrepareLoss(const Attrs&,
                                     absl::Span<const Shape> shapes) {
  const Lines lines = {shapes[data][0], shapes[data][1], 1};
  const LinePlan plan = PlanLines(lines, 1, sizeof(ComputeType<T>));
  const int64_t losses = lines.outer * static_cast<int64_t>(sizeof(double));
  return LossPlan{plan, plan.workspace_bytes, plan.workspace_bytes + losses};
}

template <typename T>
absl::Status CheckLabels(Dense<const T> label, int64_t num_classes) {
  for (int64_t i = 0; i < label.size(); ++i) {
    const auto found = Convert<int64_t>(label.data()[i]);
    if (found < 0 || found >= num_classes) {
      return absl::InvalidArgumentError(
          absl::StrCat("argument 'label': expected a class in [0, ",
                       num_classes, "), found ", found, " in row ", i));
    }
  }
  return absl::OkStatus();
}

// Calls f(row, probabilities) for each row.
template <typename T, typename F>
void ForEachRow(const RunContext& context, const LinePlan& plan, const T* data,
                const F& f) {
  using C = ComputeType<T>;
  const int64_t size = plan.lines.size;
  ForEachTile(*context.threads, plan, context.workspace,
              [&](const LineTile& tile) {
                C* const x = reinterpret_cast<C*>(tile.memory);
                LoadLines(plan.lines, tile, data, x);
                SoftmaxLines<C>(tile.count, size, C{1}, false, x, x);
                for (int64_t l = 0; l < tile.count; ++l) {
                  f(tile.first + l, x + l * size);
                }
              });
}

template <typename T>
absl::Status Loss(const RunContext& context, const NoAttrs&,
                  const LossPlan& plan, Dense<const T> data,
                  Dense<const T> label, Dense<T> out) {
  using C = ComputeType<T>;
  MINNOW_RETURN_IF_ERROR(CheckLabels(label, plan.lines.lines.size));
  double* const losses =
      reinterpret_cast<double*>(context.workspace.data() + plan.losses_at);
  ForEachRow(context, plan.lines, data.data(), [&](int64_t row, const C* p) {
    const double probability = p[Convert<int64_t>(label.data()[row])];
    // Not std::max, which could lose a NaN.
    losses[row] = -std::log(probability < kLeastProbability ? kLeastProbability
                                                            : probability);
  });
  double sum = 0;
  for (int64_t i = 0; i < label.size(); ++i) sum += losses[i];
  out.data()[0] = static_cast<T>(static_cast<C>(sum));
  return absl::OkStatus();
}

template <typename T>
absl::Status LossBackward(const RunContext& context, const NoAttrs&,
                          const LossPlan& plan, Dense<const T> head,
                          Dense<const T> data, Dense<const T> label,
                          Dense<T> grad) {
  using C = ComputeType<T>;
  const int64_t size = plan.lines.lines.size;
  MINNOW_RETURN_IF_ERROR(CheckLabels(label, size));
  const C h = static_cast<C>(head.data()[0]);
  ForEachRow(context, plan.lines, data.data(), [&](int64_t row, C* p) {
    p[Convert<int64_t>(label.data()[row])] -= 1;
    for (int64_t i = 0; i < size; ++i) p[i] *= h;
    ConvertElements(p, grad.data() + row * size, size);
  });
  return absl::OkStatus();
}

// `data` is followed by `label`.
absl::Status InferRows(ShapeInference& node, size_t data) {
  constexpr int64_t kUnknown = Shape::kUnknown;
  MINNOW_RETURN_IF_ERROR(node.MergeInput(data, {kUnknown, kUnknown}));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(data + 1, {node.input(data)[0]}));
  return node.MergeInput(data, {node.input(data + 1)[0], kUnknown});
}

OpDef SoftmaxCrossEntropyOp() {
  return {
      .name = "softmax_cross_entropy",
      .doc = R"(out = sum_i -log(max(softmax(data[i])[label[i]], 1e-8))
The gradient is that without the bound of 1e-8. Labels have no gradient.)",
      .inputs = {"data", "label"},
      .shape = [](ShapeInference& node) -> absl::Status {
        MINNOW_RETURN_IF_ERROR(InferRows(node, 0));
        return node.MergeOutput(0, {1});
      },
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        if (node.wanted(1)) {
          return {node.builder().Fail(absl::InvalidArgumentError(
              "softmax_cross_entropy: argument 'label': expected classes, "
              "which have no gradient; found that theirs is asked for"))};
        }
        return {Compose("_backward_softmax_cross_entropy",
                        {node.head(0), node.input(0), node.input(1)}),
                Symbol{}};
      },
      .kernels = KernelsFor(
          FloatTypes(),
          []<typename T>() { return KernelOf<Loss<T>, PrepareLoss<T, 0>>(); }),
      .fails_on_data = true,
  };
}

OpDef SoftmaxCrossEntropyBackwardOp() {
  return {
      .name = "_backward_softmax_cross_entropy",
      .doc = "grad = (softmax(data) - onehot(label)) * head",
      .inputs = {"head", "data", "label"},
      .outputs = {"grad"},
      .shape = [](ShapeInference& node) -> absl::Status {
        MINNOW_RETURN_IF_ERROR(node.MergeInput(0, {1}));
        MINNOW_RETURN_IF_ERROR(node.MergeInput(1, node.output(0)));
        MINNOW_RETURN_IF_ERROR(InferRows(node, 1));
        return node.MergeOutput(0, node.input(1));
      },
      .kernels =
          KernelsFor(FloatTypes(),
                     []<typename T>() {
                       return KernelOf<LossBackward<T>, PrepareLoss<T, 1>>();
                     }),
      .fails_on_data = true,
  };
}

}  // namespace

std::vector<OpDef> SoftmaxCrossEntropyOps() {
  return {SoftmaxCrossEntropyOp(), SoftmaxCrossEntropyBackwardOp()};
}

}  // namespace minnow
