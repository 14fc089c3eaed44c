#include "minnow/ops/up_sampling.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/any_dtype.h"
#include "minnow/ops/arg_list.h"
#include "minnow/ops/attr_checks.h"
#include "minnow/ops/elementwise.h"
#include "minnow/ops/up_sampling_bilinear.h"

namespace minnow {
namespace {

constexpr size_t kChannels = 1, kHeight = 2, kWidth = 3;

// What becomes larger, and where it goes.
struct Part {
  int64_t first_channel, channels;  // Of the result.
  int64_t height, width;
  int64_t scale;

  bool Has(int64_t channel) const {
    return channel >= first_channel && channel < first_channel + channels;
  }
  int64_t Plane(int64_t image, int64_t channel) const {
    return (image * channels + channel - first_channel) * height * width;
  }
};

struct UpSamplingPlan {
  std::vector<Part> parts;
  int64_t images, channels, height, width;  // Of the result.
};

UpSamplingPlan PlanOf(const Attrs& attrs, absl::Span<const Shape> inputs,
                      const Shape& out) {
  const bool sum =
      attrs.As<UpSamplingAttrs>().multi_input_mode == MultiInputMode::kSum;
  UpSamplingPlan plan = {{}, out[0], out[kChannels], out[kHeight], out[kWidth]};
  int64_t channel = 0;
  for (const Shape& x : inputs) {
    plan.parts.push_back({channel, x[kChannels], x[kHeight], x[kWidth],
                          out[kHeight] / std::max<int64_t>(1, x[kHeight])});
    if (!sum) channel += x[kChannels];
  }
  return plan;
}

// Of (arg0, arg1, ..., out).
absl::StatusOr<Prepared> PrepareForward(const Attrs& attrs,
                                        absl::Span<const Shape> shapes,
                                        const ArgTypes&) {
  return Prepared{std::make_shared<const UpSamplingPlan>(
      PlanOf(attrs, shapes.subspan(0, shapes.size() - 1), shapes.back()))};
}

// Of (head, arg0, arg1, ..., grad0, grad1, ...).
absl::StatusOr<Prepared> PrepareBackward(const Attrs& attrs,
                                         absl::Span<const Shape> shapes,
                                         const ArgTypes&) {
  return Prepared{std::make_shared<const UpSamplingPlan>(
      PlanOf(attrs, shapes.subspan(1, (shapes.size() - 1) / 2), shapes[0]))};
}

// Calls f(image, channel) for each plane of the result.
template <typename F>
void ForEachPlane(const RunContext& context, const UpSamplingPlan& plan,
                  const F& f) {
  const int64_t size = std::max<int64_t>(1, plan.height * plan.width);
  ParallelFor(*context.threads, plan.images * plan.channels,
              std::max<int64_t>(1, kElementwiseGrain / size),
              [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; ++i) {
                  f(i / plan.channels, i % plan.channels);
                }
              });
}

// Each element of the plane `from`, scale times scale times.
template <typename T>
void Enlarge(const Part& part, const T* from, T* to) {
  const int64_t width = part.width * part.scale;
  for (int64_t i = 0; i < part.height; ++i, from += part.width) {
    T* const first = to;
    for (int64_t j = 0; j < part.width; ++j) {
      for (int64_t k = 0; k < part.scale; ++k) *to++ = from[j];
    }
    for (int64_t k = 1; k < part.scale; ++k, to += width) {
      std::memcpy(to, first, static_cast<size_t>(width) * sizeof(T));
    }
  }
}

// The sum of several planes of the inputs, made larger.
template <typename T>
void EnlargeAndAdd(const UpSamplingPlan& plan, int64_t image, int64_t channel,
                   absl::Span<const ArrayRef* const> inputs, T* to) {
  using C = ComputeType<T>;
  for (int64_t y = 0; y < plan.height; ++y) {
    for (int64_t x = 0; x < plan.width; ++x) {
      C sum = 0;
      for (size_t k = 0; k < plan.parts.size(); ++k) {
        const Part& part = plan.parts[k];
        const T* const from = static_cast<const T*>(inputs[k]->values) +
                              part.Plane(image, channel);
        sum +=
            static_cast<C>(from[y / part.scale * part.width + x / part.scale]);
      }
      *to++ = static_cast<T>(sum);
    }
  }
}

template <typename T>
void UpSample(const RunContext& context, const UpSamplingPlan& plan, bool sum,
              absl::Span<const ArrayRef* const> args) {
  ForEachPlane(context, plan, [&](int64_t image, int64_t channel) {
    T* const to = static_cast<T*>(args.back()->values) +
                  (image * plan.channels + channel) * plan.height * plan.width;
    if (sum && plan.parts.size() > 1) {
      return EnlargeAndAdd(plan, image, channel, args, to);
    }
    for (size_t k = 0; k < plan.parts.size(); ++k) {
      const Part& part = plan.parts[k];
      if (!part.Has(channel)) continue;
      Enlarge(
          part,
          static_cast<const T*>(args[k]->values) + part.Plane(image, channel),
          to);
    }
  });
}

// Each element of `to` is the sum of those that are its copies.
template <typename T>
void AddCopies(const Part& part, const T* from, T* to) {
  using C = ComputeType<T>;
  const int64_t width = part.width * part.scale;
  for (int64_t i = 0; i < part.height; ++i, from += part.scale * width) {
    for (int64_t j = 0; j < part.width; ++j) {
      C sum = 0;
      for (int64_t y = 0; y < part.scale; ++y) {
        for (int64_t x = 0; x < part.scale; ++x) {
          sum += static_cast<C>(from[y * width + j * part.scale + x]);
        }
      }
      *to++ = static_cast<T>(sum);
    }
  }
}

template <typename T>
void UpSampleBackward(const RunContext& context, const UpSamplingPlan& plan,
                      absl::Span<const ArrayRef* const> args) {
  const auto grads = args.subspan(1 + plan.parts.size());
  ForEachPlane(context, plan, [&](int64_t image, int64_t channel) {
    const T* const head =
        static_cast<const T*>(args[0]->values) +
        (image * plan.channels + channel) * plan.height * plan.width;
    for (size_t k = 0; k < plan.parts.size(); ++k) {
      const Part& part = plan.parts[k];
      if (!part.Has(channel)) continue;
      AddCopies(part, head,
                static_cast<T*>(grads[k]->values) + part.Plane(image, channel));
    }
  });
}

template <bool forward>
absl::Status Run(const RunContext& context, const void* attrs,
                 absl::Span<const ArrayRef* const> args) {
  const auto& plan = *static_cast<const UpSamplingPlan*>(context.prepared);
  const auto& a = *static_cast<const UpSamplingAttrs*>(attrs);
  VisitDType(context.kernel->args[0].dtype, [&]<typename T>() {
    if constexpr (std::is_integral_v<T>) {
      // There is no kernel.
    } else if constexpr (forward) {
      UpSample<T>(context, plan, a.multi_input_mode == MultiInputMode::kSum,
                  args);
    } else {
      UpSampleBackward<T>(context, plan, args);
    }
  });
  return absl::OkStatus();
}

// By hand: one function for all types and any number of arguments.
template <bool forward>
std::vector<Kernel> UpSamplingKernels() {
  std::vector<Kernel> kernels;
  for (DType dtype :
       {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBFloat16}) {
    Kernel& kernel = kernels.emplace_back();
    const StorageType dense = StorageType::kDense;
    kernel.args = {{dtype, dense, /*writes=*/false, /*is_list=*/forward},
                   {dtype, dense, /*writes=*/true, /*is_list=*/!forward}};
    kernel.run = Run<forward>;
    kernel.prepare = forward ? PrepareForward : PrepareBackward;
  }
  return KernelsWhen([](const Attrs& a) { return !IsBilinear(a); },
                     std::move(kernels));
}

absl::Status CheckAttrs(const UpSamplingAttrs& a) {
  if (a.scale < 1) return BadAttr("scale", "1 or more", a.scale);
  return CheckNumArgs(a.num_args);
}

// The shape of the result, from those of the inputs from `first` on; unknown as
// long as one of them is.
absl::StatusOr<Shape> LargeShape(const ShapeInference& node, size_t first) {
  const auto& a = node.attrs<UpSamplingAttrs>();
  for (size_t i = first; i < node.num_inputs(); ++i) {
    if (!node.input(i).known()) return Shape();
    if (node.input(i).rank() != 4) {
      return node.InputError(i, "four dimensions");
    }
  }
  Shape out = node.input(first);
  for (size_t axis : {kHeight, kWidth}) {
    int64_t size;
    if (__builtin_mul_overflow(out[axis], a.scale.get(), &size)) {
      return BadAttr("scale", "a smaller factor", a.scale);
    }
    out.set(axis, size);
  }
  int64_t channels = 0;
  for (size_t i = first; i < node.num_inputs(); ++i) {
    const Shape& x = node.input(i);
    if (a.multi_input_mode == MultiInputMode::kSum) {
      channels = out[kChannels];
    } else if (__builtin_add_overflow(channels, x[kChannels], &channels)) {
      return absl::InvalidArgumentError("the sum of the channels overflows");
    }
    const bool sum_fits = a.multi_input_mode == MultiInputMode::kConcat ||
                          x[kChannels] == channels;
    // One factor for height and width.
    const int64_t factor = out[kHeight] / std::max<int64_t>(1, x[kHeight]);
    if (x[0] == out[0] && sum_fits && x[kHeight] * factor == out[kHeight] &&
        x[kWidth] * factor == out[kWidth]) {
      continue;
    }
    return node.InputError(
        i, absl::StrCat("an image that a whole factor makes as large as ",
                        out.ToString(),
                        a.multi_input_mode == MultiInputMode::kSum
                            ? ", of as many channels"
                            : ", but for the channels"));
  }
  out.set(kChannels, channels);
  return out;
}

absl::Status Infer(ShapeInference& node) {
  MINNOW_RETURN_IF_ERROR(CheckAttrs(node.attrs<UpSamplingAttrs>()));
  if (IsBilinear(node.untyped_attrs())) return InferBilinear(node);
  MINNOW_ASSIGN_OR_RETURN(Shape out, LargeShape(node, 0));
  return node.MergeOutput(0, out);
}

absl::Status InferBackward(ShapeInference& node) {
  MINNOW_RETURN_IF_ERROR(CheckAttrs(node.attrs<UpSamplingAttrs>()));
  for (size_t i = 1; i < node.num_inputs(); ++i) {
    MINNOW_RETURN_IF_ERROR(node.MergeOutput(i - 1, node.input(i)));
    MINNOW_RETURN_IF_ERROR(node.MergeInput(i, node.output(i - 1)));
  }
  MINNOW_ASSIGN_OR_RETURN(Shape head, LargeShape(node, 1));
  return node.MergeInput(0, head);
}

OpDef UpSamplingOp() {
  return {
      .name = "UpSampling",
      .doc =
          R"(nearest: out[n, c, y, x] = arg0[n, c, y / scale, x / scale]
Quotients are rounded down. The channels of further inputs follow, or are added,
at the factors that make them as large.
bilinear: out = Deconvolution(data, weight) with a filter for each channel and
  kernel = 2 * scale - scale % 2, stride = scale, pad = scale / 2)",
      .attrs = AttrsTypeOf<UpSamplingAttrs>(),
      .inputs = InputDefs([](const Attrs& attrs) -> std::vector<InputDef> {
        if (IsBilinear(attrs)) return {"data", "weight"};
        return ArgInputs(attrs.As<UpSamplingAttrs>().num_args, Access::kRead);
      }),
      .shape = Infer,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        if (IsBilinear(node.untyped_attrs())) return BilinearGradient(node);
        std::vector<Symbol> inputs = {node.head(0)};
        for (size_t i = 0; i < node.num_inputs(); ++i) {
          inputs.push_back(node.input(i));
        }
        return node.builder().Outputs(
            node.builder().Add("_backward_UpSampling", inputs,
                               node.untyped_attrs()),
            node.num_inputs());
      },
      .kernels = Joined({UpSamplingKernels<true>(),
                         KernelsWhen(IsBilinear, BilinearKernels())}),
  };
}

OpDef UpSamplingBackwardOp() {
  return {
      .name = "_backward_UpSampling",
      .doc =
          "grad0[n, c, i, j] = the sum of head[n, c, y, x] with "
          "y / scale = i and x / scale = j; so for all inputs",
      .attrs = AttrsTypeOf<UpSamplingAttrs>(),
      .inputs = InputDefs([](const Attrs& attrs) {
        std::vector<InputDef> inputs =
            ArgInputs(attrs.As<UpSamplingAttrs>().num_args, Access::kUnread);
        inputs.insert(inputs.begin(), "head");
        return inputs;
      }),
      .outputs = OutputDefs([](const Attrs& attrs) {
        return ArgNames(attrs.As<UpSamplingAttrs>().num_args, "grad");
      }),
      .shape = InferBackward,
      .kernels = UpSamplingKernels<false>(),
  };
}

}  // namespace

namespace op {

Symbol UpSampling(absl::Span<const Symbol> args, const UpSamplingAttrs& attrs,
                  NodeOptions options) {
  return ComposeArgs("UpSampling", args, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> UpSamplingOps() {
  return {UpSamplingOp(), UpSamplingBackwardOp()};
}

}  // namespace minnow
