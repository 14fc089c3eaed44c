// Activation functions that let something through where x is negative.
//
//   Symbol y = op::LeakyReLU(x, {.slope = 0.1f});
//   Symbol z = op::LeakyReLU(x, gamma, {.act_type = LeakyReluType::kPrelu});
#ifndef MINNOW_OPS_LEAKY_RELU_H_
#define MINNOW_OPS_LEAKY_RELU_H_

#include <cstdint>

#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"

namespace minnow {

enum class LeakyReluType : uint8_t {
  kElu,
  kGelu,
  kLeaky,
  kPrelu,
  kRrelu,
  kSelu
};

inline absl::Span<const EnumName<LeakyReluType>> EnumNames(LeakyReluType) {
  static constexpr EnumName<LeakyReluType> kNames[] = {
      {LeakyReluType::kElu, "elu"},     {LeakyReluType::kGelu, "gelu"},
      {LeakyReluType::kLeaky, "leaky"}, {LeakyReluType::kPrelu, "prelu"},
      {LeakyReluType::kRrelu, "rrelu"}, {LeakyReluType::kSelu, "selu"}};
  return kNames;
}

struct LeakyReluAttrs {
  LeakyReluType act_type = LeakyReluType::kLeaky;
  float slope = 0.25f;
  float lower_bound = 0.125f;
  float upper_bound = 0.334f;

  static auto Fields() {
    using A = LeakyReluAttrs;
    return std::tuple(
        Field("act_type", &A::act_type, "The function that is applied."),
        Field("slope", &A::slope, "The slope of leaky; the factor of elu."),
        Field("lower_bound", &A::lower_bound,
              "The least slope that rrelu draws."),
        Field("upper_bound", &A::upper_bound,
              "What the slopes that rrelu draws are below."));
  }
};

namespace op {

// Output 1 of rrelu is the slope of each element.
Symbol LeakyReLU(Symbol data, const LeakyReluAttrs& attrs = {},
                 NodeOptions options = {});
// With prelu: `gamma` is the slope.
Symbol LeakyReLU(Symbol data, Symbol gamma, const LeakyReluAttrs& attrs,
                 NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_LEAKY_RELU_H_
