#include "minnow/ops/builtin.h"

#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"

// The families of operators: each is a function that returns them, in a file of
// its own.
#define MINNOW_FAMILIES(X)  \
  X(ActivationOps)          \
  X(AdamOps)                \
  X(AddNOps)                \
  X(ArgReduceOps)           \
  X(BatchNormOps)           \
  X(BinaryMathOps)          \
  X(BinaryOps)              \
  X(BroadcastOps)           \
  X(CastOps)                \
  X(CastStorageOps)         \
  X(ConcatOps)              \
  X(ConvolutionOps)         \
  X(DeconvolutionOps)       \
  X(DeferredOps)            \
  X(DiagOps)                \
  X(DotOps)                 \
  X(DropoutOps)             \
  X(EmbeddingOps)           \
  X(EnsureRowsOps)          \
  X(FtmlOps)                \
  X(FtrlOps)                \
  X(FullyConnectedOps)      \
  X(GatherNdOps)            \
  X(InitOps)                \
  X(InstanceNormOps)        \
  X(L2NormalizationOps)     \
  X(LambOps)                \
  X(LayerNormOps)           \
  X(LeakyReluOps)           \
  X(LogicOps)               \
  X(LrnOps)                 \
  X(MaxOps)                 \
  X(MpSgdOps)               \
  X(MultiSgdOps)            \
  X(NagOps)                 \
  X(NormOps)                \
  X(OneHotOps)              \
  X(PadOps)                 \
  X(PickOps)                \
  X(PiecewiseOps)           \
  X(PoolingOps)             \
  X(ProdOps)                \
  X(RandomOps)              \
  X(RavelOps)               \
  X(ReduceOps)              \
  X(RegressionOutputOps)    \
  X(RepeatOps)              \
  X(ReshapeOps)             \
  X(RmspropOps)             \
  X(SampleMultinomialOps)   \
  X(SampleOps)              \
  X(SequenceOps)            \
  X(SgdOps)                 \
  X(ShapeOps)               \
  X(ShuffleOps)             \
  X(SignumOps)              \
  X(SliceOps)               \
  X(SoftmaxCrossEntropyOps) \
  X(SoftmaxOps)             \
  X(SoftmaxOutputOps)       \
  X(SortOps)                \
  X(SparseRetainOps)        \
  X(SplitOps)               \
  X(SumToLikeOps)           \
  X(TakeOps)                \
  X(TransposeOps)           \
  X(UnaryOps)               \
  X(UnaryRoundingOps)       \
  X(UnarySpecialOps)        \
  X(UnaryTrigonometricOps)  \
  X(UpSamplingOps)          \
  X(WhereOps)

namespace minnow {

#define MINNOW_DECLARE(family) std::vector<OpDef> family();
MINNOW_FAMILIES(MINNOW_DECLARE)
#undef MINNOW_DECLARE

absl::StatusOr<OpRegistry> MakeBuiltinOps() {
  OpRegistry registry;
#define MINNOW_NAME(family) family,
  for (auto* family : {MINNOW_FAMILIES(MINNOW_NAME)}) {
    for (OpDef& op : family()) {
      MINNOW_RETURN_IF_ERROR(registry.Add(std::move(op)));
    }
  }
  return registry;
}

std::shared_ptr<const OpRegistry> BuiltinOps() {
  // That MakeBuiltinOps() succeeds is a matter of this code alone; the tests
  // see to it.
  static const auto* const registry = new std::shared_ptr<const OpRegistry>([] {
    absl::StatusOr<OpRegistry> made = MakeBuiltinOps();
    return std::make_shared<const OpRegistry>(made.ok() ? *std::move(made)
                                                        : OpRegistry());
  }());
  return *registry;
}

}  // namespace minnow
