#include "minnow/ops/gather_nd.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/any_dtype.h"
#include "minnow/ops/convert_elements.h"
#include "minnow/ops/elementwise.h"
#include "minnow/ops/index_blocks.h"
#include "minnow/ops/row_ids.h"

namespace minnow {
namespace {

constexpr int64_t kGrain = 1 << 13;

// Calls f with the bytes of a block, known to the compiler where they are few.
template <typename F>
void WithBlockBytes(int64_t bytes, const F& f) {
  switch (bytes) {
    case 1:
      return f(std::integral_constant<size_t, 1>());
    case 2:
      return f(std::integral_constant<size_t, 2>());
    case 4:
      return f(std::integral_constant<size_t, 4>());
    case 8:
      return f(std::integral_constant<size_t, 8>());
    default:
      return f(static_cast<size_t>(bytes));
  }
}

// Tuples of a block of work that moves so many bytes for each.
int64_t TupleGrain(int64_t bytes) {
  return std::max<int64_t>(1, kGrain / std::max<int64_t>(1, bytes / 8));
}

void GatherBlocks(const RunContext& context, const Blocks& blocks,
                  int64_t bytes, const void* data, void* out) {
  const int64_t* const numbers = blocks.numbers(context);
  WithBlockBytes(bytes, [&](auto size) {
    ParallelFor(*context.threads, blocks.num_tuples, TupleGrain(bytes),
                [=](int64_t begin, int64_t end) {
                  for (int64_t i = begin; i < end; ++i) {
                    std::memcpy(
                        static_cast<char*>(out) + static_cast<size_t>(i) * size,
                        static_cast<const char*>(data) +
                            static_cast<size_t>(numbers[i]) * size,
                        size);
                  }
                });
  });
}

// Calls f(begin, end) for ranges of the blocks that are written, so that each
// belongs to one thread. What is written must not depend on the ranges.
template <typename F>
void ForRanges(const RunContext& context, const Blocks& blocks, const F& f) {
  const int64_t num_ranges =
      blocks.num_tuples < kGrain ? 1 : context.threads->num_threads();
  ParallelFor(
      *context.threads, blocks.num_blocks,
      std::max<int64_t>(1, (blocks.num_blocks + num_ranges - 1) / num_ranges),
      f);
}

void ScatterBlocks(const RunContext& context, const Blocks& blocks,
                   int64_t bytes, const void* data, void* out) {
  const int64_t* const numbers = blocks.numbers(context);
  WithBlockBytes(bytes, [&](auto size) {
    ForRanges(context, blocks, [=, &blocks](int64_t begin, int64_t end) {
      auto* const to = static_cast<char*>(out);
      std::memset(to + static_cast<size_t>(begin) * size, 0,
                  static_cast<size_t>(end - begin) * size);
      for (int64_t i = 0; i < blocks.num_tuples; ++i) {
        if (numbers[i] < begin || numbers[i] >= end) continue;
        std::memcpy(
            to + static_cast<size_t>(numbers[i]) * size,
            static_cast<const char*>(data) + static_cast<size_t>(i) * size,
            size);
      }
    });
  });
}

absl::StatusOr<Blocks> PrepareGather(const Attrs&,
                                     absl::Span<const Shape> shapes) {
  return BlocksOf(shapes[0], shapes[1], /*negative=*/true);
}

// Of (data, indices, out).
absl::StatusOr<Blocks> PrepareScatter(const Attrs&,
                                      absl::Span<const Shape> shapes) {
  return BlocksOf(shapes.back(), shapes[1], /*negative=*/false);
}

// Of (head, indices[, data], grad).
absl::StatusOr<Blocks> PrepareAdd(const Attrs&,
                                  absl::Span<const Shape> shapes) {
  return BlocksOf(shapes.back(), shapes[1], /*negative=*/true);
}

// For a type that is summed in float there is memory for the sums.
absl::StatusOr<Blocks> PrepareAddOf(const Attrs& attrs,
                                    absl::Span<const Shape> shapes,
                                    const ArgTypes& types) {
  MINNOW_ASSIGN_OR_RETURN(Blocks blocks, PrepareAdd(attrs, shapes));
  if (DTypeSize(types[0].dtype) != 2) return blocks;
  MINNOW_ASSIGN_OR_RETURN(int64_t bytes,
                          shapes.back().CheckedBytes(DType::kFloat32));
  if (__builtin_add_overflow(blocks.workspace_bytes, bytes,
                             &blocks.workspace_bytes)) {
    return absl::InvalidArgumentError("the sums have too many bytes");
  }
  return blocks;
}

absl::Status Gather(const RunContext& context, const NoAttrs&,
                    const Blocks& blocks, AnyIn<0> data, AnyIn<1> indices,
                    AnyOut<0> out) {
  MINNOW_RETURN_IF_ERROR(FindBlocks(context, blocks, indices));
  GatherBlocks(context, blocks, blocks.block_size * data.element_size(),
               data.data, out.data);
  return absl::OkStatus();
}

absl::Status Scatter(const RunContext& context, const ScatterNdAttrs&,
                     const Blocks& blocks, AnyIn<0> data, AnyIn<1> indices,
                     AnyOut<0> out) {
  MINNOW_RETURN_IF_ERROR(FindBlocks(context, blocks, indices));
  ScatterBlocks(context, blocks, blocks.block_size * data.element_size(),
                data.data, out.data);
  return absl::OkStatus();
}

// The blocks of one place are added in the order of the tuples.
template <typename T>
void AddBlocks(const RunContext& context, const Blocks& blocks, const T* head,
               T* grad) {
  using C = ComputeType<T>;
  const int64_t* const numbers = blocks.numbers(context);
  const int64_t size = blocks.block_size;
  C* sums;
  if constexpr (std::is_same_v<C, T>) {
    sums = grad;
  } else {
    sums = reinterpret_cast<C*>(blocks.numbers(context) + blocks.num_tuples);
  }
  ForRanges(context, blocks, [=, &blocks](int64_t begin, int64_t end) {
    std::fill(sums + begin * size, sums + end * size, C{0});
    for (int64_t i = 0; i < blocks.num_tuples; ++i) {
      if (numbers[i] < begin || numbers[i] >= end) continue;
      const T* const from = head + i * size;
      C* const to = sums + numbers[i] * size;
      for (int64_t j = 0; j < size; ++j) to[j] += static_cast<C>(from[j]);
    }
    if constexpr (!std::is_same_v<C, T>) {
      ConvertElements(sums + begin * size, grad + begin * size,
                      (end - begin) * size);
    }
  });
}

absl::Status GatherBackward(const RunContext& context,
                            const BackwardGatherNdAttrs&, const Blocks& blocks,
                            AnyIn<0> head, AnyIn<1> indices, AnyOut<0> grad) {
  MINNOW_RETURN_IF_ERROR(FindBlocks(context, blocks, indices));
  VisitDType(head.dtype, [&]<typename T>() {
    if constexpr (!std::is_integral_v<T>) {
      AddBlocks(context, blocks, head.as<T>(), grad.as<T>());
    }
  });
  return absl::OkStatus();
}

// Of the third argument only the shape matters.
absl::Status GatherBackwardLike(const RunContext& context,
                                const BackwardGatherNdAttrs& attrs,
                                const Blocks& blocks, AnyIn<0> head,
                                AnyIn<1> indices, AnyIn<0>, AnyOut<0> grad) {
  return GatherBackward(context, attrs, blocks, head, indices, grad);
}

// Of (head, indices, grad), and of (head, indices, like, grad).
std::vector<Kernel> BackwardKernels() {
  return Joined(
      {AnyKernels<GatherBackward, PrepareAddOf>(FloatTypes(), NumberTypes()),
       AnyKernels<GatherBackwardLike, PrepareAddOf>(FloatTypes(),
                                                    NumberTypes())});
}

// Merges `blocks` = tuples + array[M:], where the indices have shape (M,
// tuples...), into the shape that `merge` takes.
template <typename F>
absl::Status MergeBlocks(ShapeInference& node, const Shape& array,
                         const F& merge) {
  const Shape& indices = node.input(1);
  if (!indices.known_rank()) return absl::OkStatus();
  if (indices.rank() == 0) return node.InputError(1, "rank 1 or more");
  const int64_t num_axes = indices[0];
  if (num_axes < 0 || !array.known_rank()) return absl::OkStatus();
  if (num_axes > static_cast<int64_t>(array.rank())) {
    return node.InputError(
        1, absl::StrCat("a first axis of at most ", array.rank(),
                        ", the rank of ", array.ToString()));
  }
  Shape blocks(indices.dims().subspan(1));
  for (size_t i = static_cast<size_t>(num_axes); i < array.rank(); ++i) {
    blocks.push_back(array[i]);
  }
  return merge(blocks);
}

absl::Status InferGather(ShapeInference& node) {
  return MergeBlocks(node, node.input(0), [&](const Shape& blocks) {
    return node.MergeOutput(0, blocks);
  });
}

// Also of _backward_gather_nd.
absl::Status InferAtIndices(ShapeInference& node) {
  return MergeBlocks(node, node.output(0), [&](const Shape& blocks) {
    return node.MergeInput(0, blocks);
  });
}

absl::Status InferScatter(ShapeInference& node) {
  const Shape shape(node.attrs<ScatterNdAttrs>().shape.get());
  for (int64_t dim : shape.dims()) {
    if (dim >= 0) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "attribute 'shape': expected dimensions >= 0, found ", dim));
  }
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, shape));
  return InferAtIndices(node);
}

