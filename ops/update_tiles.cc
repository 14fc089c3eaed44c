#include "minnow/ops/update_tiles.h"

#include <algorithm>
#include <cstring>

#include "minnow/core/prefetch.h"
#include "minnow/ops/convert_elements.h"

namespace minnow {
namespace {

// Elements of a tile, and the most runs in it.
constexpr int64_t kTile = 512;
constexpr int64_t kTileRuns = 64;

// A part of some runs: the elements behind the first `begin` ones of each.
struct Part {
  const UpdateRuns& runs;
  int64_t begin;

  std::byte* At(int64_t run, int64_t array, int64_t item) const {
    return runs.at[run * runs.stride + array] + begin * item;
  }
};

// The elements of an array one after the other: where they are if that is one
// run, else copied.
const void* Pack(const Part& part, int64_t array, int64_t item, void* packed) {
  if (part.runs.count == 1) return part.At(0, array, item);
  const int64_t bytes = part.runs.size * item;
  for (int64_t i = 0; i < part.runs.count; ++i) {
    std::memcpy(static_cast<std::byte*>(packed) + i * bytes,
                part.At(i, array, item), static_cast<size_t>(bytes));
  }
  return packed;
}

void Unpack(const std::byte* packed, const Part& part, int64_t array,
            int64_t item) {
  const int64_t bytes = part.runs.size * item;
  for (int64_t i = 0; i < part.runs.count; ++i) {
    std::memcpy(part.At(i, array, item), packed + i * bytes,
                static_cast<size_t>(bytes));
  }
}

void RunTile(const UpdateRule& rule, absl::Span<const UpdateArray> arrays,
             bool rounds, const Part& part) {
  const UpdateRuns& runs = part.runs;
  const auto num_arrays = static_cast<int64_t>(arrays.size());
  const int64_t num_elements = runs.count * runs.size;
  float tiles[kMaxUpdateArrays][kTile];
  std::byte packed[kTile * sizeof(double)];
  std::byte* at[kTileRuns * kMaxUpdateArrays];
  const auto is_rounded = [&](int64_t a) {
    return rounds && a == num_arrays - 1;
  };
  const auto is_own = [&](int64_t a) {
    return !is_rounded(a) && arrays[a].dtype == rule.dtype();
  };
  for (int64_t a = 0; a < num_arrays; ++a) {
    const bool own = is_own(a);
    for (int64_t i = 0; i < runs.count; ++i) {
      at[i * runs.stride + a] =
          own ? part.At(i, a, arrays[a].item)
              : reinterpret_cast<std::byte*>(tiles[a] + i * runs.size);
    }
    if (own || is_rounded(a)) continue;
    ConvertElements(arrays[a].dtype, Pack(part, a, arrays[a].item, packed),
                    DType::kFloat32, tiles[a], num_elements);
  }
  rule({runs.count, runs.size, runs.stride, at});
  for (int64_t a = 0; a < num_arrays; ++a) {
    if (a == kGradientArray || is_own(a)) continue;
    const int64_t item = arrays[a].item;
    const void* const from =
        is_rounded(a) ? Pack(part, 0, arrays[0].item, tiles[a]) : tiles[a];
    std::byte* const to = runs.count == 1 ? part.At(0, a, item) : packed;
    ConvertElements(DType::kFloat32, from, arrays[a].dtype, to, num_elements);
    if (to == packed) Unpack(packed, part, a, item);
  }
}

}  // namespace

void RunInTiles(const UpdateRule& rule, absl::Span<const UpdateArray> arrays,
                bool rounds, const UpdateRuns& runs) {
  if (runs.size == 0) return;
  // Several runs, or pieces of one.
  const int64_t most = std::clamp<int64_t>(kTile / runs.size, 1, kTileRuns);
  for (int64_t i = 0; i < runs.count; i += most) {
    const int64_t next = i + std::max(most, runs.ahead);
    for (int64_t k = next; k < std::min(runs.num_places, next + most); ++k) {
      for (size_t a = 0; a < arrays.size(); ++a) {
        if (a == kGradientArray) continue;
        Prefetch(runs.at[k * runs.stride + static_cast<int64_t>(a)],
                 runs.size * arrays[a].item);
      }
    }
    for (int64_t begin = 0; begin < runs.size; begin += kTile) {
      const UpdateRuns tile = {std::min(most, runs.count - i),
                               std::min(kTile, runs.size - begin), runs.stride,
                               runs.at + i * runs.stride};
      RunTile(rule, arrays, rounds, {tile, begin});
    }
  }
}

}  // namespace minnow
