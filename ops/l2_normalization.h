// Division of parts of an array by their norms.
//
//   Symbol y = op::L2Normalization(x, {.mode = L2Mode::kChannel});
#ifndef MINNOW_OPS_L2_NORMALIZATION_H_
#define MINNOW_OPS_L2_NORMALIZATION_H_

#include <cstdint>

#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"

namespace minnow {

enum class L2Mode : uint8_t { kChannel, kInstance, kSpatial };

inline absl::Span<const EnumName<L2Mode>> EnumNames(L2Mode) {
  static constexpr EnumName<L2Mode> kNames[] = {{L2Mode::kChannel, "channel"},
                                                {L2Mode::kInstance, "instance"},
                                                {L2Mode::kSpatial, "spatial"}};
  return kNames;
}

struct L2NormalizationAttrs {
  float eps = 1e-10f;
  L2Mode mode = L2Mode::kInstance;

  static auto Fields() {
    using A = L2NormalizationAttrs;
    return std::tuple(
        Field("eps", &A::eps, "Is added to the sum of squares."),
        Field("mode", &A::mode,
              "What has one norm: the elements along axis 1, all but axis 0, "
              "or all but axes 0 and 1."));
  }
};

namespace op {

// Output 1 is the norms. No gradient flows through them.
Symbol L2Normalization(Symbol data, const L2NormalizationAttrs& attrs = {},
                       NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_L2_NORMALIZATION_H_
