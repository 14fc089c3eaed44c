#include "minnow/ops/multi_update.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "minnow/core/status.h"

namespace minnow {
namespace internal {
namespace {

// How the elements of many weights are cut into blocks of equal size, each of
// parts of weights.
struct GroupBlocks {
  struct Part {
    size_t group;
    int64_t begin, end;
  };
  std::vector<Part> parts;
  std::vector<size_t> ends;  // Of each block among the parts.
};

}  // namespace

absl::StatusOr<Prepared> CutGroups(size_t group_size, size_t num_shared,
                                   absl::Span<const Shape> shapes) {
  GroupBlocks blocks;
  int64_t room = kUpdateGrain;
  for (size_t group = 0; (group + 1) * group_size + num_shared <= shapes.size();
       ++group) {
    const int64_t n = shapes[group * group_size].num_elements();
    for (int64_t begin = 0; begin < n;) {
      const int64_t end = std::min(n, begin + room);
      blocks.parts.push_back({group, begin, end});
      room -= end - begin;
      begin = end;
      if (room > 0) continue;
      blocks.ends.push_back(blocks.parts.size());
      room = kUpdateGrain;
    }
  }
  if (room < kUpdateGrain) blocks.ends.push_back(blocks.parts.size());
  return Prepared{.state =
                      std::make_shared<const GroupBlocks>(std::move(blocks))};
}

absl::Status UpdateGroups(const RunContext& context, const MultiUpdate& update,
                          const void* attrs,
                          absl::Span<const ArrayRef* const> args) {
  const auto args_of = [&](size_t i) {
    return args.subspan(i * update.group_size, update.group_size);
  };
  const auto rule_of = [&](size_t i) {
    const int32_t group = context.groups[i];
    if (update.rates != nullptr) {
      return update.rule(attrs, update.rates(attrs, group));
    }
    const auto shared = [&](size_t k) {
      return static_cast<const float*>(args[args.size() - k]->values)[group];
    };
    return update.rule(attrs, {.lr = shared(2), .wd = shared(1)});
  };
  if (update.format.grad == StorageType::kDense) {
    const auto& blocks = *static_cast<const GroupBlocks*>(context.prepared);
    context.threads->Run(
        static_cast<int64_t>(blocks.ends.size()), [&](int64_t block) {
          for (size_t i = block == 0 ? 0 : blocks.ends[block - 1];
               i < blocks.ends[block]; ++i) {
            const GroupBlocks::Part& part = blocks.parts[i];
            UpdatePart(rule_of(part.group), update.format, args_of(part.group),
                       part.begin, part.end);
          }
        });
    return absl::OkStatus();
  }
  for (size_t i = 0; i < context.groups.size(); ++i) {
    MINNOW_RETURN_IF_ERROR(
        Update(*context.threads, rule_of(i), update.format, args_of(i)));
  }
  return absl::OkStatus();
}

}  // namespace internal
}  // namespace minnow