absl::Status InferBackward(ShapeInference& node) {
  MINNOW_RETURN_IF_ERROR(
      node.MergeOutput(0, node.attrs<BackwardGatherNdAttrs>().shape));
  if (node.num_inputs() == 3) {
    MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(2)));
    MINNOW_RETURN_IF_ERROR(node.MergeInput(2, node.output(0)));
  }
  return InferAtIndices(node);
}

std::vector<Symbol> GatherHead(const GradientContext& node) {
  std::vector<Symbol> gradients(node.num_inputs());
  gradients[0] = op::GatherNd(node.head(0), node.input(1));
  return gradients;
}

OpDef GatherNdOp() {
  return {
      .name = "gather_nd",
      .aliases = {"_npi_gather_nd", "_npx_gather_nd"},
      .doc =
          "out[n..., i...] = data[indices[0, n...], indices[1, n...], ..., "
          "i...]",
      .inputs = {"data", "indices"},
      .shape = InferGather,
      .dtype = SameDTypeButIds,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        return {Compose("_backward_gather_nd",
                        {node.head(0), node.input(1), node.input(0)},
                        BackwardGatherNdAttrs()),
                Symbol{}};
      },
      .kernels = AnyKernels<Gather, PrepareGather>(AllTypes(), NumberTypes()),
      .fails_on_data = true,
  };
}

