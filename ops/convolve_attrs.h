// The attributes that Convolution and Deconvolution have in common. Both
// structs have them as members, of the same names and types.
//
//   static auto Fields() {
//     return std::tuple_cat(ConvolveWindowFields<A>(),
//                           std::tuple(Field("pad", &A::pad, "...")),
//                           ConvolveLayerFields<A>());
//   }
#ifndef MINNOW_OPS_CONVOLVE_ATTRS_H_
#define MINNOW_OPS_CONVOLVE_ATTRS_H_

#include <cstdint>
#include <tuple>

#include "absl/types/span.h"
#include "minnow/core/attrs.h"

namespace minnow {

enum class CudnnTune : uint8_t { kOff, kLimitedWorkspace, kFastest };

inline absl::Span<const EnumName<CudnnTune>> EnumNames(CudnnTune) {
  static constexpr EnumName<CudnnTune> kNames[] = {
      {CudnnTune::kOff, "off"},
      {CudnnTune::kLimitedWorkspace, "limited_workspace"},
      {CudnnTune::kFastest, "fastest"}};
  return kNames;
}

template <typename A>
auto ConvolveWindowFields() {
  return std::tuple(
      Field("kernel", &A::kernel, "The size of a window, by axis."),
      Field("num_filter", &A::num_filter, "Channels of the result."),
      Field("stride", &A::stride,
            "From window to window, by axis; () is 1 for each."),
      Field("dilate", &A::dilate,
            "From place to place of a window, by axis; () is 1 for each."));
}

template <typename A>
auto ConvolveLayerFields() {
  return std::tuple(
      Field("num_group", &A::num_group,
            "Groups of channels, each of which has filters of its own."),
      Field("workspace", &A::workspace,
            "Memory, as MXNet has it; has no effect."),
      Field("no_bias", &A::no_bias, "There is no input `bias`."),
      Field("cudnn_tune", &A::cudnn_tune, "Has no effect."),
      Field("cudnn_off", &A::cudnn_off, "Has no effect."),
      Field("layout", &A::layout,
            "The order of the axes: NCW, NCHW or NCDHW, as None is."));
}

}  // namespace minnow

#endif  // MINNOW_OPS_CONVOLVE_ATTRS_H_
