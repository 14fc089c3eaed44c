#include "minnow/ops/update_arrays.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "minnow/core/array_data.h"
#include "minnow/core/status.h"
#include "minnow/ops/convert_elements.h"
#include "minnow/ops/row_update.h"

namespace minnow {
namespace {

// Weight, gradient, three states, and the weight that is rounded.
constexpr int64_t kMaxArrays = 6;
constexpr int64_t kGradient = 1;

// Elements of a tile in which they are converted, and the most runs in it.
constexpr int64_t kTile = 512;
constexpr int64_t kTileRuns = 64;

// The gradient of elements that have none, of any type.
constexpr int64_t kNumZeros = 1024;
alignas(64) const std::byte kZeros[kNumZeros * sizeof(double)] = {};

struct Array {
  DType dtype;
  int64_t item;  // Bytes of an element.
  std::byte* values;
  ArrayData* table;  // Null where rows are found by their number.

  std::byte* Element(int64_t i) const { return values + i * item; }
  // REQUIRES: the row is stored.
  std::byte* Row(int64_t row, int64_t row_size) const {
    return Element((table ? table->FindRow(row) : row) * row_size);
  }
};

bool AnyNonZero(DType dtype, const void* values, int64_t n) {
  return VisitDType(dtype, [&]<typename T>() {
    const T* const x = static_cast<const T*>(values);
    return std::any_of(x, x + n, [](T value) {
      return static_cast<ComputeType<T>>(value) != 0;
    });
  });
}

class Updater {
 public:
  Updater(const UpdateRule& rule, const UpdateFormat& format,
          absl::Span<const ArrayRef* const> args)
      : rule_(rule), rounds_(format.mixed()), converts_(format.mixed()) {
    const auto add = [&](size_t arg, DType dtype, StorageType storage) {
      arrays_[num_arrays_++] = {
          dtype, static_cast<int64_t>(DTypeSize(dtype)),
          static_cast<std::byte*>(args[arg]->values),
          storage == StorageType::kDense ? nullptr : args[arg]->sparse};
      converts_ |= dtype != rule.dtype();
    };
    // What the rule works on comes first, the weight that is rounded last.
    if (rounds_) {
      add(args.size() - 1, format.state_dtype(), format.states);
    } else {
      add(0, format.dtype, format.weight);
    }
    add(kGradient, format.dtype, format.grad);
    for (size_t i = 0; i < rule.num_states(); ++i) {
      add(2 + i, format.state_dtype(), format.states);
    }
    if (rounds_) add(0, format.dtype, format.weight);
    if (format.grad == StorageType::kDense) return;
    // Rows of the gradient lie one after the other, in ascending order.
    dims_ = args[0]->dims;
    row_size_ = internal::RowSize(dims_);
    Array& grad = arrays_[kGradient];
    SortRows(row_size_ * grad.item, *grad.table);
    rows_ = grad.table->indices;
    grad.values = grad.table->values.data();
    grad.table = nullptr;
    FindTables();
  }

