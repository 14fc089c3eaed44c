// Dropout: some elements become 0 in training, at random.
//
//   Symbol y = op::Dropout(x, {.p = 0.2});  // The others are divided by 0.8.
//
// With `axes` whole slices are dropped: all elements along these axes have one
// fate.
#ifndef MINNOW_OPS_DROPOUT_H_
#define MINNOW_OPS_DROPOUT_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"

namespace minnow {

enum class DropoutMode : uint8_t { kAlways, kTraining };

inline absl::Span<const EnumName<DropoutMode>> EnumNames(DropoutMode) {
  static constexpr EnumName<DropoutMode> kNames[] = {
      {DropoutMode::kAlways, "always"}, {DropoutMode::kTraining, "training"}};
  return kNames;
}

struct DropoutAttrs {
  float p = 0.5f;
  DropoutMode mode = DropoutMode::kTraining;
  std::vector<int64_t> axes = {};
  std::optional<bool> cudnn_off = false;

  static auto Fields() {
    using A = DropoutAttrs;
    return std::tuple(
        Field("p", &A::p, "The probability of an element to be dropped."),
        Field("mode", &A::mode, "When elements are dropped."),
        Field("axes", &A::axes, "All elements along these have one fate."),
        Field("cudnn_off", &A::cudnn_off, "Has no effect."));
  }
};

namespace op {

// Output 1 is the mask that the data was multiplied by.
Symbol Dropout(Symbol data, const DropoutAttrs& attrs = {},
               NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_DROPOUT_H_
