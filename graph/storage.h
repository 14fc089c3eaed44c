// Storage inference: which kernel each node runs, and so how each value is
// stored.
//
// A node runs the first of its operator's kernels whose input and output types
// match, whose input storages match, and whose `when` holds. Where none does,
// the fewest inputs are converted to dense by nodes of cast_storage: a
// fallback, which is then a part of the graph that anybody can see. Where an
// operator has groups of inputs this holds of each group by itself.
//
//   MINNOW_ASSIGN_OR_RETURN(KernelChoice choice,
//                           ChooseKernels(graph, index, types, storages));
//   if (!choice.fallbacks.empty()) {
//     std::vector<bool> inserted;
//     MINNOW_ASSIGN_OR_RETURN(graph,
//                             InsertCasts(graph, index, choice, inserted));
//     // Infer and choose again: now every node has a kernel.
//   }
#ifndef MINNOW_GRAPH_STORAGE_H_
#define MINNOW_GRAPH_STORAGE_H_

#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "minnow/graph/graph.h"
#include "minnow/graph/infer.h"

namespace minnow {

// An input that has to be converted to dense.
struct Fallback {
  int32_t node;
  int32_t input;
};

struct KernelChoice {
  // By node, then by group; empty for a variable.
  std::vector<absl::InlinedVector<const Kernel*, 1>> kernels;
  std::vector<StorageType> storages;  // By value.
  std::vector<Fallback> fallbacks;
};

// `types` are complete. `known` gives the storage of variables that are bound;
// others have that of their node, or are dense. `inserted` is what InsertCasts
// says, or empty.
absl::StatusOr<KernelChoice> ChooseKernels(
    const Graph& graph, const ValueIndex& index, const ValueTypes& types,
    const VariableTypes& known, const std::vector<bool>& inserted = {});

// The graph with a node of cast_storage for each fallback, and one in front of
// each update whose variable is stored in another way than its new value.
// `inserted` tells of each node whether it is one of them.
absl::StatusOr<Graph> InsertCasts(const Graph& graph, const ValueIndex& index,
                                  const KernelChoice& choice,
                                  std::vector<bool>& inserted);

// Whether InsertCasts would change something.
bool NeedsCasts(const Graph& graph, const ValueIndex& index,
                const KernelChoice& choice);

// "dense,row_sparse,dense float32": the inputs of a kernel, and its dtypes.
std::string KernelText(const Kernel& kernel);

// The positions of the inputs that the kernel of a group takes.
std::vector<size_t> InputsOfGroup(const Node& node, size_t group);

}  // namespace minnow

#endif  // MINNOW_GRAPH_STORAGE_H_
