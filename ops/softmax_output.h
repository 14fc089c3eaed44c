// SoftmaxOutput: softmax that is its own loss.
//
//   Symbol out = op::SoftmaxOutput(x, label, {.normalization =
//                                                Normalization::kBatch});
//
// Its gradient is that of the cross entropy between the result and the labels,
// whatever flows in from behind. The label has no gradient.
#ifndef MINNOW_OPS_SOFTMAX_OUTPUT_H_
#define MINNOW_OPS_SOFTMAX_OUTPUT_H_

#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"

namespace minnow {

// What the gradient is divided by.
enum class Normalization : uint8_t { kNull, kBatch, kValid };

inline absl::Span<const EnumName<Normalization>> EnumNames(Normalization) {
  static constexpr EnumName<Normalization> kNames[] = {
      {Normalization::kNull, "null"},
      {Normalization::kBatch, "batch"},
      {Normalization::kValid, "valid"}};
  return kNames;
}

struct SoftmaxOutputAttrs {
  float grad_scale = 1.0f;
  float ignore_label = -1.0f;
  bool multi_output = false;
  bool use_ignore = false;
  bool preserve_shape = false;
  Normalization normalization = Normalization::kNull;
  bool out_grad = false;
  float smooth_alpha = 0.0f;

  static auto Fields() {
    using A = SoftmaxOutputAttrs;
    return std::tuple(
        Field("grad_scale", &A::grad_scale, "Scale of the gradient."),
        Field("ignore_label", &A::ignore_label,
              "The label that use_ignore and normalization are about."),
        Field("multi_output", &A::multi_output,
              "Classes are along axis 1; each of the other places has a label, "
              "and unless the normalization is valid, the gradient is divided "
              "by the number of places in an example."),
        Field("use_ignore", &A::use_ignore,
              "Places with ignore_label have no gradient."),
        Field("preserve_shape", &A::preserve_shape,
              "Classes are along the last axis; else all axes but the first "
              "are classes."),
        Field("normalization", &A::normalization,
              "Divide the gradient by 1, by the number of labels (of examples, "
              "with multi_output), or by the number of labels that are not "
              "ignore_label."),
        Field("out_grad", &A::out_grad,
              "Multiply the gradient by the one that flows in."),
        Field("smooth_alpha", &A::smooth_alpha,
              "So much of a label is shared among the other classes."));
  }
};

namespace op {

Symbol SoftmaxOutput(Symbol data, Symbol label,
                     const SoftmaxOutputAttrs& attrs = {},
                     NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_SOFTMAX_OUTPUT_H_
