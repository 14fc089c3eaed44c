// Kernels of functions of two elements: out[i] = f(lhs[i], rhs[i]), where lhs
// and rhs are broadcast to the shape of out, or one of them is a number.
//
//   BinaryKernels<Plus>(NumberTypes())
//   ScalarKernels<Minus, /*reversed=*/true>()  // scalar - data
//
// `F` is a struct whose operator() takes two elements of any type. It is
// compiled once for each type; a number is an array of one element.
#ifndef MINNOW_OPS_BINARY_KERNELS_H_
#define MINNOW_OPS_BINARY_KERNELS_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "minnow/core/convert.h"
#include "minnow/ops/binary.h"
#include "minnow/ops/broadcast.h"
#include "minnow/ops/elementwise.h"

namespace minnow {
namespace internal {

// A matrix in a loop over rows: how far apart its rows are, and whether a row
// is one element that is repeated.
template <typename T>
struct RowsOf {
  const T* data;
  int64_t row_stride;
  bool repeated;
};

// `rows` rows of `cols` elements, which are contiguous in `out`; in the
// arithmetic of T.
template <typename F, typename T>
void NativeRows(int64_t rows, int64_t cols, RowsOf<T> lhs, RowsOf<T> rhs,
                T* out) {
  Vectorize([=]() MINNOW_INLINE {
    const F f;
    const T* x = lhs.data;
    const T* y = rhs.data;
    T* z = out;
    for (int64_t r = 0; r < rows; ++r) {
      if (rhs.repeated) {
        const T b = *y;
        for (int64_t j = 0; j < cols; ++j) z[j] = f(x[j], b);
      } else if (lhs.repeated) {
        const T a = *x;
        for (int64_t j = 0; j < cols; ++j) z[j] = f(a, y[j]);
      } else {
        for (int64_t j = 0; j < cols; ++j) z[j] = f(x[j], y[j]);
      }
      x += lhs.row_stride;
      y += rhs.row_stride;
      z += cols;
    }
  });
}

// A part of a row as float, in a tile; one element if it is repeated.
template <typename T>
RowsOf<float> WidenRow(RowsOf<T> row, int64_t begin, int64_t n, float* tile) {
  ConvertElements(row.data + (row.repeated ? 0 : begin), tile,
                  row.repeated ? 1 : n);
  return {tile, 0, row.repeated};
}

// The same for all types: elements of 16 bits by way of tiles of float.
template <typename F, typename T>
void BinaryRows(int64_t rows, int64_t cols, RowsOf<T> lhs, RowsOf<T> rhs,
                T* out) {
  if constexpr (std::is_same_v<T, ComputeType<T>>) {
    NativeRows<F>(rows, cols, lhs, rhs, out);
  } else {
    float x[kTile];
    float y[kTile];
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t begin = 0; begin < cols; begin += kTile) {
        const int64_t n = std::min(kTile, cols - begin);
        const RowsOf<float> a = WidenRow(lhs, begin, n, x);
        const RowsOf<float> b = WidenRow(rhs, begin, n, y);
        // Over the operand that has n elements.
        float* const result = a.repeated ? y : x;
        NativeRows<F>(1, n, a, b, result);
        ConvertElements(result, out + begin, n);
      }
      lhs.data += lhs.row_stride;
      rhs.data += rhs.row_stride;
      out += cols;
    }
  }
}

// Rows [begin, end), counted over all dimensions but the last, and of these the
// columns [col, col + cols).
template <typename F, typename T>
void BinaryBlock(const BroadcastPlan& plan, int64_t begin, int64_t end,
                 int64_t col, int64_t cols, const T* lhs, const T* rhs,
                 T* out) {
  const size_t last = plan.dims.size() - 1;
  const int64_t matrix_rows = plan.dims[last - 1];
  while (begin < end) {
    const int64_t rows =
        std::min(end - begin, matrix_rows - begin % matrix_rows);
    const BroadcastPlan::Offsets at = plan.RowOffsets(begin);
    const int64_t x = plan.lhs_strides[last];
    const int64_t y = plan.rhs_strides[last];
    BinaryRows<F, T>(
        rows, cols,
        {lhs + at.lhs + col * x, plan.lhs_strides[last - 1], x == 0},
        {rhs + at.rhs + col * y, plan.rhs_strides[last - 1], y == 0},
        out + begin * plan.cols() + col);
    begin += rows;
  }
}

