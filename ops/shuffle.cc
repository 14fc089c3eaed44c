#include "minnow/ops/shuffle.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "minnow/core/distributions.h"
#include "minnow/graph/op_def.h"

namespace minnow {
namespace {

// The workspace holds the order of the rows.
struct ShufflePlan {
  int64_t workspace_bytes;
};

absl::StatusOr<ShufflePlan> PrepareShuffle(const Attrs&,
                                           absl::Span<const Shape> shapes) {
  const Shape& data = shapes[0];
  return ShufflePlan{
      data.rank() == 0 ? 0 : data[0] * static_cast<int64_t>(sizeof(int64_t))};
}

// A random order of n rows (R. Fisher, F. Yates).
void MakeOrder(const RunContext& context, int64_t n, int64_t* order) {
  const PhiloxGenerator random(context.random);
  ParallelFor(*context.threads, n, 1 << 13, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      order[i] = static_cast<int64_t>(UniformBelow(
          random, static_cast<uint64_t>(i), static_cast<uint64_t>(i) + 1));
    }
  });
  // Row i is put to the place that was drawn, and what was there goes to i.
  for (int64_t i = 0; i < n; ++i) {
    const int64_t place = order[i];
    order[i] = order[place];
    order[place] = i;
  }
}

// `size` is known to the compiler where it is a constant.
template <typename Size>
void MoveRows(const RunContext& context, const int64_t* order, int64_t n,
              Size size, const char* data, char* out) {
  const int64_t bytes = size;
  ParallelFor(*context.threads, n, std::max<int64_t>(1, (1 << 15) / bytes),
              [=](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; ++i) {
                  std::memcpy(out + i * Size(size),
                              data + order[i] * Size(size),
                              static_cast<size_t>(Size(size)));
                }
              });
}

template <int64_t n>
using Constant = std::integral_constant<int64_t, n>;

void ShuffleRows(const RunContext& context, int64_t n, int64_t bytes,
                 const void* data, void* out) {
  if (n == 0 || bytes == 0) return;
  auto* order = reinterpret_cast<int64_t*>(context.workspace.data());
  MakeOrder(context, n, order);
  const auto move = [&](auto size) {
    MoveRows(context, order, n, size, static_cast<const char*>(data),
             static_cast<char*>(out));
  };
  switch (bytes) {
    case 1:
      return move(Constant<1>());
    case 2:
      return move(Constant<2>());
    case 4:
      return move(Constant<4>());
    case 8:
      return move(Constant<8>());
    default:
      return move(bytes);
  }
}

template <typename T>
absl::Status Shuffle(const RunContext& context, const NoAttrs&,
                     const ShufflePlan&, Dense<const T> data, Dense<T> out) {
  const auto size = static_cast<int64_t>(sizeof(T));
  if (data.rank() == 0) {
    out.data()[0] = data.data()[0];
  } else {
    ShuffleRows(context, data.dims[0], data.row_size() * size, data.data(),
                out.data());
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<OpDef> ShuffleOps() {
  return {{
      .name = "_shuffle",
      .aliases = {"_npi_shuffle", "shuffle"},
      .doc = "out[i, ...] = data[order[i], ...], where order is a random "
             "permutation",
      .inputs = {"data"},
      .shape = SameShape,
      .kernels = KernelsFor(
          AllTypes(),
          []<typename T>() { return KernelOf<Shuffle<T>, PrepareShuffle>(); }),
      .random = true,
  }};
}

}  // namespace minnow
