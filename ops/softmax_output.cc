#include "minnow/ops/softmax_output.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "minnow/core/convert.h"
#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/any_dtype.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/lines.h"
#include "minnow/ops/softmax_lines.h"

namespace minnow {
namespace {

Lines ClassLines(const SoftmaxOutputAttrs& a, const Shape& data) {
  if (a.multi_output) return LinesAlong(data, 1);
  if (a.preserve_shape) return LinesAlong(data, data.rank() - 1);
  return {data[0], data.num_elements(1, data.rank()), 1};
}

absl::StatusOr<SoftmaxPlan> PrepareOutput(const Attrs& attrs,
                                          absl::Span<const Shape> shapes,
                                          const ArgTypes& types) {
  return PlanSoftmax(ClassLines(attrs.As<SoftmaxOutputAttrs>(), shapes[0]),
                     /*tiles=*/1, types[0].dtype, types[0].dtype);
}

absl::Status SoftmaxOutput(const RunContext& context, const SoftmaxOutputAttrs&,
                           const SoftmaxPlan& plan, AnyIn<0> data, AnyIn<0>,
                           AnyOut<0> out) {
  RunSoftmax(context, plan, data, out);
  return absl::OkStatus();
}

// Of (out, label, ...).
struct LossPlan {
  Lines lines;
  // Labels are probabilities of all classes.
  bool label_is_distribution;
};

absl::StatusOr<LossPlan> PrepareLoss(const Attrs& attrs,
                                     absl::Span<const Shape> shapes) {
  return LossPlan{ClassLines(attrs.As<SoftmaxOutputAttrs>(), shapes[0]),
                  shapes[0] == shapes[1]};
}

template <typename T>
float GradientScale(const SoftmaxOutputAttrs& a, const LossPlan& plan,
                    Dense<const T> label) {
  float scale = a.grad_scale;
  if (plan.label_is_distribution) return scale;
  if (a.normalization == Normalization::kValid) {
    const auto ignored = Convert<int64_t>(a.ignore_label);
    int64_t valid = 0;
    for (T x : label.values) valid += Convert<int64_t>(x) != ignored;
    return scale / static_cast<float>(std::max<int64_t>(valid, 1));
  }
  if (a.multi_output) scale /= static_cast<float>(plan.lines.inner);
  if (a.normalization == Normalization::kBatch) {
    scale /=
        static_cast<float>(a.multi_output ? plan.lines.outer : label.size());
  }
  return scale;
}

// grad = (out - expected) * scale, where the labels say what was expected.
template <typename T>
void LossGradient(const RunContext& context, const SoftmaxOutputAttrs& a,
                  const LossPlan& plan, Dense<const T> out,
                  Dense<const T> label, T* grad) {
  using C = ComputeType<T>;
  const C scale = GradientScale(a, plan, label);
  const T* const p = out.data();
  if (plan.label_is_distribution) {
    ParallelFor(*context.threads, out.size(), int64_t{1} << 15,
                [&](int64_t begin, int64_t end) {
                  for (int64_t i = begin; i < end; ++i) {
                    grad[i] = static_cast<T>((static_cast<C>(p[i]) -
                                              static_cast<C>(label.data()[i])) *
                                             scale);
                  }
                });
    return;
  }
  const Lines& lines = plan.lines;
  const auto ignored = Convert<int64_t>(a.ignore_label);
  // Labels are not smoothed with multi_output.
  const C alpha = a.multi_output ? C{0} : static_cast<C>(a.smooth_alpha);
  const C elsewhere =
      alpha == 0 ? C{0} : alpha / static_cast<C>(lines.size - 1);
  const int64_t grain = (1 << 14) / std::max<int64_t>(lines.size, 1) + 1;
  ParallelFor(
      *context.threads, lines.count(), grain, [&](int64_t begin, int64_t end) {
        for (int64_t l = begin; l < end; ++l) {
          const int64_t expected = Convert<int64_t>(label.data()[l]);
          const int64_t first = lines.First(l);
          const bool counts = !a.use_ignore || expected != ignored;
          for (int64_t i = 0; i < lines.size; ++i) {
            const int64_t at = first + i * lines.inner;
            const C wanted = i == expected ? C{1} - alpha : elsewhere;
            grad[at] = static_cast<T>(
                counts ? (static_cast<C>(p[at]) - wanted) * scale : C{0});
          }
        }
      });
}

template <typename T>
absl::Status Backward(const RunContext& context, const SoftmaxOutputAttrs& a,
                      const LossPlan& plan, Dense<const T> out,
                      Dense<const T> label, Dense<T> grad) {
  LossGradient(context, a, plan, out, label, grad.data());
  return absl::OkStatus();
}

template <typename T>
absl::Status BackwardWithHead(const RunContext& context,
                              const SoftmaxOutputAttrs& a, const LossPlan& plan,
                              Dense<const T> out, Dense<const T> label,
                              Dense<const T> head, Dense<T> grad) {
  LossGradient(context, a, plan, out, label, grad.data());
  ParallelFor(*context.threads, grad.size(), int64_t{1} << 15,
              [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; ++i) {
                  grad.data()[i] =
                      static_cast<T>(grad.data()[i] * head.data()[i]);
                }
              });
  return absl::OkStatus();
}

bool UsesHead(const Attrs& attrs) {
  return attrs.As<SoftmaxOutputAttrs>().out_grad;
}

std::vector<Kernel> BackwardKernels() {
  std::vector<Kernel> kernels;
  [&]<typename... T>(Types<T...>) {
    (kernels.push_back(KernelOf<Backward<T>, PrepareLoss>().When(
         [](const Attrs& attrs) { return !UsesHead(attrs); })),
     ...);
    (kernels.push_back(
         KernelOf<BackwardWithHead<T>, PrepareLoss>().When(UsesHead)),
     ...);
  }(FloatTypes());
  return kernels;
}

// `data` and `label` are the inputs of these numbers.
absl::Status InferLabel(ShapeInference& node, size_t data_input,
                        size_t label_input) {
  const auto& a = node.attrs<SoftmaxOutputAttrs>();
  const Shape& data = node.input(data_input);
  const Shape& label = node.input(label_input);
  if (!data.known_rank()) return absl::OkStatus();
  if (data.rank() < (a.multi_output ? 2 : 1)) {
    return node.InputError(
        data_input, a.multi_output ? "at least two axes" : "at least one axis");
  }
  if (label.known() && label == data) return absl::OkStatus();
  const size_t axis = a.multi_output ? 1 : data.rank() - 1;
  Shape expected = Shape::Scalar();
  for (size_t i = 0; i < data.rank(); ++i) {
    if (i != axis) expected.push_back(data[i]);
  }
  // Also all places of an example in one axis, or an axis of size 1 for the
  // classes.
  if (a.multi_output && data.known() && label.known() && label != expected) {
    const Shape flat = {data[0], data.num_elements(2, data.rank())};
    Shape kept = data;
    kept.set(1, 1);
    if (label == flat || label == kept) return absl::OkStatus();
  }
  return node.MergeInput(label_input, expected);
}

absl::Status InferOutput(ShapeInference& node) {
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(0)));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(0, node.output(0)));
  return InferLabel(node, 0, 1);
}

