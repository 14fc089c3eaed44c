#include "minnow/ops/pick.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/any_dtype.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/lines.h"
#include "minnow/ops/row_ids.h"

namespace minnow {
namespace {

constexpr int64_t kGrain = 1 << 13;

absl::StatusOr<size_t> PickAxis(const PickAttrs& attrs, size_t rank) {
  if (!attrs.axis.has_value()) {
    return absl::InvalidArgumentError(
        "attribute 'axis': expected int, found None");
  }
  const absl::StatusOr<size_t> axis = ResolveAxis(*attrs.axis, rank);
  if (!axis.ok()) return Annotate(axis.status(), "attribute 'axis'");
  return axis;
}

// Calls f(begin, count, places) with the places of the elements that `count`
// lines pick by their indices.
template <typename F>
void ForEachPick(ThreadPool& threads, const Lines& lines, PickMode mode,
                 const AnyConstArray& index, const F& f) {
  ParallelFor(threads, index.size, kGrain, [&](int64_t begin, int64_t end) {
    constexpr int64_t kTile = 512;
    int64_t places[kTile];
    for (; begin < end; begin += kTile) {
      const int64_t count = std::min(kTile, end - begin);
      LoadElements(index, begin, count, places);
      for (int64_t k = 0; k < count; ++k) {
        int64_t& place = places[k];
        if (mode == PickMode::kClip) {
          place = std::clamp<int64_t>(place, 0, lines.size - 1);
        } else {
          place %= lines.size;
          if (place < 0) place += lines.size;
        }
        place = lines.First(begin + k) + place * lines.inner;
      }
      f(begin, count, places);
    }
  });
}

absl::StatusOr<Lines> PreparePick(const Attrs& attrs,
                                  absl::Span<const Shape> shapes) {
  MINNOW_ASSIGN_OR_RETURN(size_t axis,
                          PickAxis(attrs.As<PickAttrs>(), shapes[0].rank()));
  return LinesAlong(shapes[0], axis);
}

// Of (head, index, data).
absl::StatusOr<Lines> PrepareBackward(const Attrs& attrs,
                                      absl::Span<const Shape> shapes) {
  return PreparePick(attrs, shapes.subspan(2));
}

absl::Status Pick(const RunContext& context, const PickAttrs& attrs,
                  const Lines& lines, AnyIn<0> data, AnyIn<1> index,
                  AnyOut<0> out) {
  ForEachPick(*context.threads, lines, attrs.mode, index,
              [&](int64_t begin, int64_t count, const int64_t* places) {
                VisitSize(data.element_size(), [&]<typename U>() {
                  for (int64_t k = 0; k < count; ++k) {
                    out.as<U>()[begin + k] = data.as<U>()[places[k]];
                  }
                });
              });
  return absl::OkStatus();
}

// Of the third argument only the shape matters.
absl::Status PickBackward(const RunContext& context, const PickAttrs& attrs,
                          const Lines& lines, AnyIn<0> head, AnyIn<1> index,
                          AnyIn<0>, AnyOut<0> grad) {
  FillAll(*context.threads, grad, {});
  ForEachPick(*context.threads, lines, attrs.mode, index,
              [&](int64_t begin, int64_t count, const int64_t* places) {
                VisitSize(head.element_size(), [&]<typename U>() {
                  for (int64_t k = 0; k < count; ++k) {
                    grad.as<U>()[places[k]] = head.as<U>()[begin + k];
                  }
                });
              });
  return absl::OkStatus();
}

// `data` and `index` are inputs of these numbers.
absl::StatusOr<Shape> InferIndex(ShapeInference& node, size_t data_input) {
  const auto& a = node.attrs<PickAttrs>();
  const Shape& data = node.input(data_input);
  MINNOW_ASSIGN_OR_RETURN(size_t axis, PickAxis(a, data.rank()));
  Shape without = Shape::Scalar();
  for (size_t i = 0; i < data.rank(); ++i) {
    if (i != axis) without.push_back(data[i]);
  }
  if (data.rank() == 1) without = {1};
  Shape with = data;
  with.set(axis, 1);
  if (data[axis] == 0 && without.known() && without.num_elements() > 0) {
    return node.InputError(data_input, "an axis with elements to pick from");
  }
  const Shape& index = node.input(1);
  const bool index_has_axis = index.known_rank() && index.rank() == data.rank();
  MINNOW_RETURN_IF_ERROR(node.MergeInput(1, index_has_axis ? with : without));
  return a.keepdims ? with : without;
}

absl::Status InferPick(ShapeInference& node) {
  if (!node.input(0).known_rank()) return absl::OkStatus();
  MINNOW_ASSIGN_OR_RETURN(Shape out, InferIndex(node, 0));
  return node.MergeOutput(0, out);
}

absl::Status InferBackward(ShapeInference& node) {
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(2)));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(2, node.output(0)));
  if (!node.input(2).known_rank()) return absl::OkStatus();
  MINNOW_ASSIGN_OR_RETURN(Shape head, InferIndex(node, 2));
  return node.MergeInput(0, head);
}

