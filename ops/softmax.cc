#include "minnow/ops/softmax.h"

#include <utility>
#include <vector>

#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/any_dtype.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/elementwise.h"
#include "minnow/ops/lines.h"
#include "minnow/ops/softmax_lines.h"

namespace minnow {
namespace {

enum class Kind { kSoftmax, kLogSoftmax, kSoftmin };

// For data and results of these types.
absl::StatusOr<SoftmaxPlan> PlanOf(const Attrs& attrs, const Shape& shape,
                                   Kind kind, int64_t tiles, DType data,
                                   DType result) {
  const auto& a = attrs.As<SoftmaxAttrs>();
  MINNOW_ASSIGN_OR_RETURN(size_t axis, ResolveAxis(a.axis, shape.rank()));
  const double temperature = a.temperature.value_or(1.0);
  // softmin is softmax at a negative temperature.
  return PlanSoftmax(LinesAlong(shape, axis), tiles, data, result,
                     kind == Kind::kSoftmin ? -temperature : temperature,
                     kind == Kind::kLogSoftmax);
}

template <Kind kind>
absl::StatusOr<SoftmaxPlan> Prepare(const Attrs& attrs,
                                    absl::Span<const Shape> shapes,
                                    const ArgTypes& types) {
  return PlanOf(attrs, shapes[0], kind, 1, types[0].dtype, types[1].dtype);
}

template <Kind kind>
absl::StatusOr<SoftmaxPlan> PrepareBackward(const Attrs& attrs,
                                            absl::Span<const Shape> shapes,
                                            const ArgTypes& types) {
  return PlanOf(attrs, shapes[0], kind, 2, types[2].dtype, types[1].dtype);
}

absl::Status Softmax(const RunContext& context, const SoftmaxAttrs&,
                     const SoftmaxPlan& plan, AnyIn<0> data, AnyOut<1> out) {
  RunSoftmax(context, plan, data, out);
  return absl::OkStatus();
}

absl::Status SoftmaxWithLength(const RunContext& context, const SoftmaxAttrs&,
                               const SoftmaxPlan& plan, AnyIn<0> data,
                               AnyIn<1> length, AnyOut<0> out) {
  RunSoftmaxWithLength(context, plan, data, length, out);
  return absl::OkStatus();
}

// Of the third argument only the type matters.
absl::Status SoftmaxBackward(const RunContext& context, const SoftmaxAttrs&,
                             const SoftmaxPlan& plan, AnyIn<1> head,
                             AnyIn<1> out, AnyIn<0>, AnyOut<0> grad) {
  RunSoftmaxGradient(context, plan, head, out, grad);
  return absl::OkStatus();
}

bool UsesLength(const Attrs& attrs) {
  return attrs.As<SoftmaxAttrs>().use_length.value_or(false);
}

// For all pairs of floating types.
template <Kind kind>
std::vector<Kernel> SoftmaxKernels() {
  return AnyKernels<Softmax, Prepare<kind>>(
      FloatTypes(), FloatTypes(),
      [](const Attrs& attrs) { return !UsesLength(attrs); });
}

// The result has the type of data, whatever that of `length` is.
absl::StatusOr<SoftmaxPlan> PrepareWithLength(const Attrs& attrs,
                                              absl::Span<const Shape> shapes,
                                              const ArgTypes& types) {
  return PlanOf(attrs, shapes[0], Kind::kSoftmax, 1, types[0].dtype,
                types[0].dtype);
}

std::vector<Kernel> SoftmaxAndLengthKernels() {
  return Joined({SoftmaxKernels<Kind::kSoftmax>(),
                 AnyKernels<SoftmaxWithLength, PrepareWithLength>(
                     FloatTypes(), Types<int32_t, int64_t>(), UsesLength)});
}

template <Kind kind>
std::vector<Kernel> BackwardKernels() {
  return AnyKernels<SoftmaxBackward, PrepareBackward<kind>>(FloatTypes(),
                                                            FloatTypes());
}

absl::Status InferSoftmax(ShapeInference& node) {
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(0)));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(0, node.output(0)));
  const Shape& data = node.input(0);
  if (!data.known_rank()) return absl::OkStatus();
  const absl::StatusOr<size_t> axis =
      ResolveAxis(node.attrs<SoftmaxAttrs>().axis, data.rank());
  if (!axis.ok()) return Annotate(axis.status(), "attribute 'axis'");
  if (node.num_inputs() == 1) return absl::OkStatus();
  Shape length = Shape::Scalar();
  for (size_t i = 0; i < data.rank(); ++i) {
    if (i != *axis) length.push_back(data[i]);
  }
  return node.MergeInput(1, length);
}

