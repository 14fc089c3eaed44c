// Profile: when each step of an executor began and ended.
//
//   Executor::Bind(graph, {..., .profile = true})
//   step.profile()->ToChromeTrace(step.plan());   // For chrome://tracing and
//                                                 // ui.perfetto.dev.
#ifndef MINNOW_EXECUTOR_PROFILE_H_
#define MINNOW_EXECUTOR_PROFILE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "minnow/graph/plan.h"

namespace minnow {

class Profile {
 public:
  // Of how many steps it keeps the times; later ones are not recorded.
  static constexpr size_t kMaxEvents = 1 << 20;

  // Nanoseconds since some moment.
  static int64_t Now();

  void Add(size_t step, int64_t begin, int64_t end) {
    if (events_.size() < kMaxEvents) {
      events_.push_back({static_cast<int64_t>(step), begin, end});
    }
  }

  // The JSON of Chrome's trace viewer: one event for each step, named as its
  // node, in the category of its operator.
  std::string ToChromeTrace(const Plan& plan) const;
  // One line for each step of the plan: calls, time and share, the slowest
  // first.
  std::string ToTable(const Plan& plan) const;

 private:
  struct Event {
    int64_t step, begin, end;
  };
  std::vector<Event> events_;
};

}  // namespace minnow

#endif  // MINNOW_EXECUTOR_PROFILE_H_
