#include "minnow/ops/add_n.h"

#include <algorithm>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/arg_list.h"
#include "minnow/ops/arithmetic.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/elementwise.h"

namespace minnow {
namespace {

std::vector<InputDef> Inputs(const Attrs& attrs) {
  return ArgInputs(attrs.As<AddNAttrs>().num_args, Access::kRead);
}

// to[i] = sum[i] + x[i]; `to` may be the memory of either.
template <typename C, typename T>
void AddTo(const C* sum, const T* x, int64_t n, C* to) {
  Vectorize([=]() MINNOW_INLINE {
    for (int64_t i = 0; i < n; ++i)
      to[i] = Plus()(sum[i], static_cast<C>(x[i]));
  });
}

// Tile by tile, so that the sums stay in the cache. The last step alone writes
// to the output, which so may be the memory of any input.
template <typename T>
void AddTile(ListOf<Dense<const T>> args, int64_t begin, int64_t n, T* out) {
  using C = ComputeType<T>;
  C tile[kTile];
  const C* sum = tile;
  if constexpr (std::is_same_v<C, T>) {
    sum = args[0].data() + begin;
  } else {
    ConvertElements(args[0].data() + begin, +tile, n);
  }
  for (size_t i = 1; i < args.size(); ++i) {
    C* to = tile;
    if constexpr (std::is_same_v<C, T>) {
      if (i + 1 == args.size()) to = out;
    }
    AddTo(sum, args[i].data() + begin, n, to);
    sum = to;
  }
  // Copies nothing where it is there already.
  ConvertElements(sum, out, n);
}

template <typename T>
absl::Status AddN(const RunContext& context, const AddNAttrs&,
                  ListOf<Dense<const T>> args, Dense<T> out) {
  ParallelFor(*context.threads, out.size(), kElementwiseGrain,
              [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; i += kTile) {
                  AddTile(args, i, std::min(kTile, end - i), out.data() + i);
                }
              });
  return absl::OkStatus();
}

// Where a loop over rows in ascending order is in one of the inputs.
template <typename T>
struct RowCursor {
  const int64_t* row;
  const int64_t* end;
  const T* values;
};
template <typename T>
using RowCursors = absl::InlinedVector<RowCursor<T>, 8>;

// At the first row of each input that is not before `row`.
template <typename T>
RowCursors<T> CursorsAt(ListOf<RowSparse<const T>> args, int64_t row) {
  RowCursors<T> cursors;
  for (size_t i = 0; i < args.size(); ++i) {
    const RowSparse<const T> arg = args[i];
    const int64_t* first =
        std::lower_bound(arg.rows.begin(), arg.rows.end(), row);
    cursors.push_back(
        {first, arg.rows.end(),
         arg.values.data() + (first - arg.rows.begin()) * arg.row_size()});
  }
  return cursors;
}

// Writes the rows that any of the inputs has, and returns how many.
template <typename T>
int64_t MergeRows(RowCursors<T> cursors, int64_t* rows) {
  constexpr int64_t kNone = std::numeric_limits<int64_t>::max();
  for (int64_t n = 0;; ++n) {
    int64_t next = kNone;
    for (const RowCursor<T>& cursor : cursors) {
      if (cursor.row != cursor.end) next = std::min(next, *cursor.row);
    }
    if (next == kNone) return n;
    rows[n] = next;
    for (RowCursor<T>& cursor : cursors) {
      cursor.row += cursor.row != cursor.end && *cursor.row == next;
    }
  }
}

// The sum of one row, in the order of the inputs, tile by tile. The cursors
// that are at the row go on to their next one.
template <typename T>
MINNOW_INLINE inline void AddRow(int64_t row, int64_t row_size,
                                 RowCursors<T>& cursors, T* out) {
  using C = ComputeType<T>;
  C tile[kTile];
  for (int64_t begin = 0; begin < row_size; begin += kTile) {
    const int64_t n = std::min(kTile, row_size - begin);
    bool is_first = true;
    for (const RowCursor<T>& cursor : cursors) {
      if (cursor.row == cursor.end || *cursor.row != row) continue;
      const T* x = cursor.values + begin;
      if (is_first) {
        for (int64_t i = 0; i < n; ++i) tile[i] = static_cast<C>(x[i]);
      } else {
        for (int64_t i = 0; i < n; ++i) {
          tile[i] = Plus()(tile[i], static_cast<C>(x[i]));
        }
      }
      is_first = false;
    }
    for (int64_t i = 0; i < n; ++i) out[begin + i] = static_cast<T>(tile[i]);
  }
  for (RowCursor<T>& cursor : cursors) {
    if (cursor.row == cursor.end || *cursor.row != row) continue;
    ++cursor.row;
    cursor.values += row_size;
  }
}

template <typename T>
absl::Status AddRowSparse(const RunContext& context, const AddNAttrs&,
                          ListOf<RowSparse<const T>> args, RowSparse<T> out) {
  const int64_t row_size = out.row_size();
  const int64_t row_bytes = row_size * static_cast<int64_t>(sizeof(T));
  int64_t most = 0;
  for (size_t i = 0; i < args.size(); ++i) {
    most += static_cast<int64_t>(args[i].rows.size());
  }
  most = std::min(most, out.dims[0]);
  MINNOW_RETURN_IF_ERROR(ResizeSparse(most, most * row_bytes, *out.array));
  const int64_t num_rows =
      MergeRows(CursorsAt(args, 0), out.array->indices.data());
  MINNOW_RETURN_IF_ERROR(
      ResizeSparse(num_rows, num_rows * row_bytes, *out.array));
  const int64_t* const rows = out.array->indices.data();
  T* const values = reinterpret_cast<T*>(out.array->values.data());
  ParallelFor(
      *context.threads, num_rows,
      std::max<int64_t>(1, kElementwiseGrain / std::max<int64_t>(1, row_size)),
      [&](int64_t begin, int64_t end) {
        RowCursors<T> cursors = CursorsAt(args, rows[begin]);
        Vectorize([=, cursors = &cursors]() MINNOW_INLINE {
          for (int64_t i = begin; i < end; ++i) {
            AddRow(rows[i], row_size, *cursors, values + i * row_size);
          }
        });
      });
  return absl::OkStatus();
}

absl::Status InferAddN(ShapeInference& node) {
  MINNOW_RETURN_IF_ERROR(CheckNumArgs(node.attrs<AddNAttrs>().num_args));
  return SameShape(node);
}

std::vector<Kernel> AddNKernels() {
  return Joined({KernelsFor(NumberTypes(),
                            []<typename T>() { return KernelOf<AddN<T>>(); }),
                 KernelsFor(NumberTypes(), []<typename T>() {
                   return KernelOf<AddRowSparse<T>>();
                 })});
}

OpDef AddNOp() {
  return {
      .name = "add_n",
      .aliases = {"ElementWiseSum", "_sparse_ElementWiseSum", "_sparse_add_n"},
      .doc =
          "out = arg0 + arg1 + ...\n"
          "Added in this order; 16-bit elements in float32, rounded once. The "
          "sum of row_sparse arrays has the rows that any of them has.",
      .attrs = AttrsTypeOf<AddNAttrs>(),
      .inputs = Inputs,
      .shape = InferAddN,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        return std::vector<Symbol>(node.num_inputs(), node.head(0));
      },
      .inplace = {{0, 0}},
      .kernels = AddNKernels(),
  };
}

}  // namespace

namespace op {

Symbol AddN(absl::Span<const Symbol> args, NodeOptions options) {
  return ComposeArgs("add_n", args, AddNAttrs{.num_args = 0},
                     std::move(options));
}

}  // namespace op

std::vector<OpDef> AddNOps() { return {AddNOp()}; }

}  // namespace minnow
