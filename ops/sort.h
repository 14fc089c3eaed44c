// sort, argsort and topk along an axis. NaN comes last in either direction;
// equal elements keep their order.
//
//   Symbol sorted = op::Sort(x);
//   Symbol order = op::Argsort(x, {.dtype = DType::kInt64});
//   Symbol best = op::Topk(x, {.k = 5, .ret_typ = TopkReturn::kValue});
#ifndef MINNOW_OPS_SORT_H_
#define MINNOW_OPS_SORT_H_

#include <cstdint>
#include <optional>
#include <tuple>

#include "absl/types/span.h"
#include "minnow/core/attrs.h"
#include "minnow/core/dtype.h"
#include "minnow/graph/builder.h"

namespace minnow {

struct SortAttrs {
  std::optional<int64_t> axis = -1;
  bool is_ascend = true;

  static auto Fields() {
    using A = SortAttrs;
    return std::tuple(
        Field("axis", &A::axis, "The axis; None sorts all elements as one."),
        Field("is_ascend", &A::is_ascend, "The smallest first."));
  }
};

struct ArgsortAttrs {
  std::optional<int64_t> axis = -1;
  bool is_ascend = true;
  DType dtype = DType::kFloat32;

  static auto Fields() {
    using A = ArgsortAttrs;
    return std::tuple(
        Field("axis", &A::axis, "The axis; None sorts all elements as one."),
        Field("is_ascend", &A::is_ascend, "The smallest first."),
        Field("dtype", &A::dtype, "The type of the indices."));
  }
};

// What topk returns: values, their indices, both, or 1 at their places and 0
// elsewhere.
enum class TopkReturn : uint8_t { kValue, kIndices, kMask, kBoth };

inline absl::Span<const EnumName<TopkReturn>> EnumNames(TopkReturn) {
  static constexpr EnumName<TopkReturn> kNames[] = {
      {TopkReturn::kValue, "value"},
      {TopkReturn::kIndices, "indices"},
      {TopkReturn::kMask, "mask"},
      {TopkReturn::kBoth, "both"}};
  return kNames;
}

struct TopkAttrs {
  std::optional<int64_t> axis = -1;
  int64_t k = 1;
  TopkReturn ret_typ = TopkReturn::kIndices;
  bool is_ascend = false;
  DType dtype = DType::kFloat32;

  static auto Fields() {
    using A = TopkAttrs;
    return std::tuple(
        Field("axis", &A::axis, "The axis; None takes all elements as one."),
        Field("k", &A::k, "How many elements; all if it is below 1."),
        Field("ret_typ", &A::ret_typ, "What is returned."),
        Field("is_ascend", &A::is_ascend, "The smallest first."),
        Field("dtype", &A::dtype, "The type of the indices."));
  }
};

namespace op {

Symbol Sort(Symbol data, const SortAttrs& attrs = {}, NodeOptions options = {});
Symbol Argsort(Symbol data, const ArgsortAttrs& attrs = {},
               NodeOptions options = {});
// Its only or first output.
Symbol Topk(Symbol data, const TopkAttrs& attrs = {}, NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_SORT_H_
