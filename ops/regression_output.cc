#include "minnow/ops/regression_output.h"

#include <algorithm>
#include <vector>

#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/activation_functions.h"
#include "minnow/ops/elementwise.h"

namespace minnow {
namespace {

constexpr auto kIdentity = [](auto x) MINNOW_INLINE { return x; };

// The gradient of one element, before it is scaled.
constexpr auto kDifference = [](auto out, auto label)
                                 MINNOW_INLINE { return out - label; };
constexpr auto kSignOfDifference = [](auto out, auto label) MINNOW_INLINE {
  using C = decltype(out);
  const C d = out - label;
  return d > 0 ? C{1} : d < 0 ? C{-1} : d;
};

// out = f(data); the label matters for the gradient alone.
template <auto f, typename T>
absl::Status Forward(const RunContext& context, const RegressionOutputAttrs&,
                     Dense<const T> data, Dense<const T>, Dense<T> out) {
  ParallelFor(*context.threads, data.size(), kElementwiseGrain,
              [&](int64_t begin, int64_t end) {
                ApplyUnaryIn<f, ComputeType<T>>(
                    data.data() + begin, out.data() + begin, end - begin);
              });
  return absl::OkStatus();
}

// The gradient is divided by the number of labels of an example.
template <typename C>
C Scale(const RegressionOutputAttrs& attrs, absl::Span<const int64_t> dims) {
  const int64_t per_example = dims.empty() ? 1 : internal::RowSize(dims);
  return static_cast<C>(attrs.grad_scale) /
         static_cast<C>(std::max<int64_t>(per_example, 1));
}

template <auto slope, typename T>
absl::Status Backward(const RunContext& context,
                      const RegressionOutputAttrs& attrs, Dense<const T> out,
                      Dense<const T> label, Dense<T> grad) {
  using C = ComputeType<T>;
  const C scale = Scale<C>(attrs, label.dims);
  ParallelFor(
      *context.threads, out.size(), kElementwiseGrain,
      [&](int64_t begin, int64_t end) {
        Vectorize([=, x = out.data(), y = label.data(),
                   to = grad.data()]() MINNOW_INLINE {
          for (int64_t i = begin; i < end; ++i) {
            to[i] = static_cast<T>(
                slope(static_cast<C>(x[i]), static_cast<C>(y[i])) * scale);
          }
        });
      });
  return absl::OkStatus();
}

// Labels that are not stored are zero.
template <auto slope, typename T>
absl::Status BackwardCsr(const RunContext& context,
                         const RegressionOutputAttrs& attrs, Dense<const T> out,
                         Csr<const T> label, Dense<T> grad) {
  using C = ComputeType<T>;
  const C scale = Scale<C>(attrs, label.dims);
  const int64_t row_size = label.dims[1];
  const int64_t grain = kElementwiseGrain / (row_size + 1) + 1;
  ParallelFor(
      *context.threads, label.dims[0], grain, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) {
          const T* const x = out.data() + row * row_size;
          T* const to = grad.data() + row * row_size;
          int64_t k = label.indptr[row];
          for (int64_t j = 0; j < row_size; ++j) {
            const bool stored =
                k < label.indptr[row + 1] && label.columns[k] == j;
            const C y = stored ? static_cast<C>(label.values[k++]) : C{0};
            to[j] = static_cast<T>(slope(static_cast<C>(x[j]), y) * scale);
          }
        }
      });
  return absl::OkStatus();
}

// The label of one column may lack its axis, and is taken to if nothing else is
// known of it. Else it has as many rows and elements as the data.
absl::Status InferLabel(ShapeInference& node) {
  const Shape& data = node.input(0);
  const Shape& label = node.input(1);
  if (!data.known()) return absl::OkStatus();
  if (!label.known_rank()) {
    return node.MergeInput(
        1, data.rank() == 2 && data[1] == 1 ? Shape{data[0]} : data);
  }
  const bool fits =
      label.known() && label.num_elements() == data.num_elements() &&
      (label.rank() == 0 || data.rank() == 0 || label[0] == data[0]);
  return fits ? absl::OkStatus() : node.MergeInput(1, data);
}

absl::Status InferRegression(ShapeInference& node) {
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(0)));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(0, node.output(0)));
  return InferLabel(node);
}

OpDef RegressionOp(const char* name, std::vector<std::string> aliases,
                   const char* doc, std::vector<Kernel> kernels,
                   GradientFn gradient) {
  return {
      .name = name,
      .aliases = std::move(aliases),
      .doc = doc,
      .attrs = AttrsTypeOf<RegressionOutputAttrs>(),
      .inputs = {"data", {"label", Access::kUnread}},
      .shape = InferRegression,
      .gradient = gradient,
      .inplace = {{0, 0}},
      .kernels = std::move(kernels),
  };
}

template <auto f>
std::vector<Kernel> ForwardKernels() {
  return KernelsFor(FloatTypes(),
                    []<typename T>() { return KernelOf<Forward<f, T>>(); });
}

// The gradient as an operator of its own: (out, label) -> grad.
template <auto slope>
OpDef BackwardOp(const char* name, const char* doc) {
  return {
      .name = name,
      .doc = doc,
      .attrs = AttrsTypeOf<RegressionOutputAttrs>(),
      .inputs = {"out", "label"},
      .outputs = {"grad"},
      .shape = InferRegression,
      .inplace = {{0, 0}},
      .kernels = Joined({KernelsFor(FloatTypes(),
                                    []<typename T>() {
                                      return KernelOf<Backward<slope, T>>();
                                    }),
                         KernelsFor(FloatTypes(),
                                    []<typename T>() {
                                      return KernelOf<BackwardCsr<slope, T>>();
                                    })}),
  };
}

