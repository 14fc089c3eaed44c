// Views: what kernels see of arrays.
//
// The parameter types of a kernel say which data types and storage types it
// takes, and with `const` which arguments it does not write:
//
//   absl::Status Square(const RunContext&, const NoAttrs&,
//                       Dense<const float> x, Dense<float> out);
//
// An ArrayRef is an argument of any type; ViewTraits<V>::Of(ref) is the view.
#ifndef MINNOW_CORE_VIEW_H_
#define MINNOW_CORE_VIEW_H_

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "absl/types/span.h"
#include "minnow/core/dtype.h"
#include "minnow/core/ndarray.h"

namespace minnow {

// An argument of a kernel, of any type. A dense one is a place in memory; a
// sparse one is reached through what its handles share, since it may grow.
struct ArrayRef {
  void* values = nullptr;
  int64_t size = 0;  // Elements, if dense.
  absl::Span<const int64_t> dims;
  ArrayData* sparse = nullptr;
};

namespace internal {

inline int64_t RowSize(absl::Span<const int64_t> dims) {
  int64_t size = 1;
  for (int64_t dim : dims.subspan(1)) size *= dim;
  return size;
}

}  // namespace internal

template <typename T>
struct Dense {
  static constexpr StorageType kStorage = StorageType::kDense;
  absl::Span<T> values;
  absl::Span<const int64_t> dims;

  T* data() const { return values.data(); }
  int64_t size() const { return static_cast<int64_t>(values.size()); }
  size_t rank() const { return dims.size(); }
  // Elements of a row. REQUIRES: rank() > 0.
  int64_t row_size() const { return internal::RowSize(dims); }
};

template <typename T>
struct RowSparse {
  static constexpr StorageType kStorage = StorageType::kRowSparse;
  absl::Span<T> values;
  absl::Span<const int64_t> rows;  // Ascending.
  absl::Span<const int64_t> dims;
  ArrayData* array;  // Where all of it lies, for outputs.

  int64_t row_size() const { return internal::RowSize(dims); }
};

template <typename T>
struct Csr {
  static constexpr StorageType kStorage = StorageType::kCsr;
  absl::Span<T> values;
  absl::Span<const int64_t> indptr;
  absl::Span<const int64_t> columns;  // Ascending in each row.
  absl::Span<const int64_t> dims;
  ArrayData* array;  // Where all of it lies, for outputs.
};

// A row_sparse array whose rows are reached by number, such as a weight that is
// updated: its rows are in no order. See array_data.h.
template <typename T>
struct RowTable {
  static constexpr StorageType kStorage = StorageType::kRowSparse;
  absl::Span<const int64_t> dims;
  ArrayData* array;

  int64_t row_size() const { return internal::RowSize(dims); }
  // The number of each row that is stored, by slot.
  absl::Span<const int64_t> rows() const { return array->indices; }
  // By slot. Moves when rows are added.
  T* data() const { return reinterpret_cast<T*>(array->values.data()); }
  // The slot of a row, or -1.
  int64_t Find(int64_t row) const { return array->FindRow(row); }
  // Stores `rows`, too; new ones are zero.
  absl::Status Add(absl::Span<const int64_t> rows) const {
    return AddRows(rows, row_size() * static_cast<int64_t>(sizeof(T)), *array);
  }
};

// Any number of inputs of one type.
template <typename V>
class ListOf;

template <typename V>
struct ViewTraits;

template <template <typename> class View, typename T>
struct ViewTraits<View<T>> {
  using Element = std::remove_const_t<T>;
  static constexpr DType kDType = DTypeOf<Element>;
  static constexpr StorageType kStorage = View<T>::kStorage;
  static constexpr bool kWrites = !std::is_const_v<T>;
  static constexpr bool kIsList = false;

  static View<T> Of(const ArrayRef& ref) {
    if constexpr (kStorage == StorageType::kDense) {
      return {absl::MakeSpan(static_cast<T*>(ref.values),
                             static_cast<size_t>(ref.size)),
              ref.dims};
    } else if constexpr (std::is_same_v<View<T>, RowTable<T>>) {
      IndexRows(*ref.sparse);
      return {ref.dims, ref.sparse};
    } else {
      ArrayData* array = ref.sparse;
      View<T> view;
      view.dims = ref.dims;
      view.array = array;
      size_t num_values = array->indices.size();
      if constexpr (kStorage == StorageType::kRowSparse) {
        const int64_t row_size = view.row_size();
        SortRows(row_size * static_cast<int64_t>(sizeof(T)), *array);
        view.rows = array->indices;
        num_values *= static_cast<size_t>(row_size);
      } else {
        view.indptr = array->indptr;
        view.columns = array->indices;
      }
      view.values = absl::MakeSpan(reinterpret_cast<T*>(array->values.data()),
                                   num_values);
      return view;
    }
  }
};

template <typename V>
class ListOf {
 public:
  explicit ListOf(absl::Span<const ArrayRef* const> refs) : refs_(refs) {}
  size_t size() const { return refs_.size(); }
  V operator[](size_t i) const { return ViewTraits<V>::Of(*refs_[i]); }

 private:
  absl::Span<const ArrayRef* const> refs_;
};

template <typename V>
struct ViewTraits<ListOf<V>> {
  static constexpr DType kDType = ViewTraits<V>::kDType;
  static constexpr StorageType kStorage = ViewTraits<V>::kStorage;
  static constexpr bool kWrites = ViewTraits<V>::kWrites;
  static constexpr bool kIsList = true;
};

}  // namespace minnow

#endif  // MINNOW_CORE_VIEW_H_