OpDef PickOp() {
  return {
      .name = "pick",
      .aliases = {"_npx_pick", "choose_element_0index"},
      .doc = "out[i...] = data[i..., index[i...]], along the axis",
      .attrs = AttrsTypeOf<PickAttrs>(),
      .inputs = {"data", "index"},
      .shape = InferPick,
      .dtype = SameDTypeButIds,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        return {Compose("_backward_pick",
                        {node.head(0), node.input(1), node.input(0)},
                        node.untyped_attrs()),
                Symbol{}};
      },
      .kernels = AnyKernels<Pick, PreparePick>(NumberTypes(), NumberTypes()),
  };
}

OpDef PickBackwardOp() {
  return {
      .name = "_backward_pick",
      .doc =
          "grad[i..., index[i...]] = head[i...], and 0 elsewhere, in the "
          "shape of data",
      .attrs = AttrsTypeOf<PickAttrs>(),
      .inputs = {"head", "index", {"data", Access::kUnread}},
      .outputs = {"grad"},
      .shape = InferBackward,
      .dtype = SameDTypeButIds,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        return {Compose("pick", {node.head(0), node.input(1)},
                        node.untyped_attrs()),
                Symbol{}, Symbol{}};
      },
      .kernels = AnyKernels<PickBackward, PrepareBackward>(FloatTypes(),
                                                           NumberTypes()),
  };
}

// fill_element_0index --------------------------------------------------------

absl::Status InferFill(ShapeInference& node) {
  constexpr int64_t kUnknown = Shape::kUnknown;
  MINNOW_RETURN_IF_ERROR(node.MergeInput(0, {kUnknown, kUnknown}));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(0, node.output(0)));
  for (size_t i : {1, 2}) {
    MINNOW_RETURN_IF_ERROR(node.MergeInput(i, {node.input(0)[0]}));
    MINNOW_RETURN_IF_ERROR(node.MergeInput(0, {node.input(i)[0], kUnknown}));
  }
  return node.MergeOutput(0, node.input(0));
}

absl::Status InferFillDType(DTypeInference& node) {
  return SameDTypeOf(node, {0, 1});
}

absl::Status Fill(const RunContext& context, const NoAttrs&, AnyIn<0> lhs,
                  AnyIn<0> mhs, AnyIn<1> rhs, AnyOut<0> out) {
  if (out.size == 0) return absl::OkStatus();
  const int64_t columns = lhs.dims[1];
  const int64_t row_bytes = columns * lhs.element_size();
  ParallelFor(*context.threads, rhs.size,
              std::max<int64_t>(1, kGrain / columns),
              [&](int64_t begin, int64_t end) {
                for (int64_t row = begin; row < end; ++row) {
                  if (out.data != lhs.data) {
                    std::memcpy(out.at(row * columns), lhs.at(row * columns),
                                static_cast<size_t>(row_bytes));
                  }
                  int64_t index;
                  LoadElements(rhs, row, 1, &index);
                  if (index < 0 || index >= columns) continue;
                  std::memcpy(out.at(row * columns + index), mhs.at(row),
                              static_cast<size_t>(mhs.element_size()));
                }
              });
  return absl::OkStatus();
}

OpDef FillElementOp() {
  return {
      .name = "fill_element_0index",
      .doc =
          "out = lhs, but out[i, rhs[i]] = mhs[i]\n"
          "A row whose index is out of range stays as it is.",
      .inputs = {"lhs", "mhs", "rhs"},
      .shape = InferFill,
      .dtype = InferFillDType,
      .inplace = {{0, 0}},
      .kernels = AnyKernels<Fill>(AllTypes(), NumberTypes()),
  };
}

}  // namespace

namespace op {

Symbol Pick(Symbol data, Symbol index, const PickAttrs& attrs,
            NodeOptions options) {
  return Compose("pick", {data, index}, attrs, std::move(options));
}

Symbol FillElement0Index(Symbol lhs, Symbol mhs, Symbol rhs,
                         NodeOptions options) {
  return Compose("fill_element_0index", {lhs, mhs, rhs}, {},
                 std::move(options));
}

}  // namespace op

std::vector<OpDef> PickOps() {
  return {PickOp(), PickBackwardOp(), FillElementOp()};
}

}  // namespace minnow
