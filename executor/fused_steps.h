// Elementwise steps that run together, piece by piece; see graph/fusion.h.
#ifndef MINNOW_EXECUTOR_FUSED_STEPS_H_
#define MINNOW_EXECUTOR_FUSED_STEPS_H_

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "minnow/core/view.h"
#include "minnow/graph/kernel.h"

namespace minnow {

class FusedSteps {
 public:
  // `args` and `attrs` have to live as long as this object. All steps have
  // arrays of one size.
  void Add(const Kernel& kernel, const void* attrs,
           absl::Span<const ArrayRef* const> args);

  // Like Kernel::run: `attrs` is the FusedSteps; there are no arguments.
  static absl::Status Run(const RunContext& context, const void* attrs,
                          absl::Span<const ArrayRef* const> args);

 private:
  struct Arg {
    const ArrayRef* array;
    int64_t element_size;
    bool repeated;
  };
  struct Part {
    decltype(Kernel::elements) elements;
    const void* attrs;
    std::vector<Arg> args;
  };

  void RunPiece(int64_t begin, int64_t end) const;

  std::vector<Part> parts_;
  // The arrays, and the bytes of one element of each of them.
  absl::flat_hash_set<const void*> arrays_;
  int64_t element_bytes_ = 0;
  // Elements of a piece.
  int64_t piece_ = 0;
  int64_t size_ = 0;
};

}  // namespace minnow

#endif  // MINNOW_EXECUTOR_FUSED_STEPS_H_
