// Slots: hyperparameters of a bound graph, changed between runs.
//
//   MINNOW_ASSIGN_OR_RETURN(Slot lr, executor.FindSlot("step_w", "lr"));
//   lr.Set(0.05);                      // Holds from the next Run() on.
#ifndef MINNOW_EXECUTOR_SLOT_H_
#define MINNOW_EXECUTOR_SLOT_H_

#include <cstddef>
#include <string>
#include <vector>

#include "minnow/core/attrs.h"

namespace minnow {

// A handle to one dynamic attribute of one node; the executor must outlive it.
class Slot {
 public:
  explicit Slot(DynamicField field) : field_(field) {}

  // Of an attribute that is a tuple sets all elements. A whole-number attribute
  // takes the nearest one.
  void Set(double value) const;
  // One value, or as many as the tuple has.
  std::vector<double> Get() const;
  // An error unless there are as many values as Get() returns.
  absl::Status SetValues(absl::Span<const double> values) const;

 private:
  DynamicField field_;
};

// The value of a slot, as a checkpoint keeps it.
struct SlotValue {
  std::string node;
  std::string attribute;
  std::vector<double> values;
  bool operator==(const SlotValue&) const = default;
};

}  // namespace minnow

#endif  // MINNOW_EXECUTOR_SLOT_H_
