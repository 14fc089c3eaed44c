#include "minnow/graph/memory_plan.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "minnow/core/buffer.h"
#include "minnow/graph/arena.h"

namespace minnow {
namespace {

int64_t Align(int64_t bytes) {
  constexpr int64_t kAlignment = Buffer::kAlignment;
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

// Memory that one value, or several after one another, lie in.
struct Block {
  int64_t uses_left = 0;
  size_t place = 0;  // Among the blocks of the arena.
};

class MemoryPlanner {
 public:
  MemoryPlanner(const Graph& graph, const ValueIndex& index,
                const ValueTypes& types, const KernelChoice& choice,
                const Schedule& schedule)
      : graph_(graph),
        index_(index),
        types_(types),
        choice_(choice),
        schedule_(schedule),
        uses_(static_cast<size_t>(index.size())),
        block_(static_cast<size_t>(index.size()), -1) {
    plan_.offsets.assign(block_.size(), -1);
  }

  MemoryPlan Run(absl::Span<const int64_t> workspace_bytes) {
    CountUses();
    std::vector<std::optional<size_t>> workspaces;  // Places in the arena.
    const size_t num_steps = schedule_.order.size();
    for (step_ = 0; step_ < static_cast<int64_t>(num_steps); ++step_) {
      const int32_t id = schedule_.order[static_cast<size_t>(step_)];
      for (int32_t i = 0; i < index_.count(id); ++i) Place(id, i);
      std::optional<size_t>& workspace = workspaces.emplace_back();
      const int64_t bytes = workspace_bytes[static_cast<size_t>(step_)];
      if (bytes > 0) {
        workspace = arena_.size();
        AddToArena(Align(bytes));
        arena_.back().last = step_;
      }
      ForEachRead(id, [&](int32_t value) { Use(value); });
      // What nobody reads was alive while it was written.
      for (int32_t i = 0; i < index_.count(id); ++i) {
        const int32_t b = block_[index_.first(id) + i];
        if (b >= 0 && blocks_[b].uses_left == 0) End(blocks_[b]);
      }
    }
    plan_.lower_bound_bytes = LargestLiveSet(arena_);
    plan_.planned_bytes = PlaceBlocks(absl::MakeSpan(arena_));
    for (const std::optional<size_t>& place : workspaces) {
      plan_.workspaces.push_back(place ? arena_[*place].offset : 0);
    }
    for (size_t value = 0; value < block_.size(); ++value) {
      if (block_[value] >= 0) {
        plan_.offsets[value] = arena_[blocks_[block_[value]].place].offset;
      }
    }
    return std::move(plan_);
  }

 private:
  void CountUses() {
    for (int32_t id : schedule_.order) {
      ForEachRead(id, [&](int32_t value) { ++uses_[value]; });
    }
    // These are read when the run is over.
    for (NodeOutput x : graph_.outputs) ++uses_[index_[x]];
    for (int32_t i : schedule_.commits) {
      ++uses_[index_[graph_.updates[i].value]];
    }
  }

  // Calls f for each input of which the node needs the elements.
  template <typename F>
  void ForEachRead(int32_t id, F&& f) const {
    const Node& node = graph_.nodes[id];
    const auto defs = node.op->inputs.For(node.attrs);
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (defs[i].access != Access::kUnread) f(index_[node.inputs[i]]);
    }
  }

  int64_t Bytes(int32_t value) const { return Align(types_.DenseBytes(value)); }

  void Place(int32_t id, int32_t output) {
    const int32_t value = index_.first(id) + output;
    if (schedule_.variable[value] >= 0 ||
        choice_.storages[value] != StorageType::kDense) {
      return;
    }
    if (schedule_.constant[id]) {
      plan_.offsets[value] = plan_.constant_bytes;
      plan_.constant_bytes += Bytes(value);
      return;
    }
    int32_t block = -1;
    if (schedule_.shares[value] >= 0) {
      block = block_[schedule_.shares[value]];
    } else {
      block = InplaceBlock(id, output);
      if (block >= 0) plan_.unshared_bytes += Bytes(value);
    }
    if (block < 0) {
      block = static_cast<int32_t>(blocks_.size());
      blocks_.push_back({0, arena_.size()});
      AddToArena(Bytes(value));
    }
    blocks_[block].uses_left += uses_[value];
    block_[value] = block;
  }

  // Both have as many elements, of the same size: rounded bytes would not tell
  // (3,) from the (1,) that is broadcast to it.
  bool SameExtent(int32_t a, int32_t b) const {
    return types_.shapes[a].num_elements() == types_.shapes[b].num_elements() &&
           DTypeSize(*types_.dtypes[a]) == DTypeSize(*types_.dtypes[b]);
  }

  // The block of an input that ends its life here, if the output may lie there.
  int32_t InplaceBlock(int32_t id, int32_t output) const {
    const Node& node = graph_.nodes[id];
    const int32_t value = index_.first(id) + output;
    if (schedule_.copied_from[value] >= 0) return -1;
    const auto defs = node.op->inputs.For(node.attrs);
    for (const InplacePair& pair : node.op->inplace) {
      if (pair.output != output || pair.input >= node.inputs.size()) continue;
      if (defs[pair.input].access == Access::kUnread) continue;
      const int32_t input = index_[node.inputs[pair.input]];
      const int32_t block = block_[input];
      if (block < 0 || !SameExtent(input, value)) continue;
      // A second output there would write over the first.
      if (blocks_[block].uses_left == UsesInPlace(node, output, block) &&
          !TakenBefore(id, output, block)) {
        return block;
      }
    }
    return -1;
  }

  // How often the node uses the block as an input in the place of which it may
  // write the output. Another use would read what it writes.
  int64_t UsesInPlace(const Node& node, int32_t output, int32_t block) const {
    return std::count_if(
        node.op->inplace.begin(), node.op->inplace.end(),
        [&](const InplacePair& pair) {
          return pair.output == output && pair.input < node.inputs.size() &&
                 block_[index_[node.inputs[pair.input]]] == block;
        });
  }

  // Whether an output of the node before this one lies in the block.
  bool TakenBefore(int32_t id, int32_t output, int32_t block) const {
    const auto first = block_.begin() + index_.first(id);
    return std::find(first, first + output, block) != first + output;
  }

  void Use(int32_t value) {
    if (block_[value] < 0) return;
    Block& block = blocks_[block_[value]];
    if (--block.uses_left == 0) End(block);
  }

  // It ends with this step.
  void End(Block& block) {
    arena_[block.place].last = step_;
    block.uses_left = -1;  // Once.
  }

  // A block that lives from this step on, to the end of the run if it does not
  // end before.
  void AddToArena(int64_t bytes) {
    plan_.unshared_bytes += bytes;
    arena_.push_back({.bytes = bytes,
                      .first = step_,
                      .last = static_cast<int64_t>(schedule_.order.size())});
  }

  const Graph& graph_;
  const ValueIndex& index_;
  const ValueTypes& types_;
  const KernelChoice& choice_;
  const Schedule& schedule_;
  std::vector<int64_t> uses_;   // By value.
  std::vector<int32_t> block_;  // By value; -1 for none.
  std::vector<Block> blocks_;
  std::vector<ArenaBlock> arena_;
  int64_t step_ = 0;  // Its number in the schedule.
  MemoryPlan plan_;
};

}  // namespace

MemoryPlan PlanMemory(const Graph& graph, const ValueIndex& index,
                      const ValueTypes& types, const KernelChoice& choice,
                      const Schedule& schedule,
                      absl::Span<const int64_t> workspace_bytes) {
  return MemoryPlanner(graph, index, types, choice, schedule)
      .Run(workspace_bytes);
}

}  // namespace minnow
