// Where the windows of a pooling are, and in which order its work is done.
#ifndef MINNOW_OPS_POOL_PLAN_H_
#define MINNOW_OPS_POOL_PLAN_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "minnow/core/dtype.h"
#include "minnow/ops/window_taps.h"

namespace minnow {

// The part of the data that a window covers along one axis, and how many
// elements a mean takes it for.
struct PoolWindow {
  int64_t begin, end;
  double count;
};

enum class PoolOrder : uint8_t {
  kTaps,      // One place of many windows after the other.
  kLines,     // Windows, line by line: where they are wide and few.
  kChannels,  // Windows, and at each place the channels that lie there.
};

// What the plan follows from. Fewer than three axes are the last ones.
struct PoolGeometry {
  int64_t planes;    // Of all examples; channels that lie apart are planes.
  int64_t channels;  // That lie side by side at each place of a plane.
  std::array<WindowAxis, 3> axes;
  bool count_padding;
};

struct PoolPlan {
  int64_t planes, channels;
  std::array<WindowAxis, 3> axes;
  std::array<std::vector<PoolWindow>, 3> windows;
  PoolOrder order;
  std::vector<WindowTap> taps;  // Along the last axis, in order.

  // A unit is a plane, or the same few channels at all its places. Each block
  // of units has memory.
  int64_t unit_channels, units_per_plane;
  int64_t block;
  int64_t row_bytes, line_bytes, plane_bytes;
  int64_t block_bytes, workspace_bytes;

  int64_t in_places() const { return axes[0].in * axes[1].in * axes[2].in; }
  int64_t out_places() const { return axes[0].out * axes[1].out * axes[2].out; }
  int64_t num_units() const { return planes * units_per_plane; }
};

// The memory of a block holds two rows of results, a line of data, and
// `plane_copies` units of data.
PoolPlan PlanPool(const PoolGeometry& geometry, int64_t element_bytes,
                  int64_t plane_copies);

// The channels of a plane that a unit has.
struct PoolUnit {
  int64_t plane, first_channel, channels;
};

inline PoolUnit UnitAt(const PoolPlan& plan, int64_t unit) {
  const int64_t first = unit % plan.units_per_plane * plan.unit_channels;
  return {unit / plan.units_per_plane, first,
          std::min(plan.unit_channels, plan.channels - first)};
}

}  // namespace minnow

#endif  // MINNOW_OPS_POOL_PLAN_H_
