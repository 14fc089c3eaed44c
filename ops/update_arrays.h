// What is around the loop of an update rule (update.h): which elements it
// meets, and how their types become its own.
//
//   weight, gradient, states
//
//   dense, dense, dense                      each element
//   dense, row_sparse, dense                 the rows of the gradient, or all:
//                                            those without a gradient take 0
//                                            for it
//   row_sparse, row_sparse, row_sparse       the same, among stored rows; rows
//                                            of the gradient that are not
//                                            stored yet are created
//   row_sparse, row_sparse, dense            all rows
//
// In mixed precision there is one more state, the last one: `weight32`. All
// states are float32, and rules work on them; the weight becomes weight32,
// rounded.
#ifndef MINNOW_OPS_UPDATE_ARRAYS_H_
#define MINNOW_OPS_UPDATE_ARRAYS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "minnow/core/dtype.h"
#include "minnow/core/thread_pool.h"
#include "minnow/core/view.h"
#include "minnow/graph/kernel.h"
#include "minnow/ops/update.h"

namespace minnow {

enum class Precision : uint8_t { kOwn, kMixed };

// Which rows a row_sparse gradient updates: those that it lists, or all (in a
// table: all that are stored).
enum class RowsToUpdate : uint8_t { kListed, kAll };

// What the arguments of an update are.
struct UpdateFormat {
  StorageType weight, grad, states;
  Precision precision = Precision::kOwn;
  RowsToUpdate rows = RowsToUpdate::kListed;
  DType dtype = DType::kFloat32;  // Of weight and gradient.

  static constexpr UpdateFormat Dense(Precision precision) {
    constexpr StorageType kDense = StorageType::kDense;
    return {kDense, kDense, kDense, precision};
  }
  // A row_sparse gradient, of a weight and states of one storage.
  static constexpr UpdateFormat ListedRows(StorageType storage,
                                           Precision precision) {
    return {storage, StorageType::kRowSparse, storage, precision,
            RowsToUpdate::kListed};
  }
  static constexpr UpdateFormat AllRows(StorageType storage,
                                        Precision precision) {
    return {storage, StorageType::kRowSparse, storage, precision,
            RowsToUpdate::kAll};
  }
  // All rows of a row_sparse weight with dense states.
  static constexpr UpdateFormat DenseStates() {
    return {StorageType::kRowSparse, StorageType::kRowSparse,
            StorageType::kDense, Precision::kOwn, RowsToUpdate::kAll};
  }
  constexpr UpdateFormat Of(DType type) const {
    UpdateFormat result = *this;
    result.dtype = type;
    return result;
  }

  constexpr bool mixed() const { return precision == Precision::kMixed; }
  constexpr DType state_dtype() const {
    return mixed() ? DType::kFloat32 : dtype;
  }
  // Weight, gradient and states, weight32 among them.
  constexpr size_t NumArgs(size_t num_states) const {
    return 2 + num_states + mixed();
  }
  // Whether the rule computes with double, rather than float.
  constexpr bool in_double() const { return state_dtype() == DType::kFloat64; }
};

// The arguments of a kernel for a rule with `num_states` states, besides
// weight32.
ArgTypes UpdateArgs(const UpdateFormat& format, size_t num_states);

// `args` are these.
absl::Status Update(ThreadPool& threads, const UpdateRule& rule,
                    const UpdateFormat& format,
                    absl::Span<const ArrayRef* const> args);

// Updates the elements [begin, end). REQUIRES: all arrays are dense.
void UpdatePart(const UpdateRule& rule, const UpdateFormat& format,
                absl::Span<const ArrayRef* const> args, int64_t begin,
                int64_t end);

// Updates n elements of dense arrays.
void UpdateElements(const UpdateRule& rule, const UpdateFormat& format,
                    const ElementsRef* args, int64_t n);

}  // namespace minnow

#endif  // MINNOW_OPS_UPDATE_ARRAYS_H_
