#include "minnow/ops/pool_plan.h"

#include "minnow/core/round_up.h"

namespace minnow {
namespace {

// A window that covers a whole axis covers what lies together in memory: the
// axis becomes part of the one in front of it.
void MergeCoveredAxes(std::array<WindowAxis, 3>& axes) {
  for (int i = 0; i < 2; ++i) {
    const WindowAxis last = axes[2];
    if (last.in != last.kernel || last.out != 1 || last.pad != 0) return;
    WindowAxis merged = axes[1];
    merged.in *= last.in;
    merged.kernel *= last.in;
    merged.stride *= last.in;
    merged.pad *= last.in;
    axes = {WindowAxis(), axes[0], merged};
  }
}

std::vector<PoolWindow> WindowsOf(const WindowAxis& axis, bool count_padding) {
  std::vector<PoolWindow> windows;
  for (int64_t i = 0; i < axis.out; ++i) {
    const int64_t begin = i * axis.stride - axis.pad;
    const int64_t end = begin + axis.kernel;
    PoolWindow& window = windows.emplace_back();
    window.begin = std::clamp<int64_t>(begin, 0, axis.in);
    window.end = std::clamp(end, window.begin, axis.in);
    // What is behind the padding is never counted.
    const int64_t count = count_padding
                              ? std::min(end, axis.in + axis.pad) - begin
                              : window.end - window.begin;
    window.count = static_cast<double>(std::max<int64_t>(1, count));
  }
  return windows;
}

}  // namespace

PoolPlan PlanPool(const PoolGeometry& geometry, int64_t element_bytes,
                  int64_t plane_copies) {
  // So many channels fill vectors, and leave units for all threads.
  constexpr int64_t kUnitChannels = 64;
  constexpr int64_t kBlockElements = 1 << 14;
  constexpr int64_t kMaxBlocks = 32;
  PoolPlan plan = {};
  plan.planes = geometry.planes;
  plan.channels = geometry.channels;
  plan.axes = geometry.axes;
  MergeCoveredAxes(plan.axes);
  for (size_t i = 0; i < plan.axes.size(); ++i) {
    plan.windows[i] = WindowsOf(plan.axes[i], geometry.count_padding);
  }
  const WindowAxis& width = plan.axes[2];
  plan.order = plan.channels > 1          ? PoolOrder::kChannels
               : width.out < width.kernel ? PoolOrder::kLines
                                          : PoolOrder::kTaps;
  if (plan.order == PoolOrder::kTaps) plan.taps = WindowTaps(width);

  plan.unit_channels = std::clamp<int64_t>(plan.channels, 1, kUnitChannels);
  plan.units_per_plane = DivideUp(plan.channels, plan.unit_channels);
  const int64_t in_elements = plan.in_places() * plan.unit_channels;
  plan.block =
      std::max({int64_t{1}, kBlockElements / std::max<int64_t>(1, in_elements),
                DivideUp(plan.num_units(), kMaxBlocks)});
  const auto bytes = [&](int64_t elements) {
    return RoundUp(elements * element_bytes, 64);
  };
  plan.row_bytes = bytes(width.out * plan.unit_channels);
  plan.line_bytes = plan.order == PoolOrder::kTaps ? bytes(width.in) : 0;
  plan.plane_bytes = bytes(in_elements);
  plan.block_bytes =
      2 * plan.row_bytes + plan.line_bytes + plane_copies * plan.plane_bytes;
  plan.workspace_bytes =
      DivideUp(plan.num_units(), plan.block) * plan.block_bytes;
  return plan;
}

}  // namespace minnow
