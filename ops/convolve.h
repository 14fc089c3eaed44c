// Convolutions as products: of data with a weight, and of either of these with
// the result, which are the gradients. All three are linear in both factors.
//
//   MINNOW_ASSIGN_OR_RETURN(ConvolvePlan plan, PlanConvolve<float>(
//       geometry, ConvolveProduct::kOut, /*bias=*/false));
//   MINNOW_RETURN_IF_ERROR(Convolve<float>(context, plan, data, weight,
//                                          /*bias=*/nullptr, out));
//
// A deconvolution is the same with data and result in each other's place.
//
// All arrays are dense: data is (batch, in_channels, ...), the weight is
// (out_channels, in_channels / groups, ...), the result is (batch,
// out_channels, ...). Work is cut into blocks that depend on the sizes alone,
// and partial sums are added in their order: the result has the same bits for
// any number of threads.
//
// float32 is oneDNN's, and so are the 16-bit types, converted; float64 is
// computed by loops of our own.
#ifndef MINNOW_OPS_CONVOLVE_H_
#define MINNOW_OPS_CONVOLVE_H_

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "minnow/core/buffer.h"
#include "minnow/graph/kernel.h"
#include "minnow/ops/window_taps.h"

namespace minnow {

struct ConvolveGeometry {
  int64_t batch = 1, groups = 1;
  int64_t in_channels = 1, out_channels = 1;  // Of all groups.
  // Fewer than three axes are the last ones.
  std::array<WindowAxis, 3> axes = {};

  int64_t in_places() const { return axes[0].in * axes[1].in * axes[2].in; }
  int64_t out_places() const { return axes[0].out * axes[1].out * axes[2].out; }
  int64_t taps() const {
    return axes[0].kernel * axes[1].kernel * axes[2].kernel;
  }
  int64_t group_in() const { return in_channels / groups; }
  int64_t group_out() const { return out_channels / groups; }
  int64_t data_size() const { return batch * in_channels * in_places(); }
  int64_t weight_size() const { return out_channels * group_in() * taps(); }
  int64_t out_size() const { return batch * out_channels * out_places(); }
};

// What is computed, and from which two factors, in this order.
enum class ConvolveProduct : uint8_t {
  kOut,     // The result, from data and weight.
  kData,    // The gradient of data, from that of the result, and weight.
  kWeight,  // The gradient of weight, from that of the result, and data.
};

class OneDnnConvolve;

struct ConvolvePlan {
  ConvolveGeometry geometry;
  ConvolveProduct product;
  // Null: loops, along these taps of each axis.
  std::shared_ptr<const OneDnnConvolve> onednn;
  std::array<std::vector<WindowTap>, 3> taps;
  // Elements of the two factors, of the bias and of the product, and where
  // copies of them in float32 begin in the workspace.
  std::array<int64_t, 4> sizes;
  std::array<int64_t, 4> copies;
  int64_t workspace_bytes;
  double flops;
  // The weight as it is computed with, if it was kept.
  std::shared_ptr<const Buffer> kept_weight = nullptr;
};

// T is one of FloatTypes. The sizes may be zero.
template <typename T>
absl::StatusOr<ConvolvePlan> PlanConvolve(const ConvolveGeometry& geometry,
                                          ConvolveProduct product, bool bias);

// The plan for a weight that does not change, of which it keeps what it would
// have to make for each run. The product is not kWeight.
template <typename T>
absl::StatusOr<ConvolvePlan> KeepWeight(const RunContext& context,
                                        ConvolvePlan plan, const T* weight);

// `bias`, an element for each channel of a result or of data, is added to it;
// it is null where the plan has none. `c` must not overlap the others.
template <typename T>
absl::Status Convolve(const RunContext& context, const ConvolvePlan& plan,
                      const T* a, const T* b, const T* bias, T* c);

// The same for kernels of which the weight is the second argument.
template <typename T>
absl::StatusOr<ConvolvePlan> KeepConvolved(
    const RunContext& context, const ConvolvePlan& plan,
    absl::Span<const ArrayRef* const> args) {
  if (args[1] == nullptr) return plan;
  return KeepWeight<T>(context, plan, static_cast<const T*>(args[1]->values));
}

}  // namespace minnow

#endif  // MINNOW_OPS_CONVOLVE_H_