OpDef GatherNdBackwardOp() {
  return {
      .name = "_backward_gather_nd",
      .doc =
          "grad[indices[0, n...], indices[1, n...], ..., i...] += "
          "data[n..., i...], from zeros; a shape of None is that of like",
      .attrs = AttrsTypeOf<BackwardGatherNdAttrs>(),
      .inputs = InputDefs([](const Attrs& attrs) -> std::vector<InputDef> {
        std::vector<InputDef> inputs = {"data", "indices"};
        if (!attrs.As<BackwardGatherNdAttrs>().shape.known_rank()) {
          inputs.push_back({"like", Access::kUnread});
        }
        return inputs;
      }),
      .outputs = {"grad"},
      .shape = InferBackward,
      .dtype = SameDTypeButIds,
      .gradient = GatherHead,
      .kernels = BackwardKernels(),
      .fails_on_data = true,
  };
}

OpDef ScatterNdOp() {
  return {
      .name = "scatter_nd",
      .doc =
          "out[indices[0, n...], indices[1, n...], ..., i...] = "
          "data[n..., i...], and 0 elsewhere",
      .attrs = AttrsTypeOf<ScatterNdAttrs>(),
      .inputs = {"data", "indices"},
      .shape = InferScatter,
      .dtype = SameDTypeButIds,
      .gradient = GatherHead,
      .kernels = AnyKernels<Scatter, PrepareScatter>(AllTypes(), NumberTypes()),
      .fails_on_data = true,
  };
}

}  // namespace

namespace op {

Symbol ScatterNd(Symbol data, Symbol indices, const ScatterNdAttrs& attrs,
                 NodeOptions options) {
  return Compose("scatter_nd", {data, indices}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> GatherNdOps() {
  return {GatherNdOp(), GatherNdBackwardOp(), ScatterNdOp()};
}

}  // namespace minnow
