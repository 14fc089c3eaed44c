// Embedding: the rows of a table that a batch names.
//
//   Symbol w = b.Variable("w", {.init = Initializer::Normal(0.01)});
//   Symbol x = op::Embedding(ids, w, {.input_dim = 1000000, .output_dim = 16,
//                                     .sparse_grad = true});
//
// With sparse_grad the gradient of the weight is row_sparse and has the rows of
// the batch alone; an optimizer then updates these, lazily or not. For tables
// whose updates are deferred see deferred.h, for those that get their rows when
// they are first needed ensure_rows.h.
#ifndef MINNOW_OPS_EMBEDDING_H_
#define MINNOW_OPS_EMBEDDING_H_

#include <cstdint>

#include "minnow/core/attrs.h"
#include "minnow/core/dtype.h"
#include "minnow/graph/builder.h"

namespace minnow {

struct EmbeddingAttrs {
  Required<int64_t> input_dim;
  Required<int64_t> output_dim;
  DType dtype = DType::kFloat32;
  bool sparse_grad = false;

  static auto Fields() {
    using A = EmbeddingAttrs;
    return std::tuple(
        Field("input_dim", &A::input_dim, "The rows of the weight."),
        Field("output_dim", &A::output_dim, "The elements of a row."),
        Field("dtype", &A::dtype,
              "The type of the weight where nothing else says it."),
        Field("sparse_grad", &A::sparse_grad,
              "The gradient of the weight is row_sparse."));
  }
};

namespace op {

// Of shape data.shape + (output_dim,). Ids outside of the weight mean its first
// or its last row; where the weight or its gradient is row_sparse they are an
// error, and so is a NaN everywhere. Rows that a row_sparse weight does not
// store are zero. `data` has no gradient.
Symbol Embedding(Symbol data, Symbol weight, const EmbeddingAttrs& attrs,
                 NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_EMBEDDING_H_
