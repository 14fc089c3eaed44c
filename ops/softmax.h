// softmax, log_softmax and softmin along an axis, and SoftmaxActivation, an old
// form of softmax.
//
//   Symbol p = op::Softmax(x);
//   Symbol q = op::LogSoftmax(x, {.axis = 1, .temperature = 2.0});
#ifndef MINNOW_OPS_SOFTMAX_H_
#define MINNOW_OPS_SOFTMAX_H_

#include <cstdint>
#include <optional>

#include "minnow/core/attrs.h"
#include "minnow/core/dtype.h"
#include "minnow/graph/builder.h"

namespace minnow {

struct SoftmaxAttrs {
  int64_t axis = -1;
  std::optional<double> temperature = {};
  std::optional<DType> dtype = {};
  std::optional<bool> use_length = false;

  static auto Fields() {
    using A = SoftmaxAttrs;
    return std::tuple(
        Field("axis", &A::axis, "The axis along which the results sum to 1."),
        Field("temperature", &A::temperature,
              "What data is divided by; None is 1."),
        Field("dtype", &A::dtype,
              "The type of the result; None is that of data."),
        Field("use_length", &A::use_length,
              "There is an input `length`: so many elements of each line "
              "count, the others become 0."));
  }
};

enum class SoftmaxMode : uint8_t { kChannel, kInstance };

inline absl::Span<const EnumName<SoftmaxMode>> EnumNames(SoftmaxMode) {
  static constexpr EnumName<SoftmaxMode> kNames[] = {
      {SoftmaxMode::kChannel, "channel"}, {SoftmaxMode::kInstance, "instance"}};
  return kNames;
}

struct SoftmaxActivationAttrs {
  SoftmaxMode mode = SoftmaxMode::kInstance;

  static auto Fields() {
    return std::tuple(Field("mode", &SoftmaxActivationAttrs::mode,
                            "What sums to 1: axis 1, or all axes but the first "
                            "one."));
  }
};

namespace op {

Symbol Softmax(Symbol data, const SoftmaxAttrs& attrs = {},
               NodeOptions options = {});
// With attrs.use_length.
Symbol Softmax(Symbol data, Symbol length, const SoftmaxAttrs& attrs,
               NodeOptions options = {});
Symbol LogSoftmax(Symbol data, const SoftmaxAttrs& attrs = {},
                  NodeOptions options = {});
Symbol Softmin(Symbol data, const SoftmaxAttrs& attrs = {},
               NodeOptions options = {});
Symbol SoftmaxActivation(Symbol data, const SoftmaxActivationAttrs& attrs = {},
                         NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_SOFTMAX_H_
