// Transposes folded into products: a product that reads a transposed matrix
// reads the matrix itself instead, as its attributes can say.
//
//   dot(x, transpose(w))  ->  dot(x, w, transpose_b=True)
#ifndef MINNOW_GRAPH_TRANSPOSE_FOLDING_H_
#define MINNOW_GRAPH_TRANSPOSE_FOLDING_H_

#include "minnow/graph/graph.h"
#include "minnow/graph/infer.h"
#include "minnow/graph/storage.h"

namespace minnow {

// Where all arrays of the product are dense. Whether anything has changed, so
// that types have to be inferred again.
bool FoldTransposes(Graph& graph, const ValueIndex& index,
                    const ValueTypes& types, const KernelChoice& choice);

}  // namespace minnow

#endif  // MINNOW_GRAPH_TRANSPOSE_FOLDING_H_
