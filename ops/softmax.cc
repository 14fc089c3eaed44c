#include "minnow/ops/softmax.h"

#include <type_traits>

#include "minnow/core/status.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/lines.h"
#include "minnow/ops/softmax_lines.h"

namespace minnow {
namespace {

// What lines of T with results of type Out are computed in.
template <typename T, typename Out>
using LineType =
    std::conditional_t<std::is_same_v<T, double> || std::is_same_v<Out, double>,
                       double, float>;

enum class Kind { kSoftmax, kLogSoftmax, kSoftmin };

struct SoftmaxPlan {
  LinePlan lines;
  // softmin is softmax at a negative temperature.
  double temperature;
  bool log;
  int64_t workspace_bytes;
};

template <Kind kind, typename C, int64_t tiles>
absl::StatusOr<SoftmaxPlan> Prepare(const Attrs& attrs,
                                    absl::Span<const Shape> shapes) {
  const auto& a = attrs.As<SoftmaxAttrs>();
  MINNOW_ASSIGN_OR_RETURN(size_t axis, ResolveAxis(a.axis, shapes[0].rank()));
  const LinePlan lines =
      PlanLines(LinesAlong(shapes[0], axis), tiles, sizeof(C));
  const double temperature = a.temperature.value_or(1.0);
  return SoftmaxPlan{lines, kind == Kind::kSoftmin ? -temperature : temperature,
                     kind == Kind::kLogSoftmax, lines.workspace_bytes};
}

template <typename T, typename Out>
absl::Status Softmax(const RunContext& context, const SoftmaxAttrs&,
                     const SoftmaxPlan& plan, Dense<const T> data,
                     Dense<Out> out) {
  using C = LineType<T, Out>;
  const Lines& lines = plan.lines.lines;
  ForEachTile(*context.threads, plan.lines, context.workspace,
              [&](const LineTile& tile) {
                C* const x = reinterpret_cast<C*>(tile.memory);
                LoadLines(lines, tile, data.data(), x);
                SoftmaxLines<C>(tile.count, lines.size,
                                static_cast<C>(plan.temperature), plan.log, x);
                StoreLines(lines, tile, x, out.data());
              });
  return absl::OkStatus();
}

template <typename T, typename Length>
absl::Status SoftmaxWithLength(const RunContext& context, const SoftmaxAttrs&,
                               const SoftmaxPlan& plan, Dense<const T> data,
                               Dense<const Length> length, Dense<T> out) {
  using C = LineType<T, T>;
  const Lines& lines = plan.lines.lines;
  // Writes `value` behind the elements that count.
  const auto fill_rest = [&](const LineTile& tile, C* x, C value) {
    for (int64_t l = 0; l < tile.count; ++l) {
      const int64_t counted =
          std::clamp<int64_t>(length.data()[tile.first + l], 0, lines.size);
      std::fill(x + l * lines.size + counted, x + (l + 1) * lines.size, value);
    }
  };
  ForEachTile(*context.threads, plan.lines, context.workspace,
              [&](const LineTile& tile) {
                C* const x = reinterpret_cast<C*>(tile.memory);
                LoadLines(lines, tile, data.data(), x);
                fill_rest(tile, x, -std::numeric_limits<C>::infinity());
                SoftmaxLines<C>(tile.count, lines.size,
                                static_cast<C>(plan.temperature), plan.log, x);
                fill_rest(tile, x, C{0});
                StoreLines(lines, tile, x, out.data());
              });
  return absl::OkStatus();
}

// Of the third argument only the type matters.
template <typename T, typename Out>
absl::Status SoftmaxBackward(const RunContext& context, const SoftmaxAttrs&,
                             const SoftmaxPlan& plan, Dense<const Out> head,
                             Dense<const Out> out, Dense<const T>,
                             Dense<T> grad) {
  using C = LineType<T, Out>;
  const Lines& lines = plan.lines.lines;
  ForEachTile(*context.threads, plan.lines, context.workspace,
              [&](const LineTile& tile) {
                C* const h = reinterpret_cast<C*>(tile.memory);
                C* const y = reinterpret_cast<C*>(tile.memory +
                                                  plan.lines.block_bytes / 2);
                LoadLines(lines, tile, head.data(), h);
                LoadLines(lines, tile, out.data(), y);
                SoftmaxLinesGradient<C>(tile.count, lines.size,
                                        static_cast<C>(plan.temperature),
                                        plan.log, y, h);
                StoreLines(lines, tile, h, grad.data());
              });
  return absl::OkStatus();
}

bool UsesLength(const Attrs& attrs) {
  return attrs.As<SoftmaxAttrs>().use_length.value_or(false);
}

// Calls add.operator()<T, Out>() for all pairs of floating types, equal ones
// first.
template <typename F>
void ForEachPair(const F& add) {
  const auto with_same = [&]<typename... T>(Types<T...>) {
    (add.template operator()<T, T>(), ...);
  };
  const auto with_other = [&]<typename T, typename... Out>(Types<Out...>) {
    const auto add_other = [&]<typename U>() {
      if constexpr (!std::is_same_v<T, U>) add.template operator()<T, U>();
    };
    (add_other.template operator()<Out>(), ...);
  };
  const auto with_each = [&]<typename... T>(Types<T...>) {
    (with_other.template operator()<T>(FloatTypes()), ...);
  };
  with_same(FloatTypes());
  with_each(FloatTypes());
}

template <Kind kind>
std::vector<Kernel> SoftmaxKernels() {
  std::vector<Kernel> kernels;
  ForEachPair([&]<typename T, typename Out>() {
    kernels.push_back(
        KernelOf<Softmax<T, Out>, Prepare<kind, LineType<T, Out>, 1>>().When(
            [](const Attrs& attrs) { return !UsesLength(attrs); }));
  });
  return kernels;
}

template <typename T, typename Length>
Kernel LengthKernel() {
  return KernelOf<SoftmaxWithLength<T, Length>,
                  Prepare<Kind::kSoftmax, LineType<T, T>, 1>>()
      .When(UsesLength);
}

std::vector<Kernel> SoftmaxAndLengthKernels() {
  std::vector<Kernel> kernels = SoftmaxKernels<Kind::kSoftmax>();
  [&]<typename... T>(Types<T...>) {
    (kernels.push_back(LengthKernel<T, int32_t>()), ...);
    (kernels.push_back(LengthKernel<T, int64_t>()), ...);
  }(FloatTypes());
  return kernels;
}

template <Kind kind>
std::vector<Kernel> BackwardKernels() {
  std::vector<Kernel> kernels;
  ForEachPair([&]<typename T, typename Out>() {
    kernels.push_back(KernelOf<SoftmaxBackward<T, Out>,
                               Prepare<kind, LineType<T, Out>, 2>>());
  });
  return kernels;
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

}  // namespace op

std::vector<OpDef> SoftmaxOps() {
  return {SoftmaxOp(),         LogSoftmaxOp(),         SoftminOp(),
          SoftmaxBackwardOp(), LogSoftmaxBackwardOp(), SoftminBackwardOp()};
}

}  // namespace minnow
