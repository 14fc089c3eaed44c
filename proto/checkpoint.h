// Checkpoints: a training run in one file, to go on from where it stopped.
//
//   Checkpoint checkpoint;
//   checkpoint.graph = graph;
//   checkpoint.arrays = {{.name = "w", .array = w},
//                        {.name = "mom", .array = mom, .role = Role::kState}};
//   checkpoint.step = 1200;
//   absl::Status status = WriteCheckpoint("out/checkpoint.ckpt", checkpoint);
//
//   absl::StatusOr<Checkpoint> same =
//       ReadCheckpoint("out/checkpoint.ckpt", BuiltinOps());
//
// A checkpoint is written under another name and renamed when it is on the
// disk: whatever happens, the file holds the previous checkpoint or the new
// one. A file that was cut off or changed by a bit is an error that says where.
// checkpoint.proto describes the format. Arrays may have any size.
#ifndef MINNOW_PROTO_CHECKPOINT_H_
#define MINNOW_PROTO_CHECKPOINT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "minnow/core/attr_value.h"
#include "minnow/core/ndarray.h"
#include "minnow/graph/graph.h"
#include "minnow/graph/op_registry.h"
#include "minnow/proto/graph_codec.h"

namespace minnow {

// The version of the files that this program writes, and the last that it
// reads.
inline constexpr int64_t kCheckpointVersion = 1;

// The value of a variable.
struct SavedArray {
  std::string name;
  NDArray array;
  Role role = Role::kArgument;
};

// The value of a dynamic attribute of a node.
struct SavedSlot {
  std::string node;
  NamedAttr attr;
  bool operator==(const SavedSlot&) const = default;
};

struct Checkpoint {
  Graph graph;
  std::vector<SavedArray> arrays;
  std::vector<SavedSlot> slots;
  // Where training stands: completed steps in all, completed epochs, and
  // examples that the next epoch has used already.
  int64_t step = 0;
  int64_t epoch = 0;
  int64_t position = 0;
  // The state of the random numbers: they are computed from these two.
  uint64_t seed = 0;
  uint64_t run = 0;  // Completed runs of the executor.
  // What else the trainer wants to know again.
  std::vector<std::pair<std::string, std::string>> metadata;
};

// An error leaves the file at `path` as it was.
absl::Status WriteCheckpoint(const std::string& path,
                             const Checkpoint& checkpoint);

absl::StatusOr<Checkpoint> ReadCheckpoint(
    const std::string& path, std::shared_ptr<const OpRegistry> registry,
    const ParseGraphOptions& options = {});

}  // namespace minnow

#endif  // MINNOW_PROTO_CHECKPOINT_H_
