// What the rows of a deferred weight have missed.
//
// A step without a gradient is linear in a weight w and its momentum m:
//
//   m' = momentum * m - lr * wd * w        w' = w + m'
//
// so a row that has missed the steps s, ..., t - 1 catches up by one product of
// 2x2 matrices. Any such product is the product of two that are kept:
//
//   suffix[s]  of the steps from s to the end of its block of 256 steps
//   after[b]   of all steps behind block b
//
// A new step multiplies the suffixes of the last block and the products after
// the other blocks: H / 256 + 256 products at most, if the history has room for
// H steps, whatever the number of rows. When it is full all rows are brought up
// to date, and it begins again.
#ifndef MINNOW_OPS_DEFERRED_HISTORY_H_
#define MINNOW_OPS_DEFERRED_HISTORY_H_

#include <cmath>
#include <cstdint>
#include <limits>

#include "minnow/core/shape.h"
#include "minnow/core/simd.h"

namespace minnow {

// x, or 0 if it is subnormal: such a number is nothing beside what it is added
// to, and some processors compute with it a hundred times more slowly.
template <typename T>
MINNOW_INLINE inline T NoSubnormal(T x) {
  return std::abs(x) < std::numeric_limits<T>::min() ? T{0} : x;
}

// (w, m) -> (ww * w + wm * m, mw * w + mm * m).
struct Advance {
  double ww, wm, mw, mm;

  // A step of SGD with momentum without a gradient.
  static Advance Step(double lr, double momentum, double wd) {
    return {1 - lr * wd, momentum, -lr * wd, momentum};
  }
  static Advance None() { return {1, 0, 0, 1}; }
};

// `second` after `first`.
MINNOW_INLINE inline Advance operator*(const Advance& second,
                                       const Advance& first) {
  return {second.ww * first.ww + second.wm * first.mw,
          second.ww * first.wm + second.wm * first.mm,
          second.mw * first.ww + second.mm * first.mw,
          second.mw * first.wm + second.mm * first.mm};
}

// The same for elements of type T, computed in T. A row that has missed a few
// steps is still near what it was, and then its change is what is computed: to
// round a factor near 1 would cost more than the steps themselves. So a row
// that catches up is rounded no more often than in one step.
template <typename T>
struct ElementAdvance {
  explicit ElementAdvance(const Advance& a)
      : kept(a.ww > 0.5 && a.ww < 1.5 ? T{1} : T{0}),
        ww(Factor(a.ww - static_cast<double>(kept))),
        wm(Factor(a.wm)),
        mw(Factor(a.mw)),
        mm(Factor(a.mm)) {}

  MINNOW_INLINE T Weight(T w, T m) const {
    return kept * w + (ww * w + wm * m);
  }
  MINNOW_INLINE T Mom(T w, T m) const { return mw * w + mm * m; }

  T kept, ww, wm, mw, mm;

 private:
  static T Factor(double x) { return NoSubnormal(static_cast<T>(x)); }
};

// A view of the state `history`, an array of shape (H + H / 256, 4): the
// suffixes, then the products after blocks. `Number` is double, or const.
template <typename Number>
class DeferredHistory {
 public:
  static constexpr int64_t kBlock = 256;

  // H is a positive multiple of kBlock.
  static Shape ShapeFor(int64_t num_steps) {
    return {num_steps + num_steps / kBlock, 4};
  }
  static bool IsShape(const Shape& shape) {
    return shape.rank() == 2 && shape[1] == 4 && shape[0] > 0 &&
           shape[0] % (kBlock + 1) == 0;
  }

  // REQUIRES: IsShape() of the array's shape, of `num_rows` rows.
  DeferredHistory(Number* values, int64_t num_rows)
      : suffix_(values),
        num_steps_(num_rows / (kBlock + 1) * kBlock),
        after_(values + 4 * num_steps_) {}

  // H.
  int64_t num_steps() const { return num_steps_; }

  // All steps from `from` on, of the `now` that there are; 0 <= from <= now.
  MINNOW_INLINE Advance Since(int64_t from, int64_t now) const {
    if (from == now) return Advance::None();
    return Load(after_ + 4 * (from / kBlock)) * Load(suffix_ + 4 * from);
  }

  // Asks for what Since() reads.
  MINNOW_INLINE void Prefetch(int64_t from) const {
    __builtin_prefetch(suffix_ + 4 * from);
  }

  // Notes the step `now`, behind the `now` steps that there are.
  // REQUIRES: now < num_steps().
  void Append(const Advance& step, int64_t now) const {
    const int64_t block = now / kBlock;
    Store(Advance::None(), suffix_ + 4 * now);
    for (int64_t i = block * kBlock; i <= now; ++i)
      Multiply(step, suffix_ + 4 * i);
    for (int64_t b = 0; b < block; ++b) Multiply(step, after_ + 4 * b);
    if (now % kBlock == 0) Store(Advance::None(), after_ + 4 * block);
  }

 private:
  static Advance Load(const double* from) {
    return {from[0], from[1], from[2], from[3]};
  }
  static void Store(const Advance& x, double* to) {
    to[0] = NoSubnormal(x.ww);
    to[1] = NoSubnormal(x.wm);
    to[2] = NoSubnormal(x.mw);
    to[3] = NoSubnormal(x.mm);
  }
  static void Multiply(const Advance& step, double* at) {
    Store(step * Load(at), at);
  }

  Number* suffix_;
  int64_t num_steps_;
  Number* after_;
};

}  // namespace minnow

#endif  // MINNOW_OPS_DEFERRED_HISTORY_H_
