#include "minnow/ops/init.h"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "minnow/core/convert.h"
#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/any_dtype.h"
#include "minnow/ops/arithmetic.h"
#include "minnow/ops/attr_checks.h"
#include "minnow/ops/elementwise.h"

namespace minnow {
namespace {

template <int value>
absl::Status FillConstant(const RunContext& context, const InitAttrs&,
                          AnyOut<0> out) {
  FillAll(*context.threads, out, ElementOf(out.dtype, value));
  return absl::OkStatus();
}

absl::Status FillValue(const RunContext& context, const FullAttrs& attrs,
                       AnyOut<0> out) {
  FillAll(*context.threads, out, ElementOf(out.dtype, attrs.value));
  return absl::OkStatus();
}

template <int value>
absl::Status FillLike(const RunContext& context, const NoAttrs&, AnyIn<0>,
                      AnyOut<0> out) {
  FillAll(*context.threads, out, ElementOf(out.dtype, value));
  return absl::OkStatus();
}

// A sparse array without any value. Its input need not be there at all.
template <StorageType storage>
Kernel StoreNothing(DType dtype) {
  Kernel kernel;
  kernel.args = {{dtype, storage, false, false}, {dtype, storage, true, false}};
  kernel.run = [](const RunContext&, const void*,
                  absl::Span<const ArrayRef* const> args) {
    ArrayData& out = *args[1]->sparse;
    if (storage == StorageType::kCsr) {
      out.indptr.assign(static_cast<size_t>(args[1]->dims[0]) + 1, 0);
    }
    return ResizeSparse(0, 0, out);
  };
  return kernel;
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
  return InitOp<InitAttrs>(name, doc,
                           AnyKernels<FillConstant<value>>(AllTypes()),
                           GivenShape<InitAttrs>);
}

OpDef FullOp() {
  OpDef op = InitOp<FullAttrs>("_full", "out = value, in each element",
                               AnyKernels<FillValue>(AllTypes()),
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

// The elements [begin, end).
template <typename T>
void FillRangeBlock(const ArangeAttrs& a, int64_t begin, int64_t end, T* out) {
  using C = ComputeType<T>;
  const bool from_zero = !a.stop.has_value() && !a.infer_range;
  const C start = Rounded<T>(from_zero ? 0.0 : a.start.get());
  const C step = Rounded<T>(a.step);
  for (int64_t i = begin; i < end; ++i) {
    const C n = static_cast<C>(a.repeat == 1 ? i : i / a.repeat);
    out[i] = static_cast<T>(Plus()(start, Times()(n, step)));
  }
}

absl::Status FillRange(const RunContext& context, const ArangeAttrs& a,
                       AnyOut<0> out) {
  ParallelFor(*context.threads, out.size, kElementwiseGrain,
              [&](int64_t begin, int64_t end) {
                VisitDType(out.dtype, [&]<typename T>() {
                  if constexpr (!std::is_same_v<T, bool>) {
                    FillRangeBlock(a, begin, end, out.as<T>());
                  }
                });
              });
  return absl::OkStatus();
}

OpDef ArangeOp() {
  return InitOp<ArangeAttrs>(
      "_arange", "out[i] = start + floor(i / repeat) * step, up to stop",
      AnyKernels<FillRange>(NumberTypes()), InferArange);
}

absl::Status InferLinspace(ShapeInference& node) {
  const int64_t num = node.attrs<LinspaceAttrs>().num;
  if (num < 0) return BadAttr("num", "0 or more", num);
  return node.MergeOutput(0, Shape{num});
}

absl::Status FillLinspace(const RunContext& context, const LinspaceAttrs& a,
                          AnyOut<0> out) {
  const int64_t steps = a.endpoint ? a.num - 1 : a.num.get();
  const double step =
      steps > 0 ? (a.stop - a.start) / static_cast<double>(steps) : 0.0;
  ParallelFor(*context.threads, out.size, kElementwiseGrain,
              [&](int64_t begin, int64_t end) {
                double x[kTile];
                for (; begin < end; begin += kTile) {
                  const int64_t count = std::min(kTile, end - begin);
                  for (int64_t i = 0; i < count; ++i) {
                    x[i] = a.start + step * static_cast<double>(begin + i);
                  }
                  ConvertElements(DType::kFloat64, x, out.dtype, out.at(begin),
                                  count);
                }
              });
  return absl::OkStatus();
}

OpDef LinspaceOp() {
  OpDef op = InitOp<LinspaceAttrs>(
      "_linspace",
      "out[i] = start + i * (stop - start) / (endpoint ? num - 1 : num)",
      AnyKernels<FillLinspace>(NumberTypes()), InferLinspace);
  op.aliases = {"_npi_linspace"};
  return op;
}

absl::Status InferEye(ShapeInference& node) {
  const auto& a = node.attrs<EyeAttrs>();
  if (a.N < 0) return BadAttr("N", "0 or more", a.N);
  if (a.M < 0) return BadAttr("M", "0 or more", a.M);
  return node.MergeOutput(0, Shape{a.N.get(), a.M == 0 ? a.N.get() : a.M});
}

absl::Status FillEye(const RunContext& context, const EyeAttrs& a,
                     AnyOut<0> out) {
  const int64_t rows = out.dims[0];
  const int64_t columns = out.dims[1];
  FillAll(*context.threads, out, {});
  if (a.k >= columns || a.k <= -rows) return absl::OkStatus();
  const AnyElement one = ElementOf(out.dtype, 1);
  for (int64_t i = std::max<int64_t>(0, -a.k);
       i < std::min(rows, columns - a.k); ++i) {
    FillElements(out, i * columns + i + a.k, 1, one);
  }
  return absl::OkStatus();
}

OpDef EyeOp() {
  return InitOp<EyeAttrs>("_eye", "out[i, j] = 1 if j = i + k, else 0",
                          AnyKernels<FillEye>(AllTypes()), InferEye);
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
      .kernels = AnyKernels<FillLike<value>>(AllTypes()),
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

Symbol Linspace(GraphBuilder& builder, const LinspaceAttrs& attrs,
                NodeOptions options) {
  return builder.Add("_linspace", {}, attrs, std::move(options));
}

Symbol Eye(GraphBuilder& builder, const EyeAttrs& attrs, NodeOptions options) {
  return builder.Add("_eye", {}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> InitOps() {
  OpDef zeros_like = LikeOp<0>(
      "zeros_like", {"_sparse_zeros_like"},
      "out = 0, in each element; of the shape, type and storage of data");
  for (DType dtype : kAllDTypes) {
    zeros_like.kernels.push_back(StoreNothing<StorageType::kRowSparse>(dtype));
    zeros_like.kernels.push_back(StoreNothing<StorageType::kCsr>(dtype));
  }
  return {ArangeOp(),
          EyeOp(),
          LinspaceOp(),
          ConstantOp<0>("_zeros", "out = 0, in each element"),
          ConstantOp<1>("_ones", "out = 1, in each element"),
          FullOp(),
          std::move(zeros_like),
          LikeOp<1>("ones_like", {},
                    "out = 1, in each element; of the shape and type of data")};
}

}  // namespace minnow
