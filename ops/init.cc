#include "minnow/ops/init.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "minnow/core/convert.h"
#include "minnow/core/status.h"
#include "minnow/ops/arithmetic.h"
#include "minnow/ops/attr_checks.h"
#include "minnow/ops/elementwise.h"

namespace minnow {
namespace {

template <typename T>
absl::Status Fill(const RunContext& context, T value, Dense<T> out) {
  ParallelFor(*context.threads, out.size(), kElementwiseGrain,
              [&](int64_t begin, int64_t end) {
                std::fill(out.data() + begin, out.data() + end, value);
              });
  return absl::OkStatus();
}

template <typename T, int value>
absl::Status FillConstant(const RunContext& context, const InitAttrs&,
                          Dense<T> out) {
  return Fill(context, Convert<T>(value), out);
}

template <typename T>
absl::Status FillValue(const RunContext& context, const FullAttrs& attrs,
                       Dense<T> out) {
  return Fill(context, Convert<T>(attrs.value.get()), out);
}

template <typename T, int value>
absl::Status FillLike(const RunContext& context, const NoAttrs&, Dense<const T>,
                      Dense<T> out) {
  return Fill(context, Convert<T>(value), out);
}

template <typename A>
OpDef InitOp(const char* name, const char* doc, std::vector<Kernel> kernels,
             InferShapeFn shape) {
  return {
      .name = name,
      .doc = doc,
      .attrs = AttrsTypeOf<A>(),
      .inputs = {},
      .shape = shape,
      .dtype =
          [](DTypeInference& node) {
            return node.MergeOutput(0, node.attrs<A>().dtype);
          },
      .gradient = [](const GradientContext&) -> std::vector<Symbol> {
        return {};
      },
      .kernels = std::move(kernels),
  };
}

template <typename A>
absl::Status GivenShape(ShapeInference& node) {
  return node.MergeOutput(0, node.attrs<A>().shape);
}

template <int value>
OpDef ConstantOp(const char* name, const char* doc) {
  return InitOp<InitAttrs>(
      name, doc,
      KernelsFor(
          AllTypes(),
          []<typename T>() { return KernelOf<FillConstant<T, value>>(); }),
      GivenShape<InitAttrs>);
}

OpDef FullOp() {
  OpDef op = InitOp<FullAttrs>(
      "_full", "out = value, in each element",
      KernelsFor(AllTypes(),
                 []<typename T>() { return KernelOf<FillValue<T>>(); }),
      GivenShape<FullAttrs>);
  op.aliases = {"_npi_full"};
  return op;
}

// Sequences ------------------------------------------------------------------

absl::Status InferArange(ShapeInference& node) {
  const auto& a = node.attrs<ArangeAttrs>();
  if (!(a.step < 0 || a.step > 0)) {
    return absl::InvalidArgumentError("attribute 'step': expected no 0");
  }
  if (a.repeat < 1) return BadAttr("repeat", "1 or more", a.repeat);
  if (a.infer_range && !a.stop.has_value()) {
    return node.MergeOutput(0, Shape::OfRank(1));
  }
  const double start = a.stop.has_value() ? a.start.get() : 0.0;
  const double stop = a.stop.value_or(a.start);
  const double count = std::ceil((stop - start) / a.step);
  if (!(count >= 1)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "attribute 'stop': expected a number behind ", start,
        ", in the direction of the step ", a.step, ", found ", stop));
  }
  const double size = count * static_cast<double>(a.repeat);
  if (!(size < 0x1p62)) {
    return absl::InvalidArgumentError(
        "attribute 'stop': expected fewer elements");
  }
  return node.MergeOutput(0, Shape{static_cast<int64_t>(size)});
}

// As MXNet: start and step are rounded to the type first. A negative integer is
// the one that has the same effect modulo 2^bits.
template <typename T>
ComputeType<T> Rounded(double x) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(Convert<int64_t>(x));
  } else {
    return static_cast<ComputeType<T>>(Convert<T>(x));
  }
}

