// Activation functions of neural networks.
//
//   Symbol hidden = op::Activation(x, {.act_type = ActType::kRelu});
#ifndef MINNOW_OPS_ACTIVATION_H_
#define MINNOW_OPS_ACTIVATION_H_

#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"

namespace minnow {

enum class ActType : uint8_t { kRelu, kSigmoid, kTanh, kSoftrelu, kSoftsign };

inline absl::Span<const EnumName<ActType>> EnumNames(ActType) {
  static constexpr EnumName<ActType> kNames[] = {
      {ActType::kRelu, "relu"},
      {ActType::kSigmoid, "sigmoid"},
      {ActType::kTanh, "tanh"},
      {ActType::kSoftrelu, "softrelu"},
      {ActType::kSoftsign, "softsign"}};
  return kNames;
}

struct ActivationAttrs {
  Required<ActType> act_type;

  static auto Fields() {
    return std::tuple(Field("act_type", &ActivationAttrs::act_type,
                            "The function that is applied."));
  }
};

namespace op {

Symbol Activation(Symbol data, const ActivationAttrs& attrs,
                  NodeOptions options = {});

// The gradient of an activation: head * f'(data), from the output of the
// function; for softsign from its input.
Symbol ActivationGradient(Symbol head, Symbol value,
                          const ActivationAttrs& attrs,
                          NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_ACTIVATION_H_
