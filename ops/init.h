// Arrays that depend on attributes alone: of one value, or of a sequence.
//
//   Symbol ones = op::Ones(b, {.shape = {2, 3}});
//   Symbol half = op::Full(b, {.value = 0.5, .shape = {2, 3}});
//   Symbol zeros = op::ZerosLike(x);
//   Symbol steps = op::Arange(b, {.start = 0, .stop = 10});
//   Symbol grid = op::Linspace(b, {.start = 0, .stop = 1, .num = 11});
//   Symbol one = op::Eye(b, {.N = 3});
//
// A shape that is not given follows from where the array is used.
#ifndef MINNOW_OPS_INIT_H_
#define MINNOW_OPS_INIT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "minnow/core/attrs.h"
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

struct ArangeAttrs {
  Required<double> start;
  std::optional<double> stop = {};
  double step = 1;
  int64_t repeat = 1;
  bool infer_range = false;
  std::string ctx = {};
  DType dtype = DType::kFloat32;

  static auto Fields() {
    using A = ArangeAttrs;
    return std::tuple(
        Field("start", &A::start,
              "The first number; where stop is None, and infer_range is not "
              "set, that is 0, and this is stop."),
        Field("stop", &A::stop, "The bound, which is not reached."),
        Field("step", &A::step, "From one number to the next."),
        Field("repeat", &A::repeat, "How often each number stands there."),
        Field("infer_range", &A::infer_range,
              "Without stop: as many numbers as the array's user needs."),
        Field("ctx", &A::ctx, "A device, as MXNet has it; has no effect."),
        Field("dtype", &A::dtype, "The type of the elements."));
  }
};

struct LinspaceAttrs {
  Required<double> start;
  Required<double> stop;
  Required<int64_t> num;
  bool endpoint = true;
  std::string ctx = {};
  DType dtype = DType::kFloat32;

  static auto Fields() {
    using A = LinspaceAttrs;
    return std::tuple(
        Field("start", &A::start, "The first number."),
        Field("stop", &A::stop, "The bound."),
        Field("num", &A::num, "How many numbers there are."),
        Field("endpoint", &A::endpoint, "Whether the last one is the bound."),
        Field("ctx", &A::ctx, "A device, as MXNet has it; has no effect."),
        Field("dtype", &A::dtype, "The type of the elements."));
  }
};

struct EyeAttrs {
  Required<int64_t> N;
  int64_t M = 0;
  int64_t k = 0;
  std::string ctx = {};
  DType dtype = DType::kFloat32;

  static auto Fields() {
    using A = EyeAttrs;
    return std::tuple(
        Field("N", &A::N, "The number of rows."),
        Field("M", &A::M, "The number of columns; 0 is as many."),
        Field("k", &A::k, "The diagonal; positive above the main one."),
        Field("ctx", &A::ctx, "A device, as MXNet has it; has no effect."),
        Field("dtype", &A::dtype, "The type of the elements."));
  }
};

namespace op {

Symbol Zeros(GraphBuilder& builder, const InitAttrs& attrs,
             NodeOptions options = {});
Symbol Ones(GraphBuilder& builder, const InitAttrs& attrs,
            NodeOptions options = {});
Symbol Full(GraphBuilder& builder, const FullAttrs& attrs,
            NodeOptions options = {});
Symbol Arange(GraphBuilder& builder, const ArangeAttrs& attrs,
              NodeOptions options = {});
Symbol Linspace(GraphBuilder& builder, const LinspaceAttrs& attrs,
                NodeOptions options = {});
Symbol Eye(GraphBuilder& builder, const EyeAttrs& attrs,
           NodeOptions options = {});

// Of the shape and type of their argument.
inline constexpr UnaryComposer ZerosLike{"zeros_like"};
inline constexpr UnaryComposer OnesLike{"ones_like"};

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_INIT_H_
