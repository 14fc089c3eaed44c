#include "minnow/ops/convert_elements.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "minnow/core/convert.h"
#include "minnow/core/simd.h"

namespace minnow {
namespace {

template <typename From, typename To>
void ConvertTyped(const From* x, To* y, int64_t n) {
  // 16-bit types go by way of float, which changes no result; so they are
  // compiled for one other type.
  constexpr bool kByFloat =
      (!std::is_same_v<From, ComputeType<From>> &&
       !std::is_same_v<To, float>) ||
      (!std::is_same_v<To, ComputeType<To>> && !std::is_same_v<From, float>);
  if constexpr (kByFloat) {
    constexpr int64_t kTile = 512;
    float tile[kTile];
    for (int64_t begin = 0; begin < n; begin += kTile) {
      const int64_t count = std::min(kTile, n - begin);
      ConvertTyped(x + begin, +tile, count);
      ConvertTyped(+tile, y + begin, count);
    }
  } else {
    Vectorize([=]() MINNOW_INLINE {
      for (int64_t i = 0; i < n; ++i) y[i] = Convert<To>(x[i]);
    });
  }
}

}  // namespace

void ConvertElements(DType from, const void* x, DType to, void* y, int64_t n) {
  // Of bytes, which a bool is, compilers make vectors.
  if (from == DType::kBool && to != DType::kBool) from = DType::kUInt8;
  if (from == to) {
    if (x != y && n > 0) {
      std::memcpy(y, x, static_cast<size_t>(n) * DTypeSize(to));
    }
    return;
  }
  VisitDType(from, [&]<typename From>() {
    VisitDType(to, [&]<typename To>() {
      if constexpr (!std::is_same_v<From, To> && !std::is_same_v<From, bool>) {
        ConvertTyped(static_cast<const From*>(x), static_cast<To*>(y), n);
      }
    });
  });
}

}  // namespace minnow
