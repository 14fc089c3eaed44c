#include "minnow/graph/memory_plan.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "minnow/core/buffer.h"

namespace minnow {
namespace {

int64_t Align(int64_t bytes) {
  constexpr int64_t kAlignment = Buffer::kAlignment;
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

// A heap of one arena that is not there yet: best fit, neighbours that are free
// become one.
class OffsetHeap {
 public:
  int64_t Allocate(int64_t bytes) {
    if (bytes == 0) return 0;
    const auto fit = by_size_.lower_bound({bytes, 0});
    if (fit != by_size_.end()) {
      const auto [size, offset] = *fit;
      Erase(offset, size);
      if (size > bytes) Insert(offset + bytes, size - bytes);
      return offset;
    }
    // The arena grows, from a free block at its end if there is one.
    int64_t offset = size_;
    if (!by_offset_.empty()) {
      const auto [last, size] = *by_offset_.rbegin();
      if (last + size == size_) {
        Erase(last, size);
        offset = last;
      }
    }
    size_ = offset + bytes;
    return offset;
  }

  void Free(int64_t offset, int64_t bytes) {
    if (bytes == 0) return;
    const auto next = by_offset_.lower_bound(offset);
    if (next != by_offset_.begin()) {
      const auto [before, size] = *std::prev(next);
      if (before + size == offset) {
        Erase(before, size);
        offset = before;
        bytes += size;
      }
    }
    const auto behind = by_offset_.find(offset + bytes);
    if (behind != by_offset_.end()) {
      const int64_t size = behind->second;
      Erase(behind->first, size);
      bytes += size;
    }
    Insert(offset, bytes);
  }

  int64_t size() const { return size_; }

 private:
  void Insert(int64_t offset, int64_t size) {
    by_offset_[offset] = size;
    by_size_.insert({size, offset});
  }
  void Erase(int64_t offset, int64_t size) {
    by_offset_.erase(offset);
    by_size_.erase({size, offset});
  }

  std::map<int64_t, int64_t> by_offset_;           // To the size.
  std::set<std::pair<int64_t, int64_t>> by_size_;  // Size, offset.
  int64_t size_ = 0;
};

// Memory that one value, or several after one another, lie in.
struct Block {
  int64_t bytes = 0;
  int64_t offset = -1;
  int64_t uses_left = 0;
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
        block_(static_cast<size_t>(index.size()), -1) {}

  MemoryPlan Run(absl::Span<const int64_t> workspace_bytes) {
    CountUses();
    for (size_t step = 0; step < schedule_.order.size(); ++step) {
      const int32_t id = schedule_.order[step];
      for (int32_t i = 0; i < index_.count(id); ++i) Place(id, i);
      const int64_t workspace = Align(workspace_bytes[step]);
      const int64_t offset = heap_.Allocate(workspace);
      plan_.workspaces.push_back(offset);
      plan_.unshared_bytes += workspace;
      plan_.lower_bound_bytes =
          std::max(plan_.lower_bound_bytes, live_ + workspace);
      heap_.Free(offset, workspace);
      ForEachRead(id, [&](int32_t value) { Use(value); });
      // What nobody reads was alive while it was written.
      for (int32_t i = 0; i < index_.count(id); ++i) {
        const int32_t b = block_[index_.first(id) + i];
        if (b >= 0 && blocks_[b].uses_left == 0) Free(blocks_[b]);
      }
    }
    plan_.offsets.assign(block_.size(), -1);
    for (size_t value = 0; value < block_.size(); ++value) {
      if (block_[value] >= 0) {
        plan_.offsets[value] = blocks_[block_[value]].offset;
      }
    }
    plan_.planned_bytes = heap_.size();
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

  int64_t Bytes(int32_t value) const {
    // Checked when the types were.
    return Align(types_.shapes[value].num_elements() *
                 static_cast<int64_t>(DTypeSize(*types_.dtypes[value])));
  }

  void Place(int32_t id, int32_t output) {
    const int32_t value = index_.first(id) + output;
    if (schedule_.variable[value] >= 0 ||
        choice_.storages[value] != StorageType::kDense) {
      return;
    }
    int32_t block = -1;
    if (schedule_.shares[value] >= 0) {
      block = block_[schedule_.shares[value]];
    } else {
      plan_.unshared_bytes += Bytes(value);
      block = InplaceBlock(id, output);
    }
    if (block < 0) {
      block = static_cast<int32_t>(blocks_.size());
      const int64_t bytes = Bytes(value);
      blocks_.push_back({bytes, heap_.Allocate(bytes), 0});
      live_ += bytes;
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
      // A second use by this node would read what it writes, and a second
      // output there would write over the first.
      if (blocks_[block].uses_left == 1 && !TakenBefore(id, output, block)) {
        return block;
      }
    }
    return -1;
  }

  // Whether an output of the node before this one lies in the block.
  bool TakenBefore(int32_t id, int32_t output, int32_t block) const {
    const auto first = block_.begin() + index_.first(id);
    return std::find(first, first + output, block) != first + output;
  }

  void Use(int32_t value) {
    if (block_[value] < 0) return;
    Block& block = blocks_[block_[value]];
    if (--block.uses_left == 0) Free(block);
  }

  void Free(Block& block) {
    heap_.Free(block.offset, block.bytes);
    live_ -= block.bytes;
    block.uses_left = -1;  // Once.
  }

  const Graph& graph_;
  const ValueIndex& index_;
  const ValueTypes& types_;
  const KernelChoice& choice_;
  const Schedule& schedule_;
  std::vector<int64_t> uses_;   // By value.
  std::vector<int32_t> block_;  // By value; -1 for none.
  std::vector<Block> blocks_;
  OffsetHeap heap_;
  int64_t live_ = 0;
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
