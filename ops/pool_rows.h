// The loops of pooling: one row of results, and of their gradients.
#ifndef MINNOW_OPS_POOL_ROWS_H_
#define MINNOW_OPS_POOL_ROWS_H_

#include <algorithm>
#include <cstdint>

#include "minnow/core/simd.h"
#include "minnow/ops/pool_plan.h"
#include "minnow/ops/reduction.h"

namespace minnow {

// Some channels of a plane. `step` is the distance from place to place.
struct PoolRow {
  PoolWindow depth, height;
  int64_t channels, step;
};

namespace internal {

// Calls f(line) with the index of the first place of each line of the windows
// of a row.
template <typename F>
MINNOW_INLINE inline void ForEachPoolLine(const PoolPlan& plan,
                                          const PoolRow& row, const F& f) {
  for (int64_t z = row.depth.begin; z < row.depth.end; ++z) {
    for (int64_t y = row.height.begin; y < row.height.end; ++y) {
      f((z * plan.axes[1].in + y) * plan.axes[2].in);
    }
  }
}

// Calls f(i, j) with each i < n, and j in steps; apart for the steps for which
// there are vector loads.
template <typename F>
MINNOW_INLINE inline void ForEachStep(int64_t n, int64_t step, const F& f) {
  if (step == 1) {
    for (int64_t i = 0; i < n; ++i) f(i, i);
  } else if (step == 2) {
    for (int64_t i = 0; i < n; ++i) f(i, 2 * i);
  } else {
    for (int64_t i = 0; i < n; ++i) f(i, i * step);
  }
}

// Calls f(i, count) with the index of each result of a row, and what a mean
// counts there.
template <typename C, typename F>
MINNOW_INLINE inline void ForEachResult(const PoolPlan& plan,
                                        const PoolRow& row, const F& f) {
  const double count = row.depth.count * row.height.count;
  const PoolWindow* const windows = plan.windows[2].data();
  const int64_t n = plan.axes[2].out;
  if (row.channels == 1) {
    for (int64_t i = 0; i < n; ++i) {
      f(i, static_cast<C>(count * windows[i].count));
    }
    return;
  }
  for (int64_t i = 0; i < n; ++i) {
    const C all = static_cast<C>(count * windows[i].count);
    for (int64_t c = 0; c < row.channels; ++c) f(i * row.channels + c, all);
  }
}

// Down the lines first: a line is longer than a row of results, and without
// steps.
template <typename Rule, typename C>
MINNOW_INLINE inline void PoolTaps(const Rule& rule, const PoolPlan& plan,
                                   const PoolRow& row, const C* x,
                                   C* __restrict column, C* __restrict to) {
  const int64_t width = plan.axes[2].in;
  std::fill_n(column, width, Rule::kEmpty);
  ForEachPoolLine(plan, row, [=](int64_t line) MINNOW_INLINE {
    const C* const from = x + line;
    for (int64_t i = 0; i < width; ++i) {
      column[i] = rule.Combine(column[i], rule.Map(from[i]));
    }
  });
  std::fill_n(to, plan.axes[2].out, Rule::kEmpty);
  for (const WindowTap& tap : plan.taps) {
    const C* const from = column + tap.first_in;
    C* const sums = to + tap.first_out;
    ForEachStep(tap.count, plan.axes[2].stride,
                [=](int64_t i, int64_t j) MINNOW_INLINE {
                  sums[i] = rule.Combine(sums[i], from[j]);
                });
  }
}

template <typename Rule, typename C>
MINNOW_INLINE inline void PoolLines(const Rule& rule, const PoolPlan& plan,
                                    const PoolRow& row, const C* x, C* to) {
  for (int64_t i = 0; i < plan.axes[2].out; ++i) {
    const PoolWindow& window = plan.windows[2][i];
    C lanes[kLanes];
    std::fill_n(lanes, kLanes, Rule::kEmpty);
    ForEachPoolLine(plan, row, [&](int64_t line) MINNOW_INLINE {
      AddToLanes(rule, x + line + window.begin, window.end - window.begin,
                 lanes);
    });
    to[i] = CombineLanes(rule, lanes);
  }
}

template <typename Rule, typename C>
MINNOW_INLINE inline void PoolChannels(const Rule& rule, const PoolPlan& plan,
                                       const PoolRow& row, const C* x, C* to) {
  const int64_t channels = row.channels;
  for (int64_t i = 0; i < plan.axes[2].out; ++i, to += channels) {
    const PoolWindow& window = plan.windows[2][i];
    std::fill_n(to, channels, Rule::kEmpty);
    ForEachPoolLine(plan, row, [&](int64_t line) MINNOW_INLINE {
      for (int64_t k = window.begin; k < window.end; ++k) {
        const C* const from = x + (line + k) * row.step;
        for (int64_t c = 0; c < channels; ++c) {
          to[c] = rule.Combine(to[c], rule.Map(from[c]));
        }
      }
    });
  }
}

template <typename Rule, typename C>
MINNOW_INLINE inline void SpreadTaps(const Rule& rule, const PoolPlan& plan,
                                     const PoolRow& row, const C* x,
                                     const C* out, C* head, C* grad) {
  ForEachPoolLine(plan, row, [&](int64_t line) MINNOW_INLINE {
    for (const WindowTap& tap : plan.taps) {
      const int64_t first = line + tap.first_in;
      const C* const from = x + first;
      const C* const outs = out + tap.first_out;
      C* const heads = head + tap.first_out;
      C* const grads = grad + first;
      ForEachStep(tap.count, plan.axes[2].stride,
                  [=](int64_t i, int64_t j) MINNOW_INLINE {
                    rule.Spread(from[j], outs[i], heads[i], grads[j]);
                  });
    }
  });
}

template <typename Rule, typename C>
MINNOW_INLINE inline void SpreadLines(const Rule& rule, const PoolPlan& plan,
                                      const PoolRow& row, const C* x,
                                      const C* out, const C* head, C* grad) {
  for (int64_t i = 0; i < plan.axes[2].out; ++i) {
    const PoolWindow& window = plan.windows[2][i];
    C rest = head[i];
    ForEachPoolLine(plan, row, [&](int64_t line) MINNOW_INLINE {
      for (int64_t k = line + window.begin; k < line + window.end; ++k) {
        rule.Spread(x[k], out[i], rest, grad[k]);
      }
    });
  }
}

template <typename Rule, typename C>
MINNOW_INLINE inline void SpreadChannels(const Rule& rule, const PoolPlan& plan,
                                         const PoolRow& row, const C* x,
                                         const C* out, C* head, C* grad) {
  const int64_t channels = row.channels;
  for (int64_t i = 0; i < plan.axes[2].out; ++i) {
    const PoolWindow& window = plan.windows[2][i];
    ForEachPoolLine(plan, row, [&](int64_t line) MINNOW_INLINE {
      for (int64_t k = window.begin; k < window.end; ++k) {
        const int64_t place = (line + k) * row.step;
        for (int64_t c = 0; c < channels; ++c) {
          rule.Spread(x[place + c], out[c], head[c], grad[place + c]);
        }
      }
    });
    out += channels;
    head += channels;
  }
}

}  // namespace internal

// x is the first channel at the first place of the plane; `to` takes the
// channels of one result after the other. `line` is memory for a line of data.
template <typename Rule, typename C>
void PoolOneRow(const Rule& rule, const PoolPlan& plan, const PoolRow& row,
                const C* x, C* line, C* to) {
  Vectorize([=, &plan, &row]() MINNOW_INLINE {
    switch (plan.order) {
      case PoolOrder::kTaps:
        internal::PoolTaps(rule, plan, row, x, line, to);
        break;
      case PoolOrder::kLines:
        internal::PoolLines(rule, plan, row, x, to);
        break;
      case PoolOrder::kChannels:
        internal::PoolChannels(rule, plan, row, x, to);
        break;
    }
    internal::ForEachResult<C>(plan, row,
                               [=](int64_t i, C count) MINNOW_INLINE {
                                 to[i] = rule.Finish(to[i], count);
                               });
  });
}

// Adds to the gradient of the plane. `out` and `head` are a row of results and
// of their gradients; `head` changes. Where the rule does not read the data, x
// and `out` may be any memory of that size.
template <typename Rule, typename C>
void SpreadOneRow(const Rule& rule, const PoolPlan& plan, const PoolRow& row,
                  const C* x, const C* out, C* head, C* grad) {
  Vectorize([=, &plan, &row]() MINNOW_INLINE {
    internal::ForEachResult<C>(plan, row,
                               [=](int64_t i, C count) MINNOW_INLINE {
                                 head[i] = rule.Scale(head[i], out[i], count);
                               });
    switch (plan.order) {
      case PoolOrder::kTaps:
        return internal::SpreadTaps(rule, plan, row, x, out, head, grad);
      case PoolOrder::kLines:
        return internal::SpreadLines(rule, plan, row, x, out, head, grad);
      case PoolOrder::kChannels:
        return internal::SpreadChannels(rule, plan, row, x, out, head, grad);
    }
  });
}

}  // namespace minnow

#endif  // MINNOW_OPS_POOL_ROWS_H_
