#include "minnow/executor/fused_steps.h"

#include <algorithm>
#include <array>
#include <utility>

#include "minnow/core/prefetch.h"
#include "minnow/graph/elementwise_kernel.h"

namespace minnow {
namespace {

// Bytes of all arrays of a piece: most of a first-level cache.
constexpr int64_t kPieceBytes = 24 << 10;
// A call costs some nanoseconds, and so does its last, odd vector.
constexpr int64_t kMinPiece = 512;
constexpr int64_t kMaxPiece = 8192;
constexpr int64_t kPieceUnit = 64;

}  // namespace

void FusedSteps::SetProducer(const void* attrs,
                             absl::Span<const ArrayRef* const> args) {
  producer_ = {attrs, args};
}

void FusedSteps::Add(const Kernel& kernel, const void* attrs,
                     absl::Span<const ArrayRef* const> args) {
  Step step{kernel.elements, attrs, {}, args.back()->size};
  for (size_t k = 0; k < args.size(); ++k) {
    step.args.push_back(
        {args[k], kernel.args[k].dtype, args[k]->size != step.size,
         producer_.has_value() && args[k] == producer_->args.back()});
  }
  if (fusion_ == Fusion::kChain) {
    AddToChain(step, kernel, args);
  } else {
    AddBeside(step);
  }
  steps_.push_back(std::move(step));
}

void FusedSteps::AddReader(const RunContext& context, const void* attrs,
                           absl::Span<const ArrayRef* const> args) {
  reader_ = {context, attrs, args};
}

void FusedSteps::AddToChain(const Step& step, const Kernel& kernel,
                            absl::Span<const ArrayRef* const> args) {
  // A step that is no arithmetic is a link of its own, and so is the first one
  // behind a producer, which reads what is not an array as a whole.
  const bool consumes = producer_.has_value() && steps_.empty();
  if (consumes || links_.empty() || links_.back().run.size() == 0 ||
      !links_.back().run.Join(kernel, step.attrs, args)) {
    links_.push_back({steps_.size(), {}});
    if (!consumes) links_.back().run.Join(kernel, step.attrs, args);
  }
  for (const Arg& arg : step.args) {
    if (!arg.repeated && arrays_.insert(arg.array->values).second) {
      element_bytes_ += static_cast<int64_t>(DTypeSize(arg.dtype));
    }
  }
  piece_ = std::clamp(kPieceBytes / element_bytes_ / kPieceUnit * kPieceUnit,
                      kMinPiece, kMaxPiece);
}

void FusedSteps::AddBeside(const Step& step) {
  for (int64_t begin = 0; begin < step.size; begin += kElementwiseGrain) {
    const Piece piece = {steps_.size(), begin,
                         std::min(step.size, begin + kElementwiseGrain)};
    pieces_.push_back(piece);
    const int64_t size = piece.end - piece.begin;
    if (ends_.empty() || last_block_ + size > kElementwiseGrain) {
      ends_.push_back(0);
      last_block_ = 0;
    }
    ends_.back() = pieces_.size();
    last_block_ += size;
  }
}

void FusedSteps::RunElements(const Step& step, int64_t begin, int64_t end,
                             const Consumed& consumed) {
  std::array<ElementsRef, kMaxElementwiseArgs> refs;
  for (size_t k = 0; k < refs.size() && k < step.args.size(); ++k) {
    const Arg& arg = step.args[k];
    if (arg.consumed) {
      ArrayRef block;
      block.values = const_cast<std::byte*>(consumed.elements);
      refs[k] = ElementsAt(block, arg.dtype, begin - consumed.begin);
    } else {
      refs[k] = ElementsAt(*arg.array, arg.dtype, begin, arg.repeated);
    }
  }
  step.elements(step.attrs, refs.data(), end - begin);
}

void FusedSteps::RunChain(int64_t begin, int64_t end,
                          const Consumed& consumed) const {
  for (int64_t i = begin; i < end; i += piece_) {
    const int64_t stop = std::min(end, i + piece_);
    for (const Link& link : links_) {
      if (link.run.size() > 1) {
        link.run.Run(i, stop);
      } else {
        RunElements(steps_[link.step], i, stop, consumed);
      }
    }
  }
}

absl::Status FusedSteps::RunChain(const RunContext& context) const {
  if (producer_.has_value()) {
    RunContext with_consumer = context;
    with_consumer.consume = {
        this,
        [](const void* self, int64_t begin, int64_t end, const void* elements) {
          static_cast<const FusedSteps*>(self)->RunChain(
              begin, end, {begin, static_cast<const std::byte*>(elements)});
        }};
    return context.kernel->run(with_consumer, producer_->attrs,
                               producer_->args);
  }
  if (reader_.has_value()) {
    RunContext with_producer = reader_->context;
    with_producer.produce = {
        this, [](const void* self, int64_t begin, int64_t end) {
          static_cast<const FusedSteps*>(self)->RunChain(begin, end);
        }};
    return with_producer.kernel->run(with_producer, reader_->attrs,
                                     reader_->args);
  }
  // A block is some whole pieces.
  const int64_t grain =
      std::max<int64_t>(1, kElementwiseGrain / piece_) * piece_;
  ParallelFor(*context.threads, steps_[0].size, grain,
              [&](int64_t begin, int64_t end) { RunChain(begin, end); });
  return absl::OkStatus();
}

void FusedSteps::PrefetchPiece(const Piece& piece) const {
  const Step& step = steps_[piece.step];
  for (const Arg& arg : step.args) {
    const auto item = static_cast<int64_t>(DTypeSize(arg.dtype));
    const ElementsRef ref =
        ElementsAt(*arg.array, arg.dtype, piece.begin, arg.repeated);
    Prefetch(ref.data, (piece.end - piece.begin) * item);
  }
}

void FusedSteps::RunBeside(ThreadPool& threads) const {
  threads.Run(static_cast<int64_t>(ends_.size()), [&](int64_t block) {
    const auto i = static_cast<size_t>(block);
    for (size_t k = i == 0 ? 0 : ends_[i - 1]; k < ends_[i]; ++k) {
      const Piece& piece = pieces_[k];
      // The next piece is elsewhere in memory.
      if (k + 1 < ends_[i]) PrefetchPiece(pieces_[k + 1]);
      RunElements(steps_[piece.step], piece.begin, piece.end, {});
    }
  });
}

absl::Status FusedSteps::Run(const RunContext& context, const void* attrs,
                             absl::Span<const ArrayRef* const>) {
  const auto& steps = *static_cast<const FusedSteps*>(attrs);
  if (steps.fusion_ == Fusion::kChain) {
    return steps.RunChain(context);
  }
  steps.RunBeside(*context.threads);
  return absl::OkStatus();
}

}  // namespace minnow
