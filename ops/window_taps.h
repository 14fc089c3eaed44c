// Which elements windows that slide along an axis have at one place of theirs:
// what loops over many windows, one place after the other, go through.
//
//   for (const WindowTap& tap : WindowTaps({.in = 5, .out = 3, .kernel = 2,
//                                           .stride = 2, .pad = 1})) {
//     for (int64_t i = 0; i < tap.count; ++i) {
//       out[tap.first_out + i] += in[tap.first_in + i * 2] * w[tap.place];
//     }
//   }
#ifndef MINNOW_OPS_WINDOW_TAPS_H_
#define MINNOW_OPS_WINDOW_TAPS_H_

#include <algorithm>
#include <cstdint>
#include <vector>

namespace minnow {

// One axis that windows slide over. The places of a window are `dilate` apart.
struct WindowAxis {
  int64_t in = 1, out = 1;
  int64_t kernel = 1, stride = 1, pad = 0, dilate = 1;
};

// At their place `place`, `count` windows that follow one another have elements
// of the data: the window `first_out` has `first_in`, and each further one the
// element that is a stride away.
struct WindowTap {
  int64_t first_out, count, first_in;
  int64_t place;
};

// In the order of places, without those that have no element.
inline std::vector<WindowTap> WindowTaps(const WindowAxis& axis) {
  std::vector<WindowTap> taps;
  for (int64_t k = 0; k < axis.kernel; ++k) {
    // The data begins so much later.
    const int64_t before = axis.pad - k * axis.dilate;
    const int64_t first =
        before > 0 ? (before + axis.stride - 1) / axis.stride : 0;
    if (axis.in + before <= 0) continue;
    const int64_t end =
        std::min(axis.out, (axis.in - 1 + before) / axis.stride + 1);
    if (first >= end) continue;
    taps.push_back({first, end - first, first * axis.stride - before, k});
  }
  return taps;
}

}  // namespace minnow

#endif  // MINNOW_OPS_WINDOW_TAPS_H_