inline absl::StatusOr<BroadcastPlan> PrepareBroadcast(
    const Attrs&, absl::Span<const Shape> shapes) {
  return PlanBroadcast(shapes[0], shapes[1], shapes[2]);
}

// Blocks are groups of rows, or parts of one row where rows are long.
template <typename F, typename T>
absl::Status Binary(const RunContext& context, const NoAttrs&,
                    const BroadcastPlan& plan, Dense<const T> lhs,
                    Dense<const T> rhs, Dense<T> out) {
  const int64_t cols = plan.cols();
  if (out.size() == 0) return absl::OkStatus();
  const int64_t parts = (cols + kElementwiseGrain - 1) / kElementwiseGrain;
  const int64_t grain = parts > 1 ? 1 : kElementwiseGrain / cols;
  ParallelFor(*context.threads, plan.rows() * parts, grain,
              [&](int64_t begin, int64_t end) {
                const int64_t col = begin % parts * kElementwiseGrain;
                BinaryBlock<F, T>(plan, begin / parts,
                                  (end + parts - 1) / parts, col,
                                  std::min(cols - col, kElementwiseGrain),
                                  lhs.data(), rhs.data(), out.data());
              });
  return absl::OkStatus();
}

// R is the type of the result, and the one that is computed in; if it is not T,
// the array is converted first, block by block.
template <typename F, bool reversed, typename T, typename R>
absl::Status Scalar(const RunContext& context, const ScalarAttrs& attrs,
                    Dense<const T> data, Dense<R> out) {
  const R number = Convert<R>(attrs.scalar);
  const RowsOf<R> scalar{&number, 0, true};
  ParallelFor(*context.threads, data.size(), kElementwiseGrain,
              [&](int64_t begin, int64_t end) {
                R* result = out.data() + begin;
                RowsOf<R> array{result, 0, false};
                if constexpr (std::is_same_v<T, R>) {
                  array.data = data.data() + begin;
                } else {
                  ConvertElements(data.data() + begin, result, end - begin);
                }
                BinaryRows<F, R>(1, end - begin, reversed ? scalar : array,
                                 reversed ? array : scalar, result);
              });
  return absl::OkStatus();
}

}  // namespace internal

// Inputs of one shape, or of any that broadcast.
template <typename F, typename... T>
std::vector<Kernel> BinaryKernels(Types<T...> types) {
  return KernelsFor(types, []<typename E>() {
    return KernelOf<internal::Binary<F, E>, internal::PrepareBroadcast>();
  });
}

// data op scalar; scalar op data if reversed. Those that give the type of the
// array come first; integers with a number that is none give float64, and bool
// gives int64 or float64, as in MXNet.
template <typename F, bool reversed, bool keeps_zero = false>
std::vector<Kernel> ScalarKernels() {
  auto kernels_of = []<typename T, typename R>() {
    constexpr auto kKernel = internal::Scalar<F, reversed, T, R>;
    if constexpr (keeps_zero) {
      return StorageKeepingKernels<kKernel>();
    } else {
      return std::array{KernelOf<kKernel>()};
    }
  };
  std::vector<Kernel> kernels = StoredKernelsFor(
      NumberTypes(),
      [&]<typename T>() { return kernels_of.template operator()<T, T>(); });
  auto widened = [&](auto types, auto result) {
    for (Kernel& kernel : StoredKernelsFor(types, [&]<typename T>() {
           return kernels_of.template operator()<T, decltype(result)>();
         })) {
      kernels.push_back(std::move(kernel));
    }
  };
  widened(Types<int8_t, uint8_t, int32_t, int64_t, bool>(), double());
  widened(Types<bool>(), int64_t());
  return kernels;
}

}  // namespace minnow

#endif  // MINNOW_OPS_BINARY_KERNELS_H_
