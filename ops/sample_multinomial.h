// Draws of categories, by their probabilities.
//
//   Symbols drawn = op::SampleMultinomial(op::Softmax(x), {.shape = {5}});
//
// The last axis of the data is that of the categories; its sums are one. With
// `get_prob` there is a second output, the logarithm of the probability of each
// draw, through which gradients flow.
#ifndef MINNOW_OPS_SAMPLE_MULTINOMIAL_H_
#define MINNOW_OPS_SAMPLE_MULTINOMIAL_H_

#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"

namespace minnow {

struct SampleMultinomialAttrs {
  Shape shape = Shape::Scalar();
  bool get_prob = false;
  DType dtype = DType::kInt32;

  static auto Fields() {
    using A = SampleMultinomialAttrs;
    return std::tuple(
        Field("shape", &A::shape, "The draws of one distribution."),
        Field("get_prob", &A::get_prob,
              "Also gives the logarithm of the probability of each draw."),
        Field("dtype", &A::dtype, "The type of the categories' numbers."));
  }
};

namespace op {

Symbol SampleMultinomial(Symbol data, const SampleMultinomialAttrs& attrs = {},
                         NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_SAMPLE_MULTINOMIAL_H_
