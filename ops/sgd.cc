#include "minnow/ops/sgd.h"

#include <vector>

#include "minnow/graph/op_def.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/sgd_rules.h"
#include "minnow/ops/update_kernels.h"

namespace minnow {

namespace internal {

template void RunUpdate<SgdRule, float>(const void*, const UpdateRuns&);
template void RunUpdate<SgdRule, double>(const void*, const UpdateRuns&);
template void RunUpdate<SgdMomRule, float>(const void*, const UpdateRuns&);
template void RunUpdate<SgdMomRule, double>(const void*, const UpdateRuns&);

}  // namespace internal

namespace {

OpDef SgdUpdateOp() {
  return {
      .name = "sgd_update",
      .aliases = {"_sparse_sgd_update"},
      .doc = kSgd,
      .attrs = AttrsTypeOf<SgdUpdateAttrs>(),
      .inputs = {{"weight", Access::kUpdate}, {"grad"}},
      .shape = SameShape,
      .kernels = UpdateKernels<SgdRule>(),
  };
}

OpDef SgdMomUpdateOp() {
  return {
      .name = "sgd_mom_update",
      .aliases = {"_sparse_sgd_mom_update"},
      .doc = kSgdMom,
      .attrs = AttrsTypeOf<SgdMomUpdateAttrs>(),
      .inputs = {{"weight", Access::kUpdate},
                 {"grad"},
                 {"mom", Access::kMutate}},
      .shape = SameShape,
      .kernels = UpdateKernels<SgdMomRule>(),
  };
}

}  // namespace

namespace op {

Symbol SgdUpdate(Symbol weight, Symbol grad, const SgdUpdateAttrs& attrs,
                 NodeOptions options) {
  return Compose("sgd_update", {weight, grad}, attrs, std::move(options));
}

Symbol SgdMomUpdate(Symbol weight, Symbol grad, Symbol mom,
                    const SgdMomUpdateAttrs& attrs, NodeOptions options) {
  return Compose("sgd_mom_update", {weight, grad, mom}, attrs,
                 std::move(options));
}

}  // namespace op

std::vector<OpDef> SgdOps() { return {SgdUpdateOp(), SgdMomUpdateOp()}; }

}  // namespace minnow
