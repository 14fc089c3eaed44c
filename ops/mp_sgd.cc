#include "minnow/ops/mp_sgd.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/mixed.h"
#include "minnow/ops/sgd_rules.h"
#include "minnow/ops/update_kernels.h"

namespace minnow {
namespace {

OpDef MpSgdUpdateOp() {
  return {
      .name = "mp_sgd_update",
      .doc = absl::StrCat(kSgd, kMixedDoc),
      .attrs = AttrsTypeOf<SgdUpdateAttrs>(),
      .inputs = {{"weight", Access::kUpdate},
                 {"grad"},
                 {"weight32", Access::kMutate}},
      .shape = SameShape,
      .dtype = MixedDType,
      .kernels = UpdateKernels<SgdRule, Precision::kMixed>(),
  };
}

OpDef MpSgdMomUpdateOp() {
  return {
      .name = "mp_sgd_mom_update",
      .doc = absl::StrCat(kSgdMom, kMixedDoc),
      .attrs = AttrsTypeOf<SgdMomUpdateAttrs>(),
      .inputs = {{"weight", Access::kUpdate},
                 {"grad"},
                 {"mom", Access::kMutate},
                 {"weight32", Access::kMutate}},
      .shape = SameShape,
      .dtype = MixedDType,
      .kernels = UpdateKernels<SgdMomRule, Precision::kMixed>(),
  };
}

}  // namespace

namespace op {

Symbol MpSgdUpdate(Symbol weight, Symbol grad, Symbol weight32,
                   const SgdUpdateAttrs& attrs, NodeOptions options) {
  return Compose("mp_sgd_update", {weight, grad, weight32}, attrs,
                 std::move(options));
}

Symbol MpSgdMomUpdate(Symbol weight, Symbol grad, Symbol mom, Symbol weight32,
                      const SgdMomUpdateAttrs& attrs, NodeOptions options) {
  return Compose("mp_sgd_mom_update", {weight, grad, mom, weight32}, attrs,
                 std::move(options));
}

}  // namespace op

std::vector<OpDef> MpSgdOps() { return {MpSgdUpdateOp(), MpSgdMomUpdateOp()}; }

}  // namespace minnow
