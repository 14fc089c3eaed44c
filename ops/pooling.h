// Pooling: each element of the result is the maximum, the mean, the sum or the
// norm of a window of the data. Windows slide over one to three spatial axes.
//
//   Symbol y = op::Pooling(x, {.kernel = {2, 2}, .stride = {2, 2}});
//   // One value of each channel: (n,c,h,w) gives (n,c,1,1).
//   Symbol means =
//       op::Pooling(x, {.pool_type = PoolType::kAvg, .global_pool = true});
#ifndef MINNOW_OPS_POOLING_H_
#define MINNOW_OPS_POOLING_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"
#include "minnow/ops/layout.h"

namespace minnow {

enum class PoolType : uint8_t { kMax, kAvg, kSum, kLp };

inline absl::Span<const EnumName<PoolType>> EnumNames(PoolType) {
  static constexpr EnumName<PoolType> kNames[] = {{PoolType::kMax, "max"},
                                                  {PoolType::kAvg, "avg"},
                                                  {PoolType::kSum, "sum"},
                                                  {PoolType::kLp, "lp"}};
  return kNames;
}

// How many windows there are: those that end within the padded data; one more
// if some of it would be left; or, along one axis without padding, one for each
// stride that begins within the data.
enum class PoolingConvention : uint8_t { kValid, kFull, kSame };

inline absl::Span<const EnumName<PoolingConvention>> EnumNames(
    PoolingConvention) {
  static constexpr EnumName<PoolingConvention> kNames[] = {
      {PoolingConvention::kValid, "valid"},
      {PoolingConvention::kFull, "full"},
      {PoolingConvention::kSame, "same"}};
  return kNames;
}

struct PoolingAttrs {
  std::vector<int64_t> kernel = {};
  PoolType pool_type = PoolType::kMax;
  bool global_pool = false;
  bool cudnn_off = false;
  PoolingConvention pooling_convention = PoolingConvention::kValid;
  std::vector<int64_t> stride = {};
  std::vector<int64_t> pad = {};
  std::optional<int64_t> p_value = {};
  std::optional<bool> count_include_pad = {};
  std::optional<Layout> layout = {};

  static auto Fields() {
    using A = PoolingAttrs;
    return std::tuple(
        Field("kernel", &A::kernel, "The size of a window, by axis."),
        Field("pool_type", &A::pool_type, "What is taken of a window."),
        Field("global_pool", &A::global_pool,
              "One window is all of a channel; kernel, stride and pad have no "
              "effect."),
        Field("cudnn_off", &A::cudnn_off, "Has no effect."),
        Field("pooling_convention", &A::pooling_convention,
              "How many windows there are; same is for one axis without "
              "padding."),
        Field("stride", &A::stride,
              "From window to window, by axis; () is 1 for each."),
        Field("pad", &A::pad,
              "The padding in front of each axis, and behind it; () is none."),
        Field("p_value", &A::p_value, "The power of lp: 1, 2 or 3."),
        Field("count_include_pad", &A::count_include_pad,
              "Whether avg counts the padding in a window; None is true."),
        Field("layout", &A::layout,
              "The order of the axes; None is NCW, NCHW or NCDHW."));
  }
};

namespace op {

Symbol Pooling(Symbol data, const PoolingAttrs& attrs,
               NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_POOLING_H_
