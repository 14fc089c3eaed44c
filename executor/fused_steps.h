// Elementwise steps that run together; see graph/fusion.h.
#ifndef MINNOW_EXECUTOR_FUSED_STEPS_H_
#define MINNOW_EXECUTOR_FUSED_STEPS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "minnow/core/view.h"
#include "minnow/executor/arithmetic_run.h"
#include "minnow/graph/kernel.h"
#include "minnow/graph/plan.h"

namespace minnow {

class FusedSteps {
 public:
  explicit FusedSteps(Fusion fusion) : fusion_(fusion) {}

  // The step whose result a chain consumes, before all others. It runs in the
  // context of Run, since that of its step may get what the kernel keeps.
  // `args` and `attrs` have to live as long as this object, as in all
  // functions.
  void SetProducer(const void* attrs, absl::Span<const ArrayRef* const> args);

  void Add(const Kernel& kernel, const void* attrs,
           absl::Span<const ArrayRef* const> args);

  // The step that reads blocks of what a chain has made.
  void AddReader(const RunContext& context, const void* attrs,
                 absl::Span<const ArrayRef* const> args);

  // Like Kernel::run: `attrs` is the FusedSteps; there are no arguments.
  static absl::Status Run(const RunContext& context, const void* attrs,
                          absl::Span<const ArrayRef* const> args);

 private:
  struct Arg {
    const ArrayRef* array;
    DType dtype;
    bool repeated;
    bool consumed;
  };
  struct Step {
    decltype(Kernel::elements) elements;
    const void* attrs;
    std::vector<Arg> args;
    int64_t size;
  };
  // The elements [begin, end) of a step.
  struct Piece {
    size_t step;
    int64_t begin, end;
  };

  // A block of what a chain consumes: its element `begin` lies at `elements`.
  struct Consumed {
    int64_t begin;
    const std::byte* elements;
  };

  struct Producer {
    const void* attrs;
    absl::Span<const ArrayRef* const> args;
  };
  struct Reader {
    RunContext context;
    const void* attrs;
    absl::Span<const ArrayRef* const> args;
  };

  // Steps of a chain that run together on a piece: one, or some arithmetic.
  struct Link {
    size_t step;
    ArithmeticRun run;
  };

  void AddToChain(const Step& step, const Kernel& kernel,
                  absl::Span<const ArrayRef* const> args);
  void AddBeside(const Step& step);
  static void RunElements(const Step& step, int64_t begin, int64_t end,
                          const Consumed& consumed);
  // All steps of a chain on the elements [begin, end).
  void RunChain(int64_t begin, int64_t end,
                const Consumed& consumed = {}) const;
  absl::Status RunChain(const RunContext& context) const;
  void PrefetchPiece(const Piece& piece) const;
  void RunBeside(ThreadPool& threads) const;

  Fusion fusion_;
  std::vector<Step> steps_;

  // Of a chain: its links, its arrays, the bytes of one element of each of
  // them, and the elements of a piece.
  std::vector<Link> links_;
  absl::flat_hash_set<const void*> arrays_;
  int64_t element_bytes_ = 0;
  int64_t piece_ = 0;
  std::optional<Producer> producer_;
  std::optional<Reader> reader_;

  // Of steps side by side: all pieces; block i ends with piece ends_[i].
  std::vector<Piece> pieces_;
  std::vector<size_t> ends_;
  int64_t last_block_ = 0;  // Its elements.
};

}  // namespace minnow

#endif  // MINNOW_EXECUTOR_FUSED_STEPS_H_
