#include "minnow/ops/binary_kernels.h"

#include <algorithm>
#include <memory>

#include "minnow/ops/any_dtype.h"

namespace minnow {
namespace internal {
namespace {

// Shorter rows are computed several at once.
constexpr int64_t kShortRow = kTile / 4;

// One of the two inputs, read in the order of the output.
class BroadcastInput {
 public:
  BroadcastInput(const BroadcastPlan& plan, const BroadcastPlan::Dims& strides,
                 int64_t BroadcastPlan::Offsets::*offset, const void* data,
                 size_t element_size)
      : plan_(plan),
        strides_(strides),
        offset_(offset),
        data_(static_cast<const std::byte*>(data)),
        size_(static_cast<int64_t>(element_size)) {
    int64_t contiguous = 1;
    for (size_t k = strides.size(); k-- > 0;) {
      is_whole_ = is_whole_ && (strides[k] == contiguous || plan.dims[k] == 1);
      contiguous *= plan.dims[k];
    }
  }

  // A row from a column on.
  ElementsRef Row(int64_t row, int64_t col) const {
    const int64_t at = plan_.RowOffsets(row).*offset_ + col * strides_.back();
    return {const_cast<std::byte*>(data_ + at * size_), strides_.back() == 0};
  }

  // `count` rows, one after the other: in place, or gathered into the tile.
  ElementsRef Rows(int64_t row, int64_t count, std::byte* tile) const {
    if (is_whole_) return Row(row, 0);
    ElementsRef rows;
    VisitSize(size_, [&]<typename U>() { rows = Gather<U>(row, count, tile); });
    return rows;
  }

 private:
  template <typename T>
  ElementsRef Gather(int64_t row, int64_t count, std::byte* tile) const {
    const size_t last = strides_.size() - 1;
    const int64_t cols = plan_.cols();
    const int64_t matrix_rows = plan_.dims[last - 1];
    const T* const data = reinterpret_cast<const T*>(data_);
    T* to = reinterpret_cast<T*>(tile);
    while (count > 0) {
      const int64_t rows = std::min(count, matrix_rows - row % matrix_rows);
      const T* from = data + plan_.RowOffsets(row).*offset_;
      for (int64_t r = 0; r < rows; ++r) {
        if (strides_[last] == 0) {
          std::fill_n(to, cols, *from);
        } else {
          std::copy_n(from, cols, to);
        }
        from += strides_[last - 1];
        to += cols;
      }
      row += rows;
      count -= rows;
    }
    return {tile, false};
  }

  const BroadcastPlan& plan_;
  const BroadcastPlan::Dims& strides_;
  int64_t BroadcastPlan::Offsets::*const offset_;
  const std::byte* const data_;
  const int64_t size_;
  bool is_whole_ = true;  // Has all elements of the output, in its order.
};

// Elements of an operand as C, in a tile; one element if it is repeated.
template <typename C>
Operand<C> ConvertOperand(ElementsRef operand, DType dtype, int64_t begin,
                          int64_t n, C* tile) {
  const auto size = static_cast<int64_t>(DTypeSize(dtype));
  const auto* const data = static_cast<const std::byte*>(operand.data);
  ConvertElements(dtype, data + (operand.repeated ? 0 : begin * size),
                  DTypeOf<C>, tile, operand.repeated ? 1 : n);
  return {tile, operand.repeated};
}

}  // namespace

template <typename C>
void ConvertedBinary(BinaryFunction<C> function, DType dtype, int64_t n,
                     ElementsRef lhs, ElementsRef rhs, void* out) {
  const auto size = static_cast<int64_t>(DTypeSize(dtype));
  C x[kTile];
  C y[kTile];
  for (int64_t begin = 0; begin < n; begin += kTile) {
    const int64_t count = std::min(kTile, n - begin);
    const Operand<C> a = ConvertOperand(lhs, dtype, begin, count, +x);
    const Operand<C> b = ConvertOperand(rhs, dtype, begin, count, +y);
    // Over the operand that has `count` elements.
    C* const result = a.repeated ? y : x;
    function(count, a, b, result);
    ConvertElements(DTypeOf<C>, result, dtype,
                    static_cast<std::byte*>(out) + begin * size, count);
  }
}

template void ConvertedBinary(BinaryFunction<float>, DType, int64_t,
                              ElementsRef, ElementsRef, void*);
template void ConvertedBinary(BinaryFunction<double>, DType, int64_t,
                              ElementsRef, ElementsRef, void*);
template void ConvertedBinary(BinaryFunction<int32_t>, DType, int64_t,
                              ElementsRef, ElementsRef, void*);

absl::StatusOr<Prepared> PrepareBroadcast(const Attrs&,
                                          absl::Span<const Shape> shapes,
                                          const ArgTypes&) {
  return Prepared{std::make_shared<const BroadcastPlan>(
                      PlanBroadcast(shapes[0], shapes[1], shapes[2])),
                  0};
}

// Blocks are groups of rows, or parts of one row where rows are long.
absl::Status RunBroadcast(const RunContext& context, const void* attrs,
                          absl::Span<const ArrayRef* const> args) {
  const ArrayRef& out = *args[2];
  if (out.size == 0) return absl::OkStatus();
  const auto& plan = *static_cast<const BroadcastPlan*>(context.prepared);
  const Kernel& kernel = *context.kernel;
  const DType dtype = kernel.args[2].dtype;
  const BroadcastInput lhs(plan, plan.lhs_strides, &BroadcastPlan::Offsets::lhs,
                           args[0]->values, DTypeSize(dtype));
  const BroadcastInput rhs(plan, plan.rhs_strides, &BroadcastPlan::Offsets::rhs,
                           args[1]->values, DTypeSize(dtype));
  const int64_t cols = plan.cols();
  const auto compute = [&](int64_t begin, int64_t n, ElementsRef x,
                           ElementsRef y) {
    const std::array parts = {x, y, ElementsAt(out, dtype, begin)};
    kernel.elements(attrs, parts.data(), n);
  };
  if (cols < kShortRow && plan.rows() > 1) {
    ParallelFor(*context.threads, plan.rows(), kElementwiseGrain / cols,
                [&](int64_t begin, int64_t end) {
                  alignas(64) std::byte x[kTile * sizeof(int64_t)];
                  alignas(64) std::byte y[kTile * sizeof(int64_t)];
                  const int64_t at_once = kTile / cols;
                  for (int64_t row = begin; row < end; row += at_once) {
                    const int64_t rows = std::min(at_once, end - row);
                    compute(row * cols, rows * cols, lhs.Rows(row, rows, x),
                            rhs.Rows(row, rows, y));
                  }
                });
    return absl::OkStatus();
  }
  const int64_t parts = (cols + kElementwiseGrain - 1) / kElementwiseGrain;
  const int64_t grain = parts > 1 ? 1 : kElementwiseGrain / cols;
  ParallelFor(*context.threads, plan.rows() * parts, grain,
              [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; ++i) {
                  const int64_t row = i / parts;
                  const int64_t col = i % parts * kElementwiseGrain;
                  compute(row * cols + col,
                          std::min(cols - col, kElementwiseGrain),
                          lhs.Row(row, col), rhs.Row(row, col));
                }
              });
  return absl::OkStatus();
}

}  // namespace internal
}  // namespace minnow