template <typename T>
absl::Status FillRange(const RunContext& context, const ArangeAttrs& a,
                       Dense<T> out) {
  using C = ComputeType<T>;
  const bool from_zero = !a.stop.has_value() && !a.infer_range;
  const C start = Rounded<T>(from_zero ? 0.0 : a.start.get());
  const C step = Rounded<T>(a.step);
  ParallelFor(*context.threads, out.size(), kElementwiseGrain,
              [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; ++i) {
                  const C n = static_cast<C>(a.repeat == 1 ? i : i / a.repeat);
                  out.data()[i] =
                      static_cast<T>(Plus()(start, Times()(n, step)));
                }
              });
  return absl::OkStatus();
}

OpDef ArangeOp() {
  return InitOp<ArangeAttrs>(
      "_arange", "out[i] = start + floor(i / repeat) * step, up to stop",
      KernelsFor(NumberTypes(),
                 []<typename T>() { return KernelOf<FillRange<T>>(); }),
      InferArange);
}

absl::Status InferEye(ShapeInference& node) {
  const auto& a = node.attrs<EyeAttrs>();
  if (a.N < 0) return BadAttr("N", "0 or more", a.N);
  if (a.M < 0) return BadAttr("M", "0 or more", a.M);
  return node.MergeOutput(0, Shape{a.N.get(), a.M == 0 ? a.N.get() : a.M});
}

template <typename T>
absl::Status FillEye(const RunContext& context, const EyeAttrs& a,
                     Dense<T> out) {
  const int64_t rows = out.dims[0];
  const int64_t columns = out.dims[1];
  MINNOW_RETURN_IF_ERROR(Fill(context, T{}, out));
  if (a.k >= columns || a.k <= -rows) return absl::OkStatus();
  for (int64_t i = std::max<int64_t>(0, -a.k);
       i < std::min(rows, columns - a.k); ++i) {
    out.data()[i * columns + i + a.k] = Convert<T>(1);
  }
  return absl::OkStatus();
}

OpDef EyeOp() {
  return InitOp<EyeAttrs>(
      "_eye", "out[i, j] = 1 if j = i + k, else 0",
      KernelsFor(AllTypes(),
                 []<typename T>() { return KernelOf<FillEye<T>>(); }),
      InferEye);
}

template <int value>
OpDef LikeOp(const char* name, std::vector<std::string> aliases,
             const char* doc) {
  return {
      .name = name,
      .aliases = std::move(aliases),
      .doc = doc,
      .inputs = {{"data", Access::kUnread}},
      .shape = SameShape,
      .gradient = [](const GradientContext&) -> std::vector<Symbol> {
        return {Symbol{}};
      },
      .kernels = KernelsFor(
          AllTypes(),
          []<typename T>() { return KernelOf<FillLike<T, value>>(); }),
  };
}

}  // namespace

namespace op {

Symbol Zeros(GraphBuilder& builder, const InitAttrs& attrs,
             NodeOptions options) {
  return builder.Add("_zeros", {}, attrs, std::move(options));
}

Symbol Ones(GraphBuilder& builder, const InitAttrs& attrs,
            NodeOptions options) {
  return builder.Add("_ones", {}, attrs, std::move(options));
}

Symbol Full(GraphBuilder& builder, const FullAttrs& attrs,
            NodeOptions options) {
  return builder.Add("_full", {}, attrs, std::move(options));
}

Symbol Arange(GraphBuilder& builder, const ArangeAttrs& attrs,
              NodeOptions options) {
  return builder.Add("_arange", {}, attrs, std::move(options));
}

Symbol Eye(GraphBuilder& builder, const EyeAttrs& attrs, NodeOptions options) {
  return builder.Add("_eye", {}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> InitOps() {
  return {ArangeOp(),
          EyeOp(),
          ConstantOp<0>("_zeros", "out = 0, in each element"),
          ConstantOp<1>("_ones", "out = 1, in each element"),
          FullOp(),
          LikeOp<0>("zeros_like", {"_sparse_zeros_like"},
                    "out = 0, in each element; of the shape and type of data"),
          LikeOp<1>("ones_like", {},
                    "out = 1, in each element; of the shape and type of data")};
}

}  // namespace minnow
