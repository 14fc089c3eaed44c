#include "minnow/graph/fusion.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "minnow/graph/elementwise_kernel.h"

namespace minnow {
namespace {

// Bounds the time that the comparison with all arrays of a group takes.
constexpr size_t kMaxSteps = 1024;

// Steps that run together, and their arrays.
class Group {
 public:
  // `num_readers` says by value how many want it: inputs, updates and outputs.
  Group(const Plan& plan, const std::vector<int32_t>& num_readers)
      : plan_(&plan), num_readers_(&num_readers) {}

  // How the step can join; if it can it has.
  Fusion Join(const PlanStep& step) {
    if (is_closed_) return Fusion::kNone;
    if (!IsElementwise(step)) {
      if (num_steps_ == 0 && IsProducer(step)) producer_ = &step;
      is_closed_ = IsReader(step);
      return is_closed_ ? Fusion::kReader : Fusion::kNone;
    }
    if (producer_ != nullptr && !MayFollowProducer(step)) return Fusion::kNone;
    const bool updates = Updates(step);
    if (num_steps_ == 0) {
      // It may come before steps of either kind.
      only_updates_ = updates;
      Add(step, Extents(step, Fusion::kChain));
      if (producer_ == nullptr) return Fusion::kNone;
      fusion_ = Fusion::kChain;
      return Fusion::kConsumer;
    }
    if (num_steps_ == kMaxSteps) return Fusion::kNone;
    for (const Fusion kind : {Fusion::kBeside, Fusion::kChain}) {
      if (fusion_ != Fusion::kNone && fusion_ != kind) continue;
      if (kind == Fusion::kBeside && !(updates && only_updates_)) continue;
      if (kind == Fusion::kChain && Size(step.args.back()) != size_) continue;
      std::optional<std::vector<Extent>> extents = Extents(step, kind);
      if (!extents.has_value()) continue;
      Add(step, std::move(extents));
      fusion_ = kind;
      return kind;
    }
    return Fusion::kNone;
  }

 private:
  // Where an array lies: in the arena, or among the constants, or in that of a
  // variable.
  struct Extent {
    ValuePlace::Kind kind;
    int32_t variable;
    int64_t begin, end;
    bool written;
  };

  // `new_extents` are the ones that the step has and the group has not.
  void Add(const PlanStep& step,
           std::optional<std::vector<Extent>> new_extents) {
    if (!new_extents.has_value()) return;
    extents_.insert(extents_.end(), new_extents->begin(), new_extents->end());
    size_ = Size(step.args.back());
    ++num_steps_;
  }

  int64_t Size(int32_t value) const {
    return plan_->types.shapes[value].num_elements();
  }

  bool IsElementwise(const PlanStep& step) const {
    return step.node >= 0 && step.kernel->elements != nullptr && IsDense(step);
  }

  bool IsDense(const PlanStep& step) const {
    return std::all_of(step.args.begin(), step.args.end(), [&](int32_t value) {
      const ValuePlace::Kind kind = plan_->places[value].kind;
      return plan_->storages[value] == StorageType::kDense &&
             (kind == ValuePlace::Kind::kArena ||
              kind == ValuePlace::Kind::kConstant ||
              kind == ValuePlace::Kind::kVariable);
    });
  }

  // Whether the step can make its result in blocks, and one input of one node
  // is all that wants it.
  bool IsProducer(const PlanStep& step) const {
    return step.node >= 0 && step.kernel->writes_blocks != nullptr &&
           IsDense(step) && (*num_readers_)[step.args.back()] == 1 &&
           plan_->places[step.args.back()].kind == ValuePlace::Kind::kArena &&
           step.kernel->writes_blocks(step.prepared.state.get());
  }

  // Whether the step, if it is the first one, reads what the producer makes,
  // and has nothing else to do with it.
  bool MayFollowProducer(const PlanStep& step) const {
    const int32_t made = producer_->args.back();
    if (num_steps_ == 0 &&
        (Size(step.args.back()) != Size(made) ||
         std::count(step.args.begin(), step.args.end(), made) != 1 ||
         !Extents(step, Fusion::kChain).has_value())) {
      return false;
    }
    return !Clash(ArraysOf(*producer_), ArraysOf(step, made));
  }

  // Whether the step reads blocks of one of the arrays, and writes to none: not
  // even to the memory of one that nobody needs behind the chain.
  bool IsReader(const PlanStep& step) const {
    if (num_steps_ == 0 || producer_ != nullptr || fusion_ == Fusion::kBeside ||
        step.node < 0 || step.kernel->reads_blocks == nullptr ||
        !IsDense(step) ||
        !step.kernel->reads_blocks(step.prepared.state.get())) {
      return false;
    }
    const int32_t value = step.args[0];
    const Extent read = ExtentOf(value, /*written=*/false);
    if (Size(value) != size_ ||
        std::count(step.args.begin(), step.args.end(), value) > 1 ||
        std::none_of(extents_.begin(), extents_.end(), [&](const Extent& x) {
          return Overlap(x, read) && x.begin == read.begin && x.end == read.end;
        })) {
      return false;
    }
    return !Clash(ArraysOf(step, value), extents_);
  }

