#include "minnow/ops/update_arrays.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "minnow/core/array_data.h"
#include "minnow/core/status.h"
#include "minnow/ops/row_update.h"
#include "minnow/ops/update_tiles.h"

namespace minnow {
namespace {

// The gradient of elements that have none, of any type.
constexpr int64_t kNumZeros = 1024;
alignas(64) const std::byte kZeros[kNumZeros * sizeof(double)] = {};

bool AnyNonZero(DType dtype, const void* values, int64_t n) {
  return VisitDType(dtype, [&]<typename T>() {
    const T* const x = static_cast<const T*>(values);
    return std::any_of(x, x + n, [](T value) {
      return static_cast<ComputeType<T>>(value) != 0;
    });
  });
}

// Where an argument is.
struct Place {
  void* values;
  ArrayData* sparse;
};

class Updater {
 public:
  // `place_of(k)` is the Place of argument k. The dimensions of the weight
  // matter where the gradient is row_sparse.
  template <typename PlaceOf>
  Updater(const UpdateRule& rule, const UpdateFormat& format,
          absl::Span<const int64_t> dims, const PlaceOf& place_of)
      : rule_(rule), rounds_(format.mixed()), converts_(format.mixed()) {
    const auto add = [&](size_t arg, DType dtype, StorageType storage) {
      const Place place = place_of(arg);
      arrays_[num_arrays_++] = {
          dtype, static_cast<int64_t>(DTypeSize(dtype)),
          static_cast<std::byte*>(place.values),
          storage == StorageType::kDense ? nullptr : place.sparse};
      converts_ |= dtype != rule.dtype();
    };
    // What the rule works on comes first, the weight that is rounded last.
    if (rounds_) {
      add(2 + rule.num_states(), format.state_dtype(), format.states);
    } else {
      add(0, format.dtype, format.weight);
    }
    add(kGradientArray, format.dtype, format.grad);
    for (size_t i = 0; i < rule.num_states(); ++i) {
      add(2 + i, format.state_dtype(), format.states);
    }
    if (rounds_) add(0, format.dtype, format.weight);
    if (format.grad == StorageType::kDense) return;
    // Rows of the gradient lie one after the other, in ascending order.
    dims_ = dims;
    row_size_ = internal::RowSize(dims_);
    UpdateArray& grad = arrays_[kGradientArray];
    SortRows(row_size_ * grad.item, *grad.table);
    rows_ = grad.table->indices;
    grad.values = grad.table->values.data();
    grad.table = nullptr;
    FindTables();
  }

  // The elements [begin, end) of dense arrays.
  void UpdateElements(int64_t begin, int64_t end) const {
    std::byte* at[kMaxUpdateArrays];
    for (int64_t a = 0; a < num_arrays_; ++a) at[a] = arrays_[a].Element(begin);
    Run({1, end - begin, num_arrays_, at});
  }

  absl::Status UpdateListedRows(ThreadPool& threads) {
    MINNOW_RETURN_IF_ERROR(StoreRows(rows_));
    FindTables();
    ParallelFor(
        threads, num_rows(), internal::RowGrain(row_size_),
        [&](int64_t begin, int64_t end) { UpdateListedRows(begin, end); });
    return absl::OkStatus();
  }

  // All rows of dense arrays.
  void UpdateAllRows(ThreadPool& threads) const {
    ParallelFor(threads, dims_[0], internal::RowGrain(row_size_),
                [&](int64_t begin, int64_t end) { UpdateAllRows(begin, end); });
  }

  // All rows that the weight or a state stores, and those of the gradient.
  absl::Status UpdateStoredRows(ThreadPool& threads) {
    MINNOW_RETURN_IF_ERROR(StoreRows(rows_));
    ArrayData& weight = *this->weight().table;
    for (int64_t a = 0; a < num_arrays_; ++a) {
      if (a == kGradientArray || arrays_[a].table == &weight) continue;
      MINNOW_RETURN_IF_ERROR(StoreRowsOf(arrays_[a]));
    }
    MINNOW_RETURN_IF_ERROR(StoreRows(weight.indices));
    FindTables();
    ParallelFor(threads, static_cast<int64_t>(weight.indices.size()),
                internal::RowGrain(row_size_), [&](int64_t begin, int64_t end) {
                  UpdateStoredRows(begin, end);
                });
    return absl::OkStatus();
  }