absl::Status InferWithoutLength(ShapeInference& node) {
  if (UsesLength(node.untyped_attrs())) {
    return absl::InvalidArgumentError(
        "attribute 'use_length': expected False, found True");
  }
  return InferSoftmax(node);
}

absl::Status InferSoftmaxDType(DTypeInference& node) {
  const std::optional<DType> dtype = node.attrs<SoftmaxAttrs>().dtype;
  if (dtype.has_value()) return node.MergeOutput(0, dtype);
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(0)));
  return node.MergeInput(0, node.output(0));
}

// Of (head, out, data): a gradient has the type of what it belongs to.
absl::Status InferBackwardDType(DTypeInference& node) {
  MINNOW_RETURN_IF_ERROR(node.MergeInput(0, node.input(1)));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(1, node.input(0)));
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(2)));
  return node.MergeInput(2, node.output(0));
}

template <const char* backward>
std::vector<Symbol> SoftmaxGradient(const GradientContext& node) {
  SoftmaxAttrs attrs = node.attrs<SoftmaxAttrs>();
  attrs.use_length = false;  // What does not count has a gradient of 0 anyway.
  std::vector<Symbol> grads(node.num_inputs());
  grads[0] =
      Compose(backward, {node.head(0), node.output(0), node.input(0)}, attrs);
  return grads;
}

constexpr char kBackwardSoftmax[] = "_backward_softmax";
constexpr char kBackwardLogSoftmax[] = "_backward_log_softmax";
constexpr char kBackwardSoftmin[] = "_backward_softmin";

std::vector<InputDef> SoftmaxInputs(const Attrs& attrs) {
  if (UsesLength(attrs)) return {"data", "length"};
  return {"data"};
}

OpDef SoftmaxOp() {
  return {
      .name = "softmax",
      .aliases = {"_npx_softmax"},
      .doc =
          "out[i] = exp(data[i] / temperature) / sum_k exp(data[k] / "
          "temperature), along the axis",
      .attrs = AttrsTypeOf<SoftmaxAttrs>(),
      .inputs = SoftmaxInputs,
      .shape = InferSoftmax,
      .dtype = InferSoftmaxDType,
      .gradient = SoftmaxGradient<kBackwardSoftmax>,
      .kernels = SoftmaxAndLengthKernels(),
  };
}

OpDef LogSoftmaxOp() {
  return {
      .name = "log_softmax",
      .aliases = {"_npx_log_softmax"},
      .doc =
          "out[i] = data[i] / temperature - log(sum_k exp(data[k] / "
          "temperature)), along the axis",
      .attrs = AttrsTypeOf<SoftmaxAttrs>(),
      .inputs = {"data"},
      .shape = InferWithoutLength,
      .dtype = InferSoftmaxDType,
      .gradient = SoftmaxGradient<kBackwardLogSoftmax>,
      .kernels = SoftmaxKernels<Kind::kLogSoftmax>(),
  };
}

OpDef SoftminOp() {
  return {
      .name = "softmin",
      .doc =
          "out[i] = exp(-data[i] / temperature) / sum_k exp(-data[k] / "
          "temperature), along the axis",
      .attrs = AttrsTypeOf<SoftmaxAttrs>(),
      .inputs = {"data"},
      .shape = InferWithoutLength,
      .dtype = InferSoftmaxDType,
      .gradient = SoftmaxGradient<kBackwardSoftmin>,
      .kernels = SoftmaxKernels<Kind::kSoftmin>(),
  };
}

OpDef SoftmaxBackwardOp() {
  return {
      .name = kBackwardSoftmax,
      .doc = "grad = out * (head - sum(head * out)) / temperature",
      .attrs = AttrsTypeOf<SoftmaxAttrs>(),
      .inputs = {"head", "out", {"data", Access::kUnread}},
      .outputs = {"grad"},
      .shape = SameShape,
      .dtype = InferBackwardDType,
      .kernels = BackwardKernels<Kind::kSoftmax>(),
  };
}

OpDef SoftminBackwardOp() {
  return {
      .name = kBackwardSoftmin,
      .doc = "grad = -out * (head - sum(head * out)) / temperature",
      .attrs = AttrsTypeOf<SoftmaxAttrs>(),
      .inputs = {"head", "out", {"data", Access::kUnread}},
      .outputs = {"grad"},
      .shape = SameShape,
      .dtype = InferBackwardDType,
      .kernels = BackwardKernels<Kind::kSoftmin>(),
  };
}