  // The arrays of the step but that of one value, and its scratch memory.
  std::vector<Extent> ArraysOf(const PlanStep& step, int32_t but = -1) const {
    std::vector<Extent> arrays;
    if (step.prepared.workspace_bytes > 0) {
      arrays.push_back({ValuePlace::Kind::kArena, -1, step.workspace_offset,
                        step.workspace_offset + step.prepared.workspace_bytes,
                        /*written=*/true});
    }
    const Node& node = plan_->graph.nodes[step.node];
    const auto inputs = node.op->inputs.For(node.attrs);
    for (size_t k = 0; k < step.args.size(); ++k) {
      const bool is_unread = step.groups.empty() && k < inputs.size() &&
                             inputs[k].access == Access::kUnread;
      if (step.args[k] == but || is_unread) continue;
      arrays.push_back(ExtentOf(step.args[k], step.kernel->args[k].writes));
    }
    return arrays;
  }

  // Whether one of the lists has memory that is written in the other.
  static bool Clash(const std::vector<Extent>& xs,
                    const std::vector<Extent>& ys) {
    return std::any_of(xs.begin(), xs.end(), [&](const Extent& x) {
      return std::any_of(ys.begin(), ys.end(), [&](const Extent& y) {
        return Overlap(x, y) && (x.written || y.written);
      });
    });
  }

  Extent ExtentOf(int32_t value, bool written) const {
    const ValuePlace& place = plan_->places[value];
    return {place.kind, place.variable, place.offset,
            place.offset + plan_->types.DenseBytes(value), written};
  }

  // Whether it changes a variable in place.
  bool Updates(const PlanStep& step) const {
    return step.kernel->args[0].writes &&
           plan_->places[step.args[0]].kind == ValuePlace::Kind::kVariable;
  }

  // The arrays of the step that are not among those of the group; none if it
  // cannot join.
  std::optional<std::vector<Extent>> Extents(const PlanStep& step,
                                             Fusion kind) const {
    const int64_t size = Size(step.args.back());
    std::vector<Extent> added;
    for (size_t k = 0; k < step.args.size(); ++k) {
      const int32_t value = step.args[k];
      const ArgType& type = step.kernel->args[k];
      if (Size(value) != size && (Size(value) != 1 || !type.repeats)) {
        return std::nullopt;
      }
      const Extent extent = ExtentOf(value, type.writes);
      bool is_known = false;
      for (const auto* list : std::initializer_list<const std::vector<Extent>*>{
               &extents_, &added}) {
        const bool own = list == &added;
        for (const Extent& other : *list) {
          if (!Overlap(extent, other)) continue;
          // A piece of one step must not be the memory of another piece; and
          // steps side by side must not see what the others write.
          const bool same =
              other.begin == extent.begin && other.end == extent.end;
          const bool apart = kind == Fusion::kChain || own ||
                             (!extent.written && !other.written);
          if (!same || !apart) return std::nullopt;
          is_known = is_known || other.written || !extent.written;
        }
      }
      if (!is_known) added.push_back(extent);
    }
    return added;
  }

  static bool Overlap(const Extent& x, const Extent& y) {
    return x.kind == y.kind && x.variable == y.variable && x.begin < y.end &&
           y.begin < x.end;
  }

  const Plan* plan_;
  const std::vector<int32_t>* num_readers_;
  const PlanStep* producer_ = nullptr;  // It comes before the steps.
  Fusion fusion_ = Fusion::kNone;       // As long as there is one step.
  bool only_updates_ = false;
  bool is_closed_ = false;  // By a reader.
  std::vector<Extent> extents_;
  int64_t size_ = 0;
  size_t num_steps_ = 0;
};

}  // namespace

void FuseSteps(Plan& plan) {
  // As the graph says it: a step has the new value of what it changes for an
  // argument, not the old one.
  std::vector<int32_t> num_readers(plan.places.size());
  for (const Node& node : plan.graph.nodes) {
    for (NodeOutput x : node.inputs) ++num_readers[plan.index[x]];
  }
  for (const Update& update : plan.graph.updates) {
    ++num_readers[plan.index[update.value]];
  }
  for (NodeOutput x : plan.graph.outputs) ++num_readers[plan.index[x]];
  Group group(plan, num_readers);
  for (PlanStep& step :
       absl::MakeSpan(plan.steps).subspan(plan.num_constant_steps)) {
    step.fusion = group.Join(step);
    if (step.fusion != Fusion::kNone) continue;
    group = Group(plan, num_readers);
    group.Join(step);
  }
}

}  // namespace minnow
