#include "minnow/ops/where.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "minnow/core/simd.h"
#include "minnow/core/status.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/convert_elements.h"
#include "minnow/ops/elementwise.h"
#include "minnow/ops/init.h"

namespace minnow {
namespace {

struct Condition {
  DType dtype;
  const void* data;

  // Whether each of `count` elements is not 0; so NaN is true.
  void Load(int64_t begin, int64_t count, bool* chosen) const {
    const auto size = static_cast<int64_t>(DTypeSize(dtype));
    ConvertElements(dtype, static_cast<const char*>(data) + begin * size,
                    DType::kBool, chosen, count);
  }
};

// One copy for each type, whatever that of the condition is.
template <typename T>
void Choose(const RunContext& context, const Condition& condition, int64_t n,
            const T* x, const T* y, T* out) {
  ParallelFor(*context.threads, n, kElementwiseGrain,
              [=](int64_t begin, int64_t end) {
                bool chosen[kTile];
                for (; begin < end; begin += kTile) {
                  const int64_t count = std::min(kTile, end - begin);
                  condition.Load(begin, count, chosen);
                  Vectorize([count, c = &chosen[0], a = x + begin,
                             b = y + begin, to = out + begin]() MINNOW_INLINE {
                    for (int64_t i = 0; i < count; ++i) {
                      // Both are read, so that there is no branch.
                      const T from_a = a[i];
                      const T from_b = b[i];
                      to[i] = c[i] ? from_a : from_b;
                    }
                  });
                }
              });
}

void ChooseRows(const RunContext& context, const Condition& condition,
                int64_t rows, int64_t bytes, const char* x, const char* y,
                char* out) {
  ParallelFor(*context.threads, rows,
              std::max<int64_t>(1, (1 << 16) / std::max<int64_t>(bytes, 1)),
              [=](int64_t begin, int64_t end) {
                for (int64_t row = begin; row < end; ++row) {
                  bool chosen = false;
                  condition.Load(row, 1, &chosen);
                  const int64_t at = row * bytes;
                  // Which may be its own place.
                  std::memmove(out + at, (chosen ? x : y) + at,
                               static_cast<size_t>(bytes));
                }
              });
}

template <typename T, typename C>
absl::Status Where(const RunContext& context, const NoAttrs&,
                   Dense<const C> condition, Dense<const T> x, Dense<const T> y,
                   Dense<T> out) {
  const Condition chosen = {DTypeOf<C>, condition.data()};
  if (condition.size() != x.size()) {
    ChooseRows(context, chosen, condition.size(),
               x.row_size() * int64_t{sizeof(T)},
               reinterpret_cast<const char*>(x.data()),
               reinterpret_cast<const char*>(y.data()),
               reinterpret_cast<char*>(out.data()));
    return absl::OkStatus();
  }
  Choose(context, chosen, x.size(), x.data(), y.data(), out.data());
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
  for (size_t i : {1, 2}) {
    MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(i)));
  }
  for (size_t i : {1, 2}) {
    MINNOW_RETURN_IF_ERROR(node.MergeInput(i, node.output(0)));
  }
  return absl::OkStatus();
}

template <typename... T>
std::vector<Kernel> WhereKernels(Types<T...>) {
  std::vector<Kernel> kernels;
  const auto add = [&]<typename U, typename... C>(Types<C...>) {
    (kernels.push_back(KernelOf<Where<U, C>>()), ...);
  };
  (add.template operator()<T>(AllTypes()), ...);
  return kernels;
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
      .kernels = WhereKernels(AllTypes()),
  }};
}

}  // namespace minnow