absl::Status InferBackward(ShapeInference& node) {
  MINNOW_RETURN_IF_ERROR(InferOutput(node));
  return node.num_inputs() == 3 ? node.MergeInput(2, node.output(0))
                                : absl::OkStatus();
}

std::vector<InputDef> BackwardInputs(const Attrs& attrs) {
  if (UsesHead(attrs)) return {"out", "label", "head"};
  return {"out", "label"};
}

std::vector<Symbol> SoftmaxOutputGradient(const GradientContext& node) {
  const Attrs attrs = node.untyped_attrs();
  const Symbol out = node.output(0), label = node.input(1);
  if (UsesHead(attrs)) {
    return {
        Compose("_backward_SoftmaxOutput", {out, label, node.head(0)}, attrs),
        Symbol{}};
  }
  return {Compose("_backward_SoftmaxOutput", {out, label}, attrs), Symbol{}};
}

OpDef SoftmaxOutputOp() {
  return {
      .name = "SoftmaxOutput",
      .aliases = {"Softmax"},
      .doc = R"(out = softmax(data)
The gradient of data is (out - onehot(label)) * grad_scale, or (out - label) *
grad_scale for labels of the shape of data, over the normalization.)",
      .attrs = AttrsTypeOf<SoftmaxOutputAttrs>(),
      .inputs = {"data", {"label", Access::kUnread}},
      .shape = InferOutput,
      .gradient = SoftmaxOutputGradient,
      .kernels = AnyKernels<SoftmaxOutput, PrepareOutput>(FloatTypes()),
  };
}

OpDef SoftmaxOutputBackwardOp() {
  return {
      .name = "_backward_SoftmaxOutput",
      .doc = "The gradient of SoftmaxOutput with respect to data.",
      .attrs = AttrsTypeOf<SoftmaxOutputAttrs>(),
      .inputs = BackwardInputs,
      .outputs = {"grad"},
      .shape = InferBackward,
      .inplace = {{0, 0}},
      .kernels = BackwardKernels(),
  };
}

}  // namespace

namespace op {

Symbol SoftmaxOutput(Symbol data, Symbol label, const SoftmaxOutputAttrs& attrs,
                     NodeOptions options) {
  return Compose("SoftmaxOutput", {data, label}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> SoftmaxOutputOps() {
  return {SoftmaxOutputOp(), SoftmaxOutputBackwardOp()};
}

}  // namespace minnow