 private:
  int64_t num_rows() const { return static_cast<int64_t>(rows_.size()); }
  // The one that has the rows of all others.
  const UpdateArray& weight() const {
    return arrays_[rounds_ ? num_arrays_ - 1 : 0];
  }

  // To be called when rows have been added.
  void FindTables() {
    for (UpdateArray& array : absl::MakeSpan(arrays_, num_arrays_)) {
      if (array.table == nullptr) continue;
      IndexRows(*array.table);
      array.values = array.table->values.data();
    }
  }

  // Stores these rows in all tables.
  absl::Status StoreRows(absl::Span<const int64_t> rows) {
    for (const UpdateArray& array : absl::MakeSpan(arrays_, num_arrays_)) {
      // Those of the weight itself are there.
      if (array.table == nullptr || rows.data() == array.table->indices.data())
        continue;
      MINNOW_RETURN_IF_ERROR(
          AddRows(rows, row_size_ * array.item, *array.table));
    }
    return absl::OkStatus();
  }

  // Stores in the weight the rows for which a state has values.
  absl::Status StoreRowsOf(const UpdateArray& state) {
    const UpdateArray& weight = this->weight();
    const int64_t row_bytes = row_size_ * weight.item;
    if (state.table != nullptr) {
      return AddRows(state.table->indices, row_bytes, *weight.table);
    }
    std::vector<int64_t> rows;
    for (int64_t row = 0; row < dims_[0]; ++row) {
      if (weight.table->FindRow(row) < 0 &&
          AnyNonZero(state.dtype, state.Row(row, row_size_), row_size_)) {
        rows.push_back(row);
      }
    }
    return AddRows(rows, row_bytes, *weight.table);
  }

  void UpdateListedRows(int64_t begin, int64_t end) const {
    constexpr int64_t kMost = 64;
    const int64_t ahead = internal::PrefetchDistance(row_size_);
    std::byte* at[(kMost + internal::kMostAhead) * kMaxUpdateArrays];
    // The rows [begin, found) are in `at`.
    for (int64_t found = begin; begin < end;) {
      const int64_t stop = std::min(end, begin + kMost);
      const int64_t next = std::min(end, stop + ahead);
      FindRows(found, next, at + (found - begin) * num_arrays_);
      Run({stop - begin, row_size_, num_arrays_, at, ahead, next - begin});
      std::copy(at + (stop - begin) * num_arrays_,
                at + (next - begin) * num_arrays_, at);
      begin = stop;
      found = next;
    }
  }

  // The places of rows [begin, end) of the gradient.
  void FindRows(int64_t begin, int64_t end, std::byte** at) const {
    for (int64_t a = 0; a < num_arrays_; ++a) {
      const UpdateArray& array = arrays_[a];
      std::byte** to = at + a;
      if (a == kGradientArray) {
        for (int64_t i = begin; i < end; ++i, to += num_arrays_) {
          *to = array.Element(i * row_size_);
        }
      } else {
        for (int64_t i = begin; i < end; ++i, to += num_arrays_) {
          *to = array.Row(rows_[i], row_size_);
        }
      }
    }
  }

  void UpdateAllRows(int64_t begin, int64_t end) const {
    const UpdateArray& grad = arrays_[kGradientArray];
    alignas(64) std::byte tile[sizeof(kZeros)];
    auto listed = std::lower_bound(rows_.begin(), rows_.end(), begin);
    for (int64_t i = begin * row_size_; i < end * row_size_; i += kNumZeros) {
      const int64_t stop = std::min(end * row_size_, i + kNumZeros);
      std::byte* at[kMaxUpdateArrays];
      for (int64_t a = 0; a < num_arrays_; ++a) at[a] = arrays_[a].Element(i);
      at[kGradientArray] = const_cast<std::byte*>(kZeros);
      // The rows that begin before `stop`; the last one may end behind it.
      for (; listed != rows_.end() && *listed * row_size_ < stop; ++listed) {
        if (at[kGradientArray] != tile) std::memset(tile, 0, sizeof(tile));
        at[kGradientArray] = tile;
        const int64_t row = *listed * row_size_;
        const int64_t first = std::max(row, i);
        const int64_t last = std::min(row + row_size_, stop);
        const int64_t from = (listed - rows_.begin()) * row_size_;
        std::memcpy(tile + (first - i) * grad.item,
                    grad.Element(from + first - row),
                    static_cast<size_t>((last - first) * grad.item));
        if (row + row_size_ > stop) break;
      }
      Run({1, stop - i, num_arrays_, at});
    }
  }

