#include "minnow/ops/cast.h"

#include <utility>
#include <vector>

#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/elementwise.h"

namespace minnow {
namespace {

constexpr char kRounding[] =
    "\nFloating types are rounded to the nearest value; integers are taken "
    "modulo 2^bits. From a floating type to an integer, the fraction is "
    "dropped, what is out of range gives the nearest bound, and NaN gives 0.";

template <typename From, typename To>
void Cast(const CastAttrs&, int64_t n, const From* data, To* out) {
  ConvertElements(data, out, n);
}

template <typename From, typename To>
void CastLike(const NoAttrs&, int64_t n, const From* data, const To*, To* out) {
  ConvertElements(data, out, n);
}

// Those that `kernels_from` gives for each type.
template <typename F>
std::vector<Kernel> KernelsFromAll(F kernels_from) {
  std::vector<Kernel> kernels;
  for (DType dtype : kAllDTypes) {
    VisitDType(dtype, [&]<typename From>() {
      kernels = Joined({kernels, kernels_from.template operator()<From>()});
    });
  }
  return kernels;
}

OpDef CastOp() {
  return {
      .name = "Cast",
      .aliases = {"cast", "_npi_cast", "_npx_cast"},
      .doc = absl::StrCat("out = data, converted to dtype", kRounding),
      .attrs = AttrsTypeOf<CastAttrs>(),
      .inputs = {"data"},
      .shape = SameShape,
      .dtype =
          [](DTypeInference& node) {
            return node.MergeOutput(0, node.attrs<CastAttrs>().dtype.get());
          },
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        return {op::CastLike(node.head(0), node.input(0))};
      },
      .kernels = KernelsFromAll([]<typename From>() {
        return WithStoredValues(KernelsFor(AllTypes(), []<typename To>() {
          return ElementwiseKernelOf<Cast<From, To>>();
        }));
      }),
  };
}

OpDef CastLikeOp() {
  return {
      .name = "_cast_like",
      .doc = absl::StrCat("out = data, converted to the type of `like`",
                          kRounding),
      .inputs = {"data", {"like", Access::kUnread}},
      .shape = SameShape,
      .dtype = [](DTypeInference& node) -> absl::Status {
        MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(1)));
        return node.MergeInput(1, node.output(0));
      },
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        return {op::CastLike(node.head(0), node.input(0)), Symbol{}};
      },
      .kernels = KernelsFromAll([]<typename From>() {
        return KernelsFor(AllTypes(), []<typename To>() {
          return ElementwiseKernelOf<CastLike<From, To>>();
        });
      }),
  };
}

}  // namespace

namespace op {

Symbol Cast(Symbol data, const CastAttrs& attrs, NodeOptions options) {
  return Compose("Cast", {data}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> CastOps() { return {CastOp(), CastLikeOp()}; }

}  // namespace minnow
