// Local response normalization: each element is divided by a power of a sum of
// squares, of those at its place in neighbouring channels.
//
//   Symbol y = op::LRN(x, {.nsize = 5});
#ifndef MINNOW_OPS_LRN_H_
#define MINNOW_OPS_LRN_H_

#include <cstdint>

#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"

namespace minnow {

struct LrnAttrs {
  Required<int64_t> nsize;
  float alpha = 1e-4f;
  float beta = 0.75f;
  float knorm = 2.0f;

  static auto Fields() {
    using A = LrnAttrs;
    return std::tuple(
        Field("nsize", &A::nsize,
              "How many channels are summed over, an odd number."),
        Field("alpha", &A::alpha, "The factor of the mean of squares."),
        Field("beta", &A::beta, "The power."),
        Field("knorm", &A::knorm, "Is added to the mean of squares."));
  }
};

namespace op {

// Output 1 is what was raised to a power. No gradient flows through it.
Symbol LRN(Symbol data, const LrnAttrs& attrs, NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_LRN_H_
