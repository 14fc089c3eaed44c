#include "minnow/ops/logic.h"

#include <utility>
#include <vector>

#include "absl/strings/str_replace.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/binary_op.h"

namespace minnow {
namespace {

constexpr auto kEqual = [](auto x, auto y) MINNOW_INLINE { return x == y; };

constexpr auto kNotEqual = [](auto x, auto y) MINNOW_INLINE { return x != y; };

constexpr auto kGreater = [](auto x, auto y) MINNOW_INLINE { return x > y; };

constexpr auto kGreaterEqual = [](auto x, auto y)
                                   MINNOW_INLINE { return x >= y; };

constexpr auto kLesser = [](auto x, auto y) MINNOW_INLINE { return x < y; };

constexpr auto kLesserEqual = [](auto x, auto y)
                                  MINNOW_INLINE { return x <= y; };

constexpr auto kLogicalAnd = [](auto x, auto y)
                                 MINNOW_INLINE { return (x != 0) & (y != 0); };

constexpr auto kLogicalOr = [](auto x, auto y)
                                MINNOW_INLINE { return (x != 0) | (y != 0); };

constexpr auto kLogicalXor = [](auto x, auto y)
                                 MINNOW_INLINE { return (x != 0) != (y != 0); };

// 1 where f holds, else 0.
template <auto f>
struct Holds {
  template <typename T>
  MINNOW_INLINE constexpr T operator()(T x, T y) const {
    return static_cast<T>(f(x, y));
  }
};

struct KeepWhere {
  template <typename T>
  MINNOW_INLINE constexpr T operator()(T x, T mask) const {
    return mask != T{0} ? x : T{0};
  }
};

// The operators for arrays of one shape, for arrays that broadcast, and for an
// array and a number. `alias` is MXNet's other name for the first.
template <auto f>
std::vector<OpDef> LogicalOps(absl::string_view name, absl::string_view alias,
                              const char* formula) {
  std::vector<OpDef> ops = BinaryOpPair<Holds<f>, NoGradient, AllTypes>(
      absl::StrCat("_", name), {absl::StrCat("_", alias)},
      absl::StrCat("broadcast_", name), {}, formula);
  ops.push_back(ScalarOp<Holds<f>>(
      absl::StrCat("_", name, "_scalar"),
      {absl::StrCat("_", absl::StrReplaceAll(alias, {{"_", ""}}), "Scalar")},
      absl::StrReplaceAll(formula, {{"lhs", "data"}, {"rhs", "scalar"}}),
      NoGradient));
  return ops;
}

OpDef MaskOp() {
  return {
      .name = "_mask",
      .doc = "out = data where mask is not 0, else 0",
      .inputs = {"data", "mask"},
      .shape = SameShape,
      .gradient = [](const GradientContext& node) -> Symbols {
        return {op::Mask(node.head(0), node.input(1)), Symbol{}};
      },
      .inplace = {{0, 0}, {1, 0}},
      .kernels = BinaryKernels<KeepWhere>(NumberTypes()),
  };
}

}  // namespace

std::vector<OpDef> LogicOps() {
  std::vector<OpDef> ops = {MaskOp()};
  for (std::vector<OpDef>& family : std::vector<std::vector<OpDef>>{
           LogicalOps<kEqual>("equal", "Equal",
                              "out = 1 where lhs = rhs, else 0"),
           LogicalOps<kNotEqual>("not_equal", "Not_Equal",
                                 "out = 1 where lhs and rhs differ, else 0"),
           LogicalOps<kGreater>("greater", "Greater",
                                "out = 1 where lhs > rhs, else 0"),
           LogicalOps<kGreaterEqual>("greater_equal", "Greater_Equal",
                                     "out = 1 where lhs >= rhs, else 0"),
           LogicalOps<kLesser>("lesser", "Lesser",
                               "out = 1 where lhs < rhs, else 0"),
           LogicalOps<kLesserEqual>("lesser_equal", "Lesser_Equal",
                                    "out = 1 where lhs <= rhs, else 0"),
           LogicalOps<kLogicalAnd>(
               "logical_and", "Logical_And",
               "out = 1 where lhs and rhs are not 0, else 0"),
           LogicalOps<kLogicalOr>("logical_or", "Logical_Or",
                                  "out = 1 where lhs or rhs is not 0, else 0"),
           LogicalOps<kLogicalXor>(
               "logical_xor", "Logical_Xor",
               "out = 1 where one of lhs and rhs is 0, else 0"),
       }) {
    for (OpDef& op : family) ops.push_back(std::move(op));
  }
  return ops;
}

}  // namespace minnow
