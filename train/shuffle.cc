#include "minnow/train/shuffle.h"

#include <numeric>
#include <utility>

namespace minnow {
namespace {

// Uniform in [0, limit), without bias: a draw that would favour some numbers
// is rejected (D. Lemire, "Fast random integer generation in an interval",
// 2019).
uint32_t UniformBelow(uint32_t limit, const PhiloxGenerator& random,
                      uint64_t element) {
  const uint32_t rejected = -limit % limit;
  for (uint16_t attempt = 0;; ++attempt) {
    const uint64_t product = uint64_t{random(element, attempt)[0]} * limit;
    if (static_cast<uint32_t>(product) >= rejected) {
      return static_cast<uint32_t>(product >> 32);
    }
  }
}

}  // namespace

std::vector<uint32_t> RandomOrder(uint32_t n, const RandomKey& key) {
  std::vector<uint32_t> order(n);
  std::iota(order.begin(), order.end(), uint32_t{0});
  const PhiloxGenerator random(key);
  // R. Fisher, F. Yates; R. Durstenfeld, 1964.
  for (uint32_t i = n; i > 1; --i) {
    std::swap(order[i - 1], order[UniformBelow(i, random, i)]);
  }
  return order;
}

}  // namespace minnow