OpDef LogSoftmaxBackwardOp() {
  return {
      .name = kBackwardLogSoftmax,
      .doc = "grad = (head - exp(out) * sum(head)) / temperature",
      .attrs = AttrsTypeOf<SoftmaxAttrs>(),
      .inputs = {"head", "out", {"data", Access::kUnread}},
      .outputs = {"grad"},
      .shape = SameShape,
      .dtype = InferBackwardDType,
      .kernels = BackwardKernels<Kind::kLogSoftmax>(),
  };
}

// SoftmaxActivation ----------------------------------------------------------

template <int64_t tiles>
absl::StatusOr<SoftmaxPlan> PrepareActivation(const Attrs& attrs,
                                              absl::Span<const Shape> shapes,
                                              const ArgTypes& types) {
  const Shape& x = shapes[0];
  const bool channel =
      attrs.As<SoftmaxActivationAttrs>().mode == SoftmaxMode::kChannel;
  const Lines lines =
      channel ? LinesAlong(x, 1) : Lines{x[0], x.num_elements(1, x.rank()), 1};
  return PlanSoftmax(lines, tiles, types[0].dtype, types[0].dtype);
}

absl::Status Activation(const RunContext& context,
                        const SoftmaxActivationAttrs&, const SoftmaxPlan& plan,
                        AnyIn<0> data, AnyOut<0> out) {
  RunSoftmax(context, plan, data, out);
  return absl::OkStatus();
}

absl::Status ActivationBackward(const RunContext& context,
                                const SoftmaxActivationAttrs&,
                                const SoftmaxPlan& plan, AnyIn<0> head,
                                AnyIn<0> out, AnyOut<0> grad) {
  RunSoftmaxGradient(context, plan, head, out, grad);
  return absl::OkStatus();
}

absl::Status InferActivation(ShapeInference& node) {
  MINNOW_RETURN_IF_ERROR(SameShape(node));
  const bool channel =
      node.attrs<SoftmaxActivationAttrs>().mode == SoftmaxMode::kChannel;
  const Shape& data = node.input(0);
  if (!data.known_rank() || data.rank() >= (channel ? 3 : 1)) {
    return absl::OkStatus();
  }
  return node.InputError(
      0, channel ? "three dimensions or more" : "one dimension or more");
}

OpDef SoftmaxActivationOp() {
  return {
      .name = "SoftmaxActivation",
      .doc =
          "out = exp(data) / sum(exp(data)), where the sum is over axis 1 "
          "(channel), or over all axes but the first one (instance)",
      .attrs = AttrsTypeOf<SoftmaxActivationAttrs>(),
      .inputs = {"data"},
      .shape = InferActivation,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        return {Compose("_backward_SoftmaxActivation",
                        {node.head(0), node.output(0)}, node.untyped_attrs())};
      },
      .kernels = AnyKernels<Activation, PrepareActivation<1>>(FloatTypes()),
  };
}

OpDef SoftmaxActivationBackwardOp() {
  return {
      .name = "_backward_SoftmaxActivation",
      .doc = "grad = out * (head - sum(head * out))",
      .attrs = AttrsTypeOf<SoftmaxActivationAttrs>(),
      .inputs = {"head", "out"},
      .outputs = {"grad"},
      .shape = InferActivation,
      .kernels =
          AnyKernels<ActivationBackward, PrepareActivation<2>>(FloatTypes()),
  };
}

}  // namespace

namespace op {

Symbol Softmax(Symbol data, const SoftmaxAttrs& attrs, NodeOptions options) {
  return Compose("softmax", {data}, attrs, std::move(options));
}

Symbol Softmax(Symbol data, Symbol length, const SoftmaxAttrs& attrs,
               NodeOptions options) {
  return Compose("softmax", {data, length}, attrs, std::move(options));
}

Symbol LogSoftmax(Symbol data, const SoftmaxAttrs& attrs, NodeOptions options) {
  return Compose("log_softmax", {data}, attrs, std::move(options));
}

Symbol Softmin(Symbol data, const SoftmaxAttrs& attrs, NodeOptions options) {
  return Compose("softmin", {data}, attrs, std::move(options));
}

Symbol SoftmaxActivation(Symbol data, const SoftmaxActivationAttrs& attrs,
                         NodeOptions options) {
  return Compose("SoftmaxActivation", {data}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> SoftmaxOps() {
  return {SoftmaxOp(),
          LogSoftmaxOp(),
          SoftminOp(),
          SoftmaxBackwardOp(),
          LogSoftmaxBackwardOp(),
          SoftminBackwardOp(),
          SoftmaxActivationOp(),
          SoftmaxActivationBackwardOp()};
}

}  // namespace minnow
