// Profile: when each step of an executor began and ended.
//
//   Executor::Bind(graph, {..., .profile = true})
//   step.profile()->ToChromeTrace(step.plan());   // For chrome://tracing and
//                                                 // ui.perfetto.dev.
//   step.profile()->ToTable(step.plan(), MeasureMachine(/*threads=*/2));
#ifndef MINNOW_EXECUTOR_PROFILE_H_
#define MINNOW_EXECUTOR_PROFILE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "minnow/executor/machine_limits.h"
#include "minnow/graph/plan.h"

namespace minnow {

class Profile {
 public:
  // Of how many steps it keeps the times; later ones are not recorded.
  static constexpr size_t kMaxEvents = 1 << 20;

  // Nanoseconds since some moment.
  static int64_t Now();

  // `regions` are the parallel regions of the step.
  void Add(size_t step, int64_t begin, int64_t end, int64_t regions) {
    if (events_.size() < kMaxEvents) {
      events_.push_back({step, begin, end, regions});
    }
  }

  // The JSON of Chrome's trace viewer: one event for each step, named as its
  // node, in the category of its operator.
  std::string ToChromeTrace(const Plan& plan) const;
  // One line for each step of the plan, the slowest first: calls, time, share,
  // parallel regions in a call; the bytes of its dense arrays a second, each
  // array counted once; the floating-point operations a second, where its
  // kernel counts them, as products do; and the least time that the machine
  // takes for both, as a share of the time. Arrays that lie in a cache can be
  // faster than that.
  std::string ToTable(const Plan& plan, const MachineLimits& limits) const;

 private:
  struct Event {
    size_t step;
    int64_t begin, end, regions;
  };
  std::vector<Event> events_;
};

}  // namespace minnow

#endif  // MINNOW_EXECUTOR_PROFILE_H_
