// Images made larger by a whole factor.
//
//   Symbol large = op::UpSampling({x}, {.scale = 2});
//   // (n,3,8,8) and (n,5,4,4) give (n,8,16,16).
//   Symbol both = op::UpSampling({x, y}, {.scale = 2});
//   // With a filter of (3,1,4,4), a deconvolution of each channel.
//   Symbol smooth = op::UpSampling(
//       {x, w}, {.scale = 2, .sample_type = SampleType::kBilinear,
//                .num_filter = 3});
#ifndef MINNOW_OPS_UP_SAMPLING_H_
#define MINNOW_OPS_UP_SAMPLING_H_

#include <cstdint>

#include "absl/types/span.h"
#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"

namespace minnow {

// How a new element follows from those that are there: it is the nearest one,
// or a sum of those near it, by a weight.
enum class SampleType : uint8_t { kNearest, kBilinear };

inline absl::Span<const EnumName<SampleType>> EnumNames(SampleType) {
  static constexpr EnumName<SampleType> kNames[] = {
      {SampleType::kNearest, "nearest"}, {SampleType::kBilinear, "bilinear"}};
  return kNames;
}

enum class MultiInputMode : uint8_t { kConcat, kSum };

inline absl::Span<const EnumName<MultiInputMode>> EnumNames(MultiInputMode) {
  static constexpr EnumName<MultiInputMode> kNames[] = {
      {MultiInputMode::kConcat, "concat"}, {MultiInputMode::kSum, "sum"}};
  return kNames;
}

struct UpSamplingAttrs {
  Required<int64_t> scale;
  Required<SampleType> sample_type = SampleType::kNearest;
  int64_t num_filter = 0;
  MultiInputMode multi_input_mode = MultiInputMode::kConcat;
  int64_t num_args = 1;
  int64_t workspace = 512;

  static auto Fields() {
    using A = UpSamplingAttrs;
    return std::tuple(
        Field("scale", &A::scale,
              "The height and the width of the result by those of arg0."),
        Field("sample_type", &A::sample_type,
              "How new elements follow from those that are there."),
        Field("num_filter", &A::num_filter,
              "Of bilinear: the channels of data."),
        Field("multi_input_mode", &A::multi_input_mode,
              "Whether the channels of several inputs follow one another or "
              "are added."),
        Field("num_args", &A::num_args,
              "The number of inputs of nearest; bilinear has data and weight."),
        Field("workspace", &A::workspace,
              "Memory, as MXNet has it; has no effect."));
  }
};

namespace op {

// The number of inputs follows from `args`, which must not be empty.
Symbol UpSampling(absl::Span<const Symbol> args, const UpSamplingAttrs& attrs,
                  NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_UP_SAMPLING_H_
