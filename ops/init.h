// Arrays of one value.
//
//   Symbol ones = op::Ones(b, {.shape = {2, 3}});
//   Symbol half = op::Full(b, {.value = 0.5, .shape = {2, 3}});
//   Symbol zeros = op::ZerosLike(x);
//
// A shape that is not given follows from where the array is used.
#ifndef MINNOW_OPS_INIT_H_
#define MINNOW_OPS_INIT_H_

#include <string>
#include <vector>

#include "minnow/core/attrs.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/compose.h"

namespace minnow {

struct InitAttrs {
  Shape shape = {};
  std::string ctx = {};
  DType dtype = DType::kFloat32;

  static auto Fields() {
    using A = InitAttrs;
    return std::tuple(
        Field("shape", &A::shape, "The shape of the array."),
        Field("ctx", &A::ctx, "A device, as MXNet has it; has no effect."),
        Field("dtype", &A::dtype, "The type of its elements."));
  }
};

struct FullAttrs {
  Required<double> value;
  Shape shape = {};
  std::string ctx = {};
  DType dtype = DType::kFloat32;

  static auto Fields() {
    using A = FullAttrs;
    return std::tuple(
        Field("value", &A::value, "What each element is."),
        Field("shape", &A::shape, "The shape of the array."),
        Field("ctx", &A::ctx, "A device, as MXNet has it; has no effect."),
        Field("dtype", &A::dtype, "The type of its elements."));
  }
};

namespace op {

Symbol Zeros(GraphBuilder& builder, const InitAttrs& attrs,
             NodeOptions options = {});
Symbol Ones(GraphBuilder& builder, const InitAttrs& attrs,
            NodeOptions options = {});
Symbol Full(GraphBuilder& builder, const FullAttrs& attrs,
            NodeOptions options = {});

// Of the shape and type of their argument.
inline constexpr UnaryComposer ZerosLike{"zeros_like"};
inline constexpr UnaryComposer OnesLike{"ones_like"};

}  // namespace op

// The operators of this file.
std::vector<OpDef> InitOps();

}  // namespace minnow

#endif  // MINNOW_OPS_INIT_H_