  // The elements [begin, end) of dense arrays.
  void UpdateElements(int64_t begin, int64_t end) const {
    std::byte* at[kMaxArrays];
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
      if (a == kGradient || arrays_[a].table == &weight) continue;
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
  const Array& weight() const { return arrays_[rounds_ ? num_arrays_ - 1 : 0]; }

  // To be called when rows have been added.
  void FindTables() {
    for (Array& array : absl::MakeSpan(arrays_, num_arrays_)) {
      if (array.table == nullptr) continue;
      IndexRows(*array.table);
      array.values = array.table->values.data();
    }
  }

  // Stores these rows in all tables.
  absl::Status StoreRows(absl::Span<const int64_t> rows) {
    for (const Array& array : absl::MakeSpan(arrays_, num_arrays_)) {
      // Those of the weight itself are there.
      if (array.table == nullptr || rows.data() == array.table->indices.data())
        continue;
      MINNOW_RETURN_IF_ERROR(
          AddRows(rows, row_size_ * array.item, *array.table));
    }
    return absl::OkStatus();
  }

  // Stores in the weight the rows for which a state has values.
  absl::Status StoreRowsOf(const Array& state) {
    const Array& weight = this->weight();
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
    std::byte* at[(kMost + internal::kMostAhead) * kMaxArrays];
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
      const Array& array = arrays_[a];
      std::byte** to = at + a;
      if (a == kGradient) {
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
    const Array& grad = arrays_[kGradient];
    alignas(64) std::byte tile[sizeof(kZeros)];
    auto listed = std::lower_bound(rows_.begin(), rows_.end(), begin);
    for (int64_t i = begin * row_size_; i < end * row_size_; i += kNumZeros) {
      const int64_t stop = std::min(end * row_size_, i + kNumZeros);
      std::byte* at[kMaxArrays];
      for (int64_t a = 0; a < num_arrays_; ++a) at[a] = arrays_[a].Element(i);
      at[kGradient] = const_cast<std::byte*>(kZeros);
      // The rows that begin before `stop`; the last one may end behind it.
      for (; listed != rows_.end() && *listed * row_size_ < stop; ++listed) {
        if (at[kGradient] != tile) std::memset(tile, 0, sizeof(tile));
        at[kGradient] = tile;
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
      std::byte* at[kMost * kMaxArrays];
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
        *at++ = a == kGradient ? Gradient(row)
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
               ? arrays_[kGradient].Element((found - rows_.begin()) * row_size_)
               : const_cast<std::byte*>(kZeros);
  }

  void Run(const UpdateRuns& runs) const {
    if (converts_) {
      RunByTiles(runs);
    } else {
      rule_(runs);
    }
  }

  void RunByTiles(const UpdateRuns& runs) const;
  // The same for `runs.size` elements behind the first `begin` ones of runs.
  void RunTile(const UpdateRuns& runs, int64_t begin) const;
  const void* Pack(const UpdateRuns& runs, int64_t a, int64_t begin,
                   void* packed) const;
  void Unpack(const std::byte* packed, const UpdateRuns& runs, int64_t a,
              int64_t begin) const;

  const UpdateRule& rule_;
  const bool rounds_;
  // Whether a type is not that of the rule.
  bool converts_;
  int64_t num_arrays_ = 0;
  Array arrays_[kMaxArrays];
  // With a gradient that is row_sparse:
  absl::Span<const int64_t> dims_;
  absl::Span<const int64_t> rows_;
  int64_t row_size_ = 0;
};

void Updater::RunByTiles(const UpdateRuns& runs) const {
  if (runs.size == 0) return;
  // Several runs, or pieces of one.
  const int64_t most = std::clamp<int64_t>(kTile / runs.size, 1, kTileRuns);
  for (int64_t i = 0; i < runs.count; i += most) {
    const int64_t next = i + std::max(most, runs.ahead);
    for (int64_t k = next; k < std::min(runs.num_places, next + most); ++k) {
      for (int64_t a = 0; a < num_arrays_; ++a) {
        if (a == kGradient) continue;
        internal::Prefetch(runs.at[k * runs.stride + a],
                           runs.size * arrays_[a].item);
      }
    }
    for (int64_t begin = 0; begin < runs.size; begin += kTile) {
      RunTile(
          {std::min(most, runs.count - i), std::min(kTile, runs.size - begin),
           runs.stride, runs.at + i * runs.stride},
          begin);
    }
  }
}

void Updater::RunTile(const UpdateRuns& runs, int64_t begin) const {
  const int64_t num_elements = runs.count * runs.size;
  float tiles[kMaxArrays][kTile];
  std::byte packed[kTile * sizeof(double)];
  std::byte* at[kTileRuns * kMaxArrays];
  const auto is_rounded = [&](int64_t a) {
    return rounds_ && a == num_arrays_ - 1;
  };
  const auto is_own = [&](int64_t a) {
    return !is_rounded(a) && arrays_[a].dtype == rule_.dtype();
  };
  for (int64_t a = 0; a < num_arrays_; ++a) {
    const bool own = is_own(a);
    for (int64_t i = 0; i < runs.count; ++i) {
      const int64_t k = i * runs.stride + a;
      at[k] = own ? runs.at[k] + begin * arrays_[a].item
                  : reinterpret_cast<std::byte*>(tiles[a] + i * runs.size);
    }
    if (own || is_rounded(a)) continue;
    ConvertElements(arrays_[a].dtype, Pack(runs, a, begin, packed),
                    DType::kFloat32, tiles[a], num_elements);
  }
  rule_({runs.count, runs.size, runs.stride, at});
  for (int64_t a = 0; a < num_arrays_; ++a) {
    if (a == kGradient || is_own(a)) continue;
    const void* from =
        is_rounded(a) ? Pack(runs, 0, begin, tiles[a]) : tiles[a];
    std::byte* const to =
        runs.count == 1 ? runs.at[a] + begin * arrays_[a].item : packed;
    ConvertElements(DType::kFloat32, from, arrays_[a].dtype, to, num_elements);
    if (to == packed) Unpack(packed, runs, a, begin);
  }
}

// The elements of an array one after the other: where they are if that is one
// run, else copied.
const void* Updater::Pack(const UpdateRuns& runs, int64_t a, int64_t begin,
                          void* packed) const {
  const int64_t offset = begin * arrays_[a].item;
  const int64_t bytes = runs.size * arrays_[a].item;
  if (runs.count == 1) return runs.at[a] + offset;
  for (int64_t i = 0; i < runs.count; ++i) {
    std::memcpy(static_cast<std::byte*>(packed) + i * bytes,
                runs.at[i * runs.stride + a] + offset,
                static_cast<size_t>(bytes));
  }
  return packed;
}

void Updater::Unpack(const std::byte* packed, const UpdateRuns& runs, int64_t a,
                     int64_t begin) const {
  const int64_t offset = begin * arrays_[a].item;
  const int64_t bytes = runs.size * arrays_[a].item;
  for (int64_t i = 0; i < runs.count; ++i) {
    std::memcpy(runs.at[i * runs.stride + a] + offset, packed + i * bytes,
                static_cast<size_t>(bytes));
  }
}

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

absl::Status Update(ThreadPool& threads, const UpdateRule& rule,
                    const UpdateFormat& format,
                    absl::Span<const ArrayRef* const> args) {
  Updater updater(rule, format, args);
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
  Updater(rule, format, args).UpdateElements(begin, end);
}

void UpdateElements(const UpdateRule& rule, const UpdateFormat& format,
                    const ElementsRef* args, int64_t n) {
  std::array<ArrayRef, kMaxArrays> arrays;
  std::array<const ArrayRef*, kMaxArrays> pointers;
  const size_t num_args = format.NumArgs(rule.num_states());
  for (size_t k = 0; k < arrays.size() && k < num_args; ++k) {
    arrays[k].values = args[k].data;
    pointers[k] = &arrays[k];
  }
  UpdatePart(rule, format, absl::MakeConstSpan(pointers).first(num_args), 0, n);
}

}  // namespace minnow
