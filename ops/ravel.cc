#include "minnow/ops/ravel.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/any_dtype.h"
#include "minnow/ops/attr_checks.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/elementwise.h"

namespace minnow {
namespace {

// Calls f(begin, count) for tiles of the `n` tuples.
template <typename F>
void ForEachTile(const RunContext& context, int64_t n, const F& f) {
  ParallelFor(*context.threads, n, kElementwiseGrain,
              [&](int64_t begin, int64_t end) {
                for (; begin < end; begin += kTile) {
                  f(begin, std::min(kTile, end - begin));
                }
              });
}

// Wraps around where indices are far outside.
absl::Status Ravel(const RunContext& context, const RavelAttrs& attrs,
                   AnyIn<0> data, AnyOut<0> out) {
  ForEachTile(context, out.size, [&](int64_t begin, int64_t count) {
    int64_t index[kTile];
    uint64_t place[kTile] = {};
    for (size_t axis = 0; axis < attrs.shape.rank(); ++axis) {
      const auto dim = static_cast<uint64_t>(attrs.shape[axis]);
      LoadElements(data, static_cast<int64_t>(axis) * out.size + begin, count,
                   index);
      for (int64_t i = 0; i < count; ++i) {
        place[i] = place[i] * dim + static_cast<uint64_t>(index[i]);
      }
    }
    ConvertElements(DType::kInt64, place, out.dtype, out.at(begin), count);
  });
  return absl::OkStatus();
}

absl::Status Unravel(const RunContext& context, const RavelAttrs& attrs,
                     AnyIn<0> data, AnyOut<0> out) {
  ForEachTile(context, data.size, [&](int64_t begin, int64_t count) {
    int64_t place[kTile];
    int64_t index[kTile];
    LoadElements(data, begin, count, place);
    for (size_t axis = attrs.shape.rank(); axis-- > 0;) {
      const int64_t dim = attrs.shape[axis];
      for (int64_t i = 0; i < count; ++i) {
        index[i] = dim == Shape::kUnknown ? place[i] : place[i] % dim;
        place[i] = dim == Shape::kUnknown ? 0 : place[i] / dim;
      }
      ConvertElements(DType::kInt64, index, out.dtype,
                      out.at(static_cast<int64_t>(axis) * data.size + begin),
                      count);
    }
  });
  return absl::OkStatus();
}

absl::Status CheckShape(const Shape& shape) {
  if (!shape.known_rank() || shape.rank() == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "attribute 'shape': expected one dimension or more, found ",
        shape.ToString()));
  }
  Shape positive = shape;
  if (shape[0] == Shape::kUnknown) positive.set(0, 1);
  for (int64_t dim : positive.dims()) {
    if (dim < 1) {
      return BadAttr("shape", "dimensions of 1 or more behind the first one",
                     dim);
    }
  }
  return Annotate(positive.CheckedBytes(DType::kUInt8).status(),
                  "attribute 'shape'");
}

// Merges the shapes of tuples (rank, n...) and of places (n...), in both
// directions.
template <bool ravel>
absl::Status Infer(ShapeInference& node) {
  const Shape& shape = node.attrs<RavelAttrs>().shape;
  MINNOW_RETURN_IF_ERROR(CheckShape(shape));
  const auto num_axes = static_cast<int64_t>(shape.rank());
  const Shape& tuples = ravel ? node.input(0) : node.output(0);
  if (tuples.known_rank()) {
    if (tuples.rank() == 0) return node.InputError(0, "rank 1 or more");
    const Shape places(tuples.dims().subspan(1));
    MINNOW_RETURN_IF_ERROR(ravel ? node.MergeOutput(0, places)
                                 : node.MergeInput(0, places));
  }
  const Shape& places = ravel ? node.output(0) : node.input(0);
  if (!places.known_rank()) return absl::OkStatus();
  Shape wide = {num_axes};
  for (int64_t dim : places.dims()) wide.push_back(dim);
  return ravel ? node.MergeInput(0, wide) : node.MergeOutput(0, wide);
}

OpDef RavelOp(const char* name, const char* alias, const char* doc,
              InferShapeFn shape, std::vector<Kernel> kernels) {
  return {
      .name = name,
      .aliases = {alias},
      .doc = doc,
      .attrs = AttrsTypeOf<RavelAttrs>(),
      .inputs = {"data"},
      .shape = shape,
      .gradient = [](const GradientContext&) -> std::vector<Symbol> {
        return {Symbol{}};
      },
      .kernels = std::move(kernels),
  };
}

}  // namespace

namespace op {

Symbol RavelMultiIndex(Symbol data, const RavelAttrs& attrs,
                       NodeOptions options) {
  return Compose("_ravel_multi_index", {data}, attrs, std::move(options));
}

Symbol UnravelIndex(Symbol data, const RavelAttrs& attrs, NodeOptions options) {
  return Compose("_unravel_index", {data}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> RavelOps() {
  return {RavelOp("_ravel_multi_index", "ravel_multi_index",
                  "out[n...] = (data[0, n...] * shape[1] + data[1, n...]) * "
                  "shape[2] + ...",
                  Infer<true>, AnyKernels<Ravel>(NumberTypes())),
          RavelOp("_unravel_index", "unravel_index",
                  "out[k, n...] = data[n...] / (shape[k + 1] * shape[k + 2] * "
                  "...) % shape[k]\n"
                  "Quotients are rounded towards zero; a first dimension of -1 "
                  "is no bound.",
                  Infer<false>, AnyKernels<Unravel>(NumberTypes()))};
}

}  // namespace minnow
