#include "minnow/graph/fusion.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "minnow/graph/elementwise_kernel.h"

namespace minnow {
namespace {

// Bounds the time that a comparison with all arrays of a group takes.
constexpr size_t kMaxSteps = 128;

// Steps that run together, and their arrays.
class Group {
 public:
  explicit Group(const Plan& plan) : plan_(&plan) {}

  bool empty() const { return num_steps_ == 0; }

  // Whether the step can join; if so it has.
  bool Join(const PlanStep& step) {
    if (!IsElementwise(step)) return false;
    const int64_t size = Size(step.args.back());
    if (num_steps_ > 0 && (size != size_ || num_steps_ == kMaxSteps)) {
      return false;
    }
    std::vector<Extent> joined = extents_;
    for (size_t k = 0; k < step.args.size(); ++k) {
      const bool repeated = Size(step.args[k]) != size;
      if (repeated &&
          (Size(step.args[k]) != 1 || !step.kernel->args[k].repeats)) {
        return false;
      }
      if (!AddExtent(step.args[k], joined)) return false;
    }
    extents_ = std::move(joined);
    size_ = size;
    ++num_steps_;
    return true;
  }

 private:
  // Where an array lies: in the arena, or in that of a variable.
  struct Extent {
    ValuePlace::Kind kind;
    int32_t variable;
    int64_t begin, end;
  };

  int64_t Size(int32_t value) const {
    return plan_->types.shapes[value].num_elements();
  }

  bool IsElementwise(const PlanStep& step) const {
    if (step.node < 0 || step.kernel->elements == nullptr) return false;
    return std::all_of(step.args.begin(), step.args.end(), [&](int32_t value) {
      const ValuePlace::Kind kind = plan_->places[value].kind;
      return plan_->storages[value] == StorageType::kDense &&
             (kind == ValuePlace::Kind::kArena ||
              kind == ValuePlace::Kind::kVariable);
    });
  }

  bool AddExtent(int32_t value, std::vector<Extent>& extents) const {
    const ValuePlace& place = plan_->places[value];
    const Extent added = {place.kind, place.variable, place.offset,
                          place.offset + plan_->DenseBytes(value)};
    for (const Extent& other : extents) {
      if (other.kind != added.kind || other.variable != added.variable ||
          other.end <= added.begin || added.end <= other.begin) {
        continue;
      }
      return other.begin == added.begin && other.end == added.end;
    }
    extents.push_back(added);
    return true;
  }

  const Plan* plan_;
  std::vector<Extent> extents_;
  int64_t size_ = 0;
  size_t num_steps_ = 0;
};

}  // namespace

void FuseSteps(Plan& plan) {
  Group group(plan);
  for (PlanStep& step : plan.steps) {
    step.fused = !group.empty() && group.Join(step);
    if (step.fused) continue;
    group = Group(plan);
    group.Join(step);
  }
}

}  // namespace minnow