constexpr char kDifferenceOp[] = "_backward_regression_difference";
constexpr char kSignOp[] = "_backward_regression_sign";

template <const char* backward>
std::vector<Symbol> RegressionGradient(const GradientContext& node) {
  return {
      Compose(backward, {node.output(0), node.input(1)}, node.untyped_attrs()),
      Symbol{}};
}

// MakeLoss -------------------------------------------------------------------

template <typename T>
absl::Status CopyData(const RunContext& context, const MakeLossAttrs&,
                      Dense<const T> data, Dense<T> out) {
  ParallelFor(*context.threads, data.size(), kElementwiseGrain,
              [&](int64_t begin, int64_t end) {
                std::copy(data.data() + begin, data.data() + end,
                          out.data() + begin);
              });
  return absl::OkStatus();
}

template <typename T>
absl::Status MakeLossBackward(const RunContext& context,
                              const MakeLossAttrs& attrs, Dense<const T> data,
                              Dense<T> grad) {
  using C = ComputeType<T>;
  C scale = static_cast<C>(attrs.grad_scale);
  if (attrs.normalization == Normalization::kBatch) {
    const int64_t rows = data.rank() == 0 ? 1 : data.dims[0];
    scale /= static_cast<C>(rows);
  } else if (attrs.normalization == Normalization::kValid) {
    const auto valid =
        std::count_if(data.values.begin(), data.values.end(), [&](T x) {
          return static_cast<C>(x) > static_cast<C>(attrs.valid_thresh);
        });
    scale /= static_cast<C>(std::max<int64_t>(valid, 1));
  }
  ParallelFor(*context.threads, grad.size(), kElementwiseGrain,
              [&](int64_t begin, int64_t end) {
                std::fill(grad.data() + begin, grad.data() + end,
                          static_cast<T>(scale));
              });
  return absl::OkStatus();
}

OpDef MakeLossOp() {
  return {
      .name = "MakeLoss",
      .doc = R"(out = data
The gradient of data is grad_scale, over the normalization.)",
      .attrs = AttrsTypeOf<MakeLossAttrs>(),
      .inputs = {"data"},
      .shape = SameShape,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        return {Compose("_backward_MakeLoss", {node.input(0)},
                        node.untyped_attrs())};
      },
      .inplace = {{0, 0}},
      .kernels = KernelsFor(
          FloatTypes(), []<typename T>() { return KernelOf<CopyData<T>>(); }),
  };
}

OpDef MakeLossBackwardOp() {
  return {
      .name = "_backward_MakeLoss",
      .doc = "The gradient of MakeLoss with respect to data.",
      .attrs = AttrsTypeOf<MakeLossAttrs>(),
      .inputs = {"data"},
      .outputs = {"grad"},
      .shape = SameShape,
      .kernels = KernelsFor(
          FloatTypes(),
          []<typename T>() { return KernelOf<MakeLossBackward<T>>(); }),
  };
}

// The older form, without attributes.
OpDef PlainMakeLossOp() {
  return {
      .name = "make_loss",
      .aliases = {"_sparse_make_loss"},
      .doc = "out = data\nThe gradient of data is 1, whatever flows back.",
      .inputs = {"data"},
      .outputs = {"loss"},
      .shape = SameShape,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        return {Compose("ones_like", {node.input(0)})};
      },
      .inplace = {{0, 0}},
      .kernels = ZeroExactUnaryKernels<kIdentity>(NumberTypes()),
  };
}

}  // namespace

namespace op {

Symbol LinearRegressionOutput(Symbol data, Symbol label,
                              const RegressionOutputAttrs& attrs,
                              NodeOptions options) {
  return Compose("LinearRegressionOutput", {data, label}, attrs,
                 std::move(options));
}

Symbol MAERegressionOutput(Symbol data, Symbol label,
                           const RegressionOutputAttrs& attrs,
                           NodeOptions options) {
  return Compose("MAERegressionOutput", {data, label}, attrs,
                 std::move(options));
}

Symbol LogisticRegressionOutput(Symbol data, Symbol label,
                                const RegressionOutputAttrs& attrs,
                                NodeOptions options) {
  return Compose("LogisticRegressionOutput", {data, label}, attrs,
                 std::move(options));
}

Symbol MakeLoss(Symbol data, const MakeLossAttrs& attrs, NodeOptions options) {
  return Compose("MakeLoss", {data}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> RegressionOutputOps() {
  return {
      RegressionOp("LinearRegressionOutput", {"_sparse_LinearRegressionOutput"},
                   R"(out = data
The gradient of data is (out - label) * grad_scale, over the number of labels
of an example.)",
                   ForwardKernels<kIdentity>(),
                   RegressionGradient<kDifferenceOp>),
      RegressionOp("MAERegressionOutput", {"_sparse_MAERegressionOutput"},
                   R"(out = data
The gradient of data is sign(out - label) * grad_scale, over the number of
labels of an example.)",
                   ForwardKernels<kIdentity>(), RegressionGradient<kSignOp>),
      RegressionOp(
          "LogisticRegressionOutput", {"_sparse_LogisticRegressionOutput"},
          R"(out = 1 / (1 + exp(-data))
The gradient of data is (out - label) * grad_scale, over the number of labels
of an example.)",
          ForwardKernels<kSigmoid>(), RegressionGradient<kDifferenceOp>),
      BackwardOp<kDifference>(
          kDifferenceOp,
          "grad = (out - label) * grad_scale / labels of an example"),
      BackwardOp<kSignOfDifference>(
          kSignOp,
          "grad = sign(out - label) * grad_scale / labels of an example"),
      MakeLossOp(),
      MakeLossBackwardOp(),
      PlainMakeLossOp(),
  };
}

}  // namespace minnow
