#include "minnow/ops/builtin.h"

#include "minnow/core/status.h"
#include "minnow/ops/activation.h"
#include "minnow/ops/adam.h"
#include "minnow/ops/add_n.h"
#include "minnow/ops/arg_reduce.h"
#include "minnow/ops/binary.h"
#include "minnow/ops/binary_math.h"
#include "minnow/ops/cast.h"
#include "minnow/ops/cast_storage.h"
#include "minnow/ops/concat.h"
#include "minnow/ops/deferred.h"
#include "minnow/ops/diag.h"
#include "minnow/ops/dot.h"
#include "minnow/ops/dropout.h"
#include "minnow/ops/embedding.h"
#include "minnow/ops/ensure_rows.h"
#include "minnow/ops/ftml.h"
#include "minnow/ops/ftrl.h"
#include "minnow/ops/fully_connected.h"
#include "minnow/ops/gather_nd.h"
#include "minnow/ops/init.h"
#include "minnow/ops/lamb.h"
#include "minnow/ops/logic.h"
#include "minnow/ops/max.h"
#include "minnow/ops/mp_sgd.h"
#include "minnow/ops/multi_sgd.h"
#include "minnow/ops/nag.h"
#include "minnow/ops/norm.h"
#include "minnow/ops/one_hot.h"
#include "minnow/ops/pad.h"
#include "minnow/ops/pick.h"
#include "minnow/ops/piecewise.h"
#include "minnow/ops/prod.h"
#include "minnow/ops/random.h"
#include "minnow/ops/ravel.h"
#include "minnow/ops/reduce.h"
#include "minnow/ops/regression_output.h"
#include "minnow/ops/repeat.h"
#include "minnow/ops/reshape.h"
#include "minnow/ops/rmsprop.h"
#include "minnow/ops/sample.h"
#include "minnow/ops/sample_multinomial.h"
#include "minnow/ops/sequence.h"
#include "minnow/ops/sgd.h"
#include "minnow/ops/shape.h"
#include "minnow/ops/shuffle.h"
#include "minnow/ops/signum.h"
#include "minnow/ops/slice.h"
#include "minnow/ops/softmax.h"
#include "minnow/ops/softmax_cross_entropy.h"
#include "minnow/ops/softmax_output.h"
#include "minnow/ops/sort.h"
#include "minnow/ops/sparse_retain.h"
#include "minnow/ops/sum_to_like.h"
#include "minnow/ops/take.h"
#include "minnow/ops/transpose.h"
#include "minnow/ops/unary.h"
#include "minnow/ops/up_sampling.h"
#include "minnow/ops/where.h"

namespace minnow {

absl::StatusOr<OpRegistry> MakeBuiltinOps() {
  OpRegistry registry;
  for (auto* family : {ActivationOps,
                       AdamOps,
                       AddNOps,
                       ArgReduceOps,
                       BinaryMathOps,
                       BinaryOps,
                       BroadcastOps,
                       CastOps,
                       CastStorageOps,
                       ConcatOps,
                       DeferredOps,
                       DiagOps,
                       DotOps,
                       DropoutOps,
                       EmbeddingOps,
                       EnsureRowsOps,
                       FtmlOps,
                       FtrlOps,
                       FullyConnectedOps,
                       GatherNdOps,
                       InitOps,
                       LambOps,
                       LogicOps,
                       MaxOps,
                       MpSgdOps,
                       MultiSgdOps,
                       NagOps,
                       NormOps,
                       OneHotOps,
                       PadOps,
                       PickOps,
                       PiecewiseOps,
                       ProdOps,
                       RandomOps,
                       RavelOps,
                       ReduceOps,
                       RegressionOutputOps,
                       RepeatOps,
                       ReshapeOps,
                       RmspropOps,
                       SampleMultinomialOps,
                       SampleOps,
                       SequenceOps,
                       SgdOps,
                       ShapeOps,
                       ShuffleOps,
                       SignumOps,
                       SliceOps,
                       SoftmaxCrossEntropyOps,
                       SoftmaxOps,
                       SoftmaxOutputOps,
                       SortOps,
                       SparseRetainOps,
                       SplitOps,
                       SumToLikeOps,
                       TakeOps,
                       TransposeOps,
                       UnaryOps,
                       UnaryRoundingOps,
                       UnarySpecialOps,
                       UnaryTrigonometricOps,
                       UpSamplingOps,
                       WhereOps}) {
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
