#include "minnow/ops/add_n.h"

#include <algorithm>
#include <string>
#include <type_traits>
#include <utility>

#include "minnow/ops/arithmetic.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/elementwise.h"

namespace minnow {
namespace {

std::vector<InputDef> Inputs(const Attrs& attrs) {
  const int64_t count = attrs.As<AddNAttrs>().num_args;
  std::vector<InputDef> inputs;
  for (int64_t i = 0; i < count; ++i) {
    inputs.emplace_back(absl::StrCat("arg", i), Access::kRead);
  }
  return inputs;
}

// to[i] = sum[i] + x[i]; `to` may be the memory of either.
template <typename C, typename T>
void AddTo(const C* sum, const T* x, int64_t n, C* to) {
  Vectorize([=]() MINNOW_INLINE {
    for (int64_t i = 0; i < n; ++i)
      to[i] = Plus()(sum[i], static_cast<C>(x[i]));
  });
}

// Tile by tile, so that the sums stay in the cache. The last step alone writes
// to the output, which so may be the memory of any input.
template <typename T>
void AddTile(ListOf<Dense<const T>> args, int64_t begin, int64_t n, T* out) {
  using C = ComputeType<T>;
  C tile[kTile];
  const C* sum = tile;
  if constexpr (std::is_same_v<C, T>) {
    sum = args[0].data() + begin;
  } else {
    ConvertElements(args[0].data() + begin, +tile, n);
  }
  for (size_t i = 1; i < args.size(); ++i) {
    C* to = tile;
    if constexpr (std::is_same_v<C, T>) {
      if (i + 1 == args.size()) to = out;
    }
    AddTo(sum, args[i].data() + begin, n, to);
    sum = to;
  }
  // Copies nothing where it is there already.
  ConvertElements(sum, out, n);
}

template <typename T>
absl::Status AddN(const RunContext& context, const AddNAttrs&,
                  ListOf<Dense<const T>> args, Dense<T> out) {
  ParallelFor(*context.threads, out.size(), kElementwiseGrain,
              [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; i += kTile) {
                  AddTile(args, i, std::min(kTile, end - i), out.data() + i);
                }
              });
  return absl::OkStatus();
}

OpDef AddNOp() {
  return {
      .name = "add_n",
      .aliases = {"ElementWiseSum", "_sparse_ElementWiseSum", "_sparse_add_n"},
      .doc =
          "out = arg0 + arg1 + ...\n"
          "Added in this order; 16-bit elements in float32, rounded once.",
      .attrs = AttrsTypeOf<AddNAttrs>(),
      .inputs = Inputs,
      .shape = SameShape,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        return std::vector<Symbol>(node.num_inputs(), node.head(0));
      },
      .inplace = {{0, 0}},
      .kernels = KernelsFor(NumberTypes(),
                            []<typename T>() { return KernelOf<AddN<T>>(); }),
  };
}

}  // namespace

namespace op {

Symbol AddN(absl::Span<const Symbol> args, NodeOptions options) {
  for (const Symbol& arg : args) {
    if (arg.omitted()) continue;
    return arg.builder->Add(
        "add_n", args, AddNAttrs{.num_args = static_cast<int64_t>(args.size())},
        std::move(options));
  }
  return Symbol{};
}

}  // namespace op

std::vector<OpDef> AddNOps() { return {AddNOp()}; }

}  // namespace minnow
