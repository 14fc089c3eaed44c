#include "minnow/ops/where.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "minnow/core/simd.h"
#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/any_dtype.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/elementwise.h"
#include "minnow/ops/init.h"

namespace minnow {
namespace {

// An element is chosen where the condition is not 0; so NaN is true. One copy
// for each size of elements.
template <typename T>
void Choose(const RunContext& context, const AnyConstArray& condition,
            int64_t n, const T* x, const T* y, T* out) {
  ParallelFor(*context.threads, n, kElementwiseGrain,
              [=](int64_t begin, int64_t end) {
                bool chosen[kTile];
                for (; begin < end; begin += kTile) {
                  const int64_t count = std::min(kTile, end - begin);
                  LoadElements(condition, begin, count, chosen);
                  // As bytes, since compilers make no vectors of bool.
                  const auto* c = reinterpret_cast<const uint8_t*>(&chosen[0]);
                  Vectorize([count, c, a = x + begin, b = y + begin,
                             to = out + begin]() MINNOW_INLINE {
                    for (int64_t i = 0; i < count; ++i) {
                      const auto all = static_cast<T>(-T{c[i]});
                      to[i] = static_cast<T>((a[i] & all) | (b[i] & ~all));
                    }
                  });
                }
              });
}

void ChooseRows(const RunContext& context, const AnyConstArray& condition,
                int64_t rows, int64_t bytes, const char* x, const char* y,
                char* out) {
  ParallelFor(*context.threads, rows,
              std::max<int64_t>(1, (1 << 16) / std::max<int64_t>(bytes, 1)),
              [=](int64_t begin, int64_t end) {
                for (int64_t row = begin; row < end; ++row) {
                  bool chosen = false;
                  LoadElements(condition, row, 1, &chosen);
                  const int64_t at = row * bytes;
                  // Which may be its own place.
                  std::memmove(out + at, (chosen ? x : y) + at,
                               static_cast<size_t>(bytes));
                }
              });
}

absl::Status Where(const RunContext& context, const NoAttrs&,
                   AnyIn<1> condition, AnyIn<0> x, AnyIn<0> y, AnyOut<0> out) {
  if (condition.size != x.size) {
    const int64_t row_size = internal::RowSize(x.dims);
    ChooseRows(context, condition, condition.size, row_size * x.element_size(),
               x.as<char>(), y.as<char>(), out.as<char>());
    return absl::OkStatus();
  }
  VisitSize(x.element_size(), [&]<typename U>() {
    Choose(context, condition, x.size, x.as<U>(), y.as<U>(), out.as<U>());
  });
  return absl::OkStatus();
}

absl::Status InferShape(ShapeInference& node) {
  for (size_t i : {1, 2}) {
    MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(i)));
  }
  const Shape& condition = node.input(0);
  if (condition.known_rank()) {
    const Shape& out = node.output(0);
    if (condition.rank() != 1) {
      MINNOW_RETURN_IF_ERROR(node.MergeInput(0, out));
      MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, condition));
    } else if (out.known_rank()) {
      if (out.rank() == 0) {
        return node.InputError(0, "a scalar, as x and y are");
      }
      MINNOW_RETURN_IF_ERROR(node.MergeInput(0, Shape{out[0]}));
    }
  }
  for (size_t i : {1, 2}) {
    MINNOW_RETURN_IF_ERROR(node.MergeInput(i, node.output(0)));
  }
  return absl::OkStatus();
}

// The condition has a type of its own.
absl::Status InferDType(DTypeInference& node) {
  return SameDTypeOf(node, {1, 2});
}

}  // namespace

namespace op {

Symbol Where(Symbol condition, Symbol x, Symbol y, NodeOptions options) {
  return Compose("where", {condition, x, y}, {}, std::move(options));
}

}  // namespace op

std::vector<OpDef> WhereOps() {
  return {{
      .name = "where",
      .aliases = {"_sparse_where"},
      .doc =
          "out = x where condition != 0, and y elsewhere; a condition of one "
          "dimension chooses rows",
      .inputs = {"condition", "x", "y"},
      .shape = InferShape,
      .dtype = InferDType,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        const Symbol zeros = op::ZerosLike(node.head(0));
        return {Symbol{}, op::Where(node.input(0), node.head(0), zeros),
                op::Where(node.input(0), zeros, node.head(0))};
      },
      .inplace = {{1, 0}, {2, 0}},
      .kernels = AnyKernels<Where>(AllTypes(), AllTypes()),
  }};
}

}  // namespace minnow
