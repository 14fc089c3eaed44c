#include "minnow/ops/builtin.h"

#include "minnow/core/status.h"
#include "minnow/ops/activation.h"
#include "minnow/ops/adam.h"
#include "minnow/ops/add_n.h"
#include "minnow/ops/binary.h"
#include "minnow/ops/cast.h"
#include "minnow/ops/cast_storage.h"
#include "minnow/ops/deferred.h"
#include "minnow/ops/ensure_rows.h"
#include "minnow/ops/ftml.h"
#include "minnow/ops/ftrl.h"
#include "minnow/ops/init.h"
#include "minnow/ops/lamb.h"
#include "minnow/ops/linalg.h"
#include "minnow/ops/mp_sgd.h"
#include "minnow/ops/multi_sgd.h"
#include "minnow/ops/nag.h"
#include "minnow/ops/pick.h"
#include "minnow/ops/reduce.h"
#include "minnow/ops/rmsprop.h"
#include "minnow/ops/sgd.h"
#include "minnow/ops/shape.h"
#include "minnow/ops/signum.h"
#include "minnow/ops/softmax.h"
#include "minnow/ops/softmax_output.h"
#include "minnow/ops/sum_to_like.h"
#include "minnow/ops/unary.h"

namespace minnow {

absl::StatusOr<OpRegistry> MakeBuiltinOps() {
  OpRegistry registry;
  for (auto* family :
       {ActivationOps, AdamOps,        AddNOps,     BinaryOps,
        CastOps,       CastStorageOps, DeferredOps, EnsureRowsOps,
        FtmlOps,       FtrlOps,        InitOps,     LambOps,
        LinalgOps,     MpSgdOps,       MultiSgdOps, NagOps,
        PickOps,       ReduceOps,      RmspropOps,  SgdOps,
        ShapeOps,      SignumOps,      SoftmaxOps,  SoftmaxOutputOps,
        SumToLikeOps,  UnaryOps}) {
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
