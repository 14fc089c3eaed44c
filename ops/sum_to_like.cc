#include "minnow/ops/sum_to_like.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"
#include "minnow/ops/arithmetic.h"
#include "minnow/ops/binary.h"
#include "minnow/ops/broadcast.h"
#include "minnow/ops/elementwise.h"
#include "minnow/ops/init.h"

namespace minnow {
namespace {

absl::Status InferSumToLike(ShapeInference& node) {
  // Each learns what the other knows.
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(1)));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(1, node.output(0)));
  const Shape& data = node.input(0);
  const Shape& like = node.input(1);
  if (!data.known() || !like.known()) return absl::OkStatus();
  bool fits = like.rank() <= data.rank();
  for (size_t k = 1; fits && k <= like.rank(); ++k) {
    const int64_t dim = like[like.rank() - k];
    fits = dim == 1 || dim == data[data.rank() - k];
  }
  if (fits) return absl::OkStatus();
  return node.InputError(
      1, absl::StrCat("a shape that broadcasts to ", data.ToString()));
}

// The first dimension is cut into blocks. If it is summed over, each block has
// sums of its own, which are added in order at the end.
struct SumPlan {
  BroadcastPlan loop;  // Its lhs is the sums, its rhs the data.
  int64_t grain;       // Of the first dimension.
  int64_t num_sums;    // Arrays of sums.
  int64_t workspace_bytes;
};

// Sums of a block on their own cost memory, so there are few.
constexpr int64_t kMaxSums = 16;

template <typename T>
absl::StatusOr<SumPlan> PrepareSum(const Attrs&,
                                   absl::Span<const Shape> shapes) {
  SumPlan plan;
  plan.loop = PlanBroadcast(shapes[1], shapes[0], shapes[0]);
  const int64_t dim = plan.loop.dims[0];
  const int64_t inner = std::max<int64_t>(
      1, shapes[0].num_elements() / std::max<int64_t>(dim, 1));
  plan.grain = std::max<int64_t>(1, kElementwiseGrain / inner);
  plan.num_sums = 1;
  if (plan.loop.lhs_strides[0] == 0) {
    plan.grain = std::max(plan.grain, (dim + kMaxSums - 1) / kMaxSums);
    plan.num_sums = std::max<int64_t>(1, (dim + plan.grain - 1) / plan.grain);
  }
  // Cannot overflow: the sums of all blocks are no more than the data.
  plan.workspace_bytes = plan.num_sums * shapes[1].num_elements() *
                         static_cast<int64_t>(sizeof(ComputeType<T>));
  return plan;
}

// The sum of n elements, over 32 lanes that are added as a tree: in one order
// on every instruction set.
template <typename C, typename T>
MINNOW_INLINE inline C SumRow(const T* x, int64_t n) {
  constexpr int64_t kLanes = 32;
  C lanes[kLanes] = {};
  for (int64_t i = 0; i + kLanes <= n; i += kLanes) {
    for (int64_t k = 0; k < kLanes; ++k) {
      lanes[k] = Plus()(lanes[k], static_cast<C>(x[i + k]));
    }
  }
  const int64_t rest = n % kLanes;
  for (int64_t k = 0; k < rest; ++k) {
    lanes[k] = Plus()(lanes[k], static_cast<C>(x[n - rest + k]));
  }
  for (int64_t width = kLanes / 2; width > 0; width /= 2) {
    for (int64_t k = 0; k < width; ++k) {
      lanes[k] = Plus()(lanes[k], lanes[k + width]);
    }
  }
  return lanes[0];
}

// Adds `rows` rows of `cols` elements to sums: a sum for each column, or, if
// `repeated`, one for the row.
template <typename C, typename T>
void AddRows(int64_t rows, int64_t cols, const T* data, C* sums,
             int64_t row_stride, bool repeated) {
  Vectorize([=]() MINNOW_INLINE {
    const T* x = data;
    C* sum = sums;
    for (int64_t r = 0; r < rows; ++r) {
      if (repeated) {
        *sum = Plus()(*sum, SumRow<C>(x, cols));
      } else {
        for (int64_t j = 0; j < cols; ++j) {
          sum[j] = Plus()(sum[j], static_cast<C>(x[j]));
        }
      }
      x += cols;
      sum += row_stride;
    }
  });
}

// Rows [begin, end), counted over all dimensions but the last.
template <typename C, typename T>
void AddBlock(const BroadcastPlan& loop, int64_t begin, int64_t end,
              const T* data, C* sums) {
  const size_t last = loop.dims.size() - 1;
  const int64_t matrix_rows = loop.dims[last - 1];
  while (begin < end) {
    const int64_t rows =
        std::min(end - begin, matrix_rows - begin % matrix_rows);
    AddRows<C>(rows, loop.cols(), data + begin * loop.cols(),
               sums + loop.RowOffsets(begin).lhs, loop.lhs_strides[last - 1],
               loop.lhs_strides[last] == 0);
    begin += rows;
  }
}

template <typename T>
absl::Status SumToLike(const RunContext& context, const NoAttrs&,
                       const SumPlan& plan, Dense<const T> data, Dense<const T>,
                       Dense<T> out) {
  using C = ComputeType<T>;
  if (data.size() == out.size()) {
    ConvertElements(data.data(), out.data(), out.size());
    return absl::OkStatus();
  }
  const int64_t n = out.size();
  C* const sums = reinterpret_cast<C*>(context.workspace.data());
  std::fill_n(sums, plan.num_sums * n, C{0});
  const int64_t dim = plan.loop.dims[0];
  const int64_t rows = dim == 0 ? 0 : plan.loop.rows() / dim;
  ParallelFor(*context.threads, dim, plan.grain,
              [&](int64_t begin, int64_t end) {
                const int64_t own = plan.num_sums > 1 ? begin / plan.grain : 0;
                AddBlock(plan.loop, begin * rows, end * rows, data.data(),
                         sums + own * n);
              });
  for (int64_t i = 1; i < plan.num_sums; ++i) {
    AddRows<C, C>(1, n, sums + i * n, sums, 0, false);
  }
  ConvertElements(sums, out.data(), n);
  return absl::OkStatus();
}

}  // namespace

std::vector<OpDef> SumToLikeOps() {
  return {{
      .name = "_sum_to_like",
      .doc = "out = the sum of data over the dimensions in which the shape of "
             "`like` would be broadcast to its own\n"
             "16-bit elements are summed in float32, integers wrap.",
      .inputs = {"data", "like"},
      .shape = InferSumToLike,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        return {op::ZerosLike(node.input(0)) + node.head(0), Symbol{}};
      },
      .inplace = {{0, 0}},
      .kernels = KernelsFor(
          NumberTypes(),
          []<typename T>() { return KernelOf<SumToLike<T>, PrepareSum<T>>(); }),
  }};
}

}  // namespace minnow