  void UpdateStoredRows(int64_t begin, int64_t end) const {
    constexpr int64_t kMost = 64;
    for (; begin < end; begin += kMost) {
      const int64_t count = std::min(kMost, end - begin);
      std::byte* at[kMost * kMaxUpdateArrays];
      FindStoredRows(begin, count, at);
      // In pieces that are not longer than the zeros.
      for (int64_t i = 0; i < row_size_; i += kNumZeros) {
        const int64_t size = std::min(kNumZeros, row_size_ - i);
        Run({count, size, num_arrays_, at});
        for (int64_t k = 0; k < count * num_arrays_; ++k) {
          if (at[k] != kZeros) at[k] += size * arrays_[k % num_arrays_].item;
        }
      }
    }
  }

  // The places of the rows in `count` slots of the weight.
  void FindStoredRows(int64_t first, int64_t count, std::byte** at) const {
    const ArrayData* const table = weight().table;
    for (int64_t slot = first; slot < first + count; ++slot) {
      const int64_t row = table->indices[static_cast<size_t>(slot)];
      for (int64_t a = 0; a < num_arrays_; ++a) {
        *at++ = a == kGradientArray ? Gradient(row)
                : arrays_[a].table == table
                    ? arrays_[a].Element(slot * row_size_)
                    : arrays_[a].Row(row, row_size_);
      }
    }
  }

  // The gradient of a row, or zeros.
  std::byte* Gradient(int64_t row) const {
    const auto found = std::lower_bound(rows_.begin(), rows_.end(), row);
    return found != rows_.end() && *found == row
               ? arrays_[kGradientArray].Element((found - rows_.begin()) *
                                                 row_size_)
               : const_cast<std::byte*>(kZeros);
  }

  void Run(const UpdateRuns& runs) const {
    if (converts_) {
      RunInTiles(rule_, absl::MakeSpan(arrays_, num_arrays_), rounds_, runs);
    } else {
      rule_(runs);
    }
  }

  const UpdateRule& rule_;
  const bool rounds_;
  // Whether a type is not that of the rule.
  bool converts_;
  int64_t num_arrays_ = 0;
  UpdateArray arrays_[kMaxUpdateArrays];
  // With a gradient that is row_sparse:
  absl::Span<const int64_t> dims_;
  absl::Span<const int64_t> rows_;
  int64_t row_size_ = 0;
};

}  // namespace

ArgTypes UpdateArgs(const UpdateFormat& format, size_t num_states) {
  const DType states = format.state_dtype();
  ArgTypes args = {
      {format.dtype, format.weight, /*writes=*/true, /*is_list=*/false},
      {format.dtype, format.grad, /*writes=*/false, /*is_list=*/false}};
  args.extend(format.NumArgs(num_states),
              {states, format.states, /*writes=*/true, /*is_list=*/false});
  return args;
}

namespace {

auto PlacesOf(absl::Span<const ArrayRef* const> args) {
  return [args](size_t k) -> Place {
    return {args[k]->values, args[k]->sparse};
  };
}

}  // namespace

absl::Status Update(ThreadPool& threads, const UpdateRule& rule,
                    const UpdateFormat& format,
                    absl::Span<const ArrayRef* const> args) {
  Updater updater(rule, format, args[0]->dims, PlacesOf(args));
  if (format.grad == StorageType::kDense) {
    ParallelFor(threads, args[0]->size, kUpdateGrain,
                [&](int64_t begin, int64_t end) {
                  updater.UpdateElements(begin, end);
                });
    return absl::OkStatus();
  }
  if (format.rows == RowsToUpdate::kListed) {
    return updater.UpdateListedRows(threads);
  }
  if (format.weight == StorageType::kDense) {
    updater.UpdateAllRows(threads);
    return absl::OkStatus();
  }
  return updater.UpdateStoredRows(threads);
}

void UpdatePart(const UpdateRule& rule, const UpdateFormat& format,
                absl::Span<const ArrayRef* const> args, int64_t begin,
                int64_t end) {
  Updater(rule, format, {}, PlacesOf(args)).UpdateElements(begin, end);
}

void UpdateElements(const UpdateRule& rule, const UpdateFormat& format,
                    const ElementsRef* args, int64_t n) {
  Updater(rule, format, {}, [args](size_t k) -> Place {
    return {args[k].data, nullptr};
  }).UpdateElements(0, n);
}

}  // namespace minnow
