#include "minnow/ops/init.h"

#include <algorithm>
#include <utility>

#include "minnow/core/convert.h"
#include "minnow/ops/elementwise.h"

namespace minnow {
namespace {

template <typename T>
absl::Status Fill(const RunContext& context, T value, Dense<T> out) {
  ParallelFor(*context.threads, out.size(), kElementwiseGrain,
              [&](int64_t begin, int64_t end) {
                std::fill(out.data() + begin, out.data() + end, value);
              });
  return absl::OkStatus();
}

template <typename T, int value>
absl::Status FillConstant(const RunContext& context, const InitAttrs&,
                          Dense<T> out) {
  return Fill(context, Convert<T>(value), out);
}

template <typename T>
absl::Status FillValue(const RunContext& context, const FullAttrs& attrs,
                       Dense<T> out) {
  return Fill(context, Convert<T>(attrs.value.get()), out);
}

template <typename T, int value>
absl::Status FillLike(const RunContext& context, const NoAttrs&, Dense<const T>,
                      Dense<T> out) {
  return Fill(context, Convert<T>(value), out);
}

// A sparse array without any value. Its input need not be there at all.
template <StorageType storage>
Kernel StoreNothing(DType dtype) {
  Kernel kernel;
  kernel.args = {{dtype, storage, false, false}, {dtype, storage, true, false}};
  kernel.run = [](const RunContext&, const void*,
                  absl::Span<const ArrayRef* const> args) {
    ArrayData& out = *args[1]->sparse;
    if (storage == StorageType::kCsr) {
      out.indptr.assign(static_cast<size_t>(args[1]->dims[0]) + 1, 0);
    }
    return ResizeSparse(0, 0, out);
  };
  return kernel;
}

template <typename A>
OpDef InitOp(const char* name, const char* doc, std::vector<Kernel> kernels) {
  return {
      .name = name,
      .doc = doc,
      .attrs = AttrsTypeOf<A>(),
      .inputs = {},
      .shape =
          [](ShapeInference& node) {
            return node.MergeOutput(0, node.attrs<A>().shape);
          },
      .dtype =
          [](DTypeInference& node) {
            return node.MergeOutput(0, node.attrs<A>().dtype);
          },
      .gradient = [](const GradientContext&) -> std::vector<Symbol> {
        return {};
      },
      .kernels = std::move(kernels),
  };
}

template <int value>
OpDef ConstantOp(const char* name, const char* doc) {
  return InitOp<InitAttrs>(name, doc, KernelsFor(AllTypes(), []<typename T>() {
                             return KernelOf<FillConstant<T, value>>();
                           }));
}

OpDef FullOp() {
  OpDef op = InitOp<FullAttrs>("_full", "out = value, in each element",
                               KernelsFor(AllTypes(), []<typename T>() {
                                 return KernelOf<FillValue<T>>();
                               }));
  op.aliases = {"_npi_full"};
  return op;
}

template <int value>
OpDef LikeOp(const char* name, std::vector<std::string> aliases,
             const char* doc) {
  return {
      .name = name,
      .aliases = std::move(aliases),
      .doc = doc,
      .inputs = {{"data", Access::kUnread}},
      .shape = SameShape,
      .gradient = [](const GradientContext&) -> std::vector<Symbol> {
        return {Symbol{}};
      },
      .kernels = KernelsFor(
          AllTypes(),
          []<typename T>() { return KernelOf<FillLike<T, value>>(); }),
  };
}

}  // namespace

namespace op {

Symbol Zeros(GraphBuilder& builder, const InitAttrs& attrs,
             NodeOptions options) {
  return builder.Add("_zeros", {}, attrs, std::move(options));
}

Symbol Ones(GraphBuilder& builder, const InitAttrs& attrs,
            NodeOptions options) {
  return builder.Add("_ones", {}, attrs, std::move(options));
}

Symbol Full(GraphBuilder& builder, const FullAttrs& attrs,
            NodeOptions options) {
  return builder.Add("_full", {}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> InitOps() {
  OpDef zeros_like = LikeOp<0>(
      "zeros_like", {"_sparse_zeros_like"},
      "out = 0, in each element; of the shape, type and storage of data");
  for (DType dtype : kAllDTypes) {
    zeros_like.kernels.push_back(StoreNothing<StorageType::kRowSparse>(dtype));
    zeros_like.kernels.push_back(StoreNothing<StorageType::kCsr>(dtype));
  }
  return {ConstantOp<0>("_zeros", "out = 0, in each element"),
          ConstantOp<1>("_ones", "out = 1, in each element"), FullOp(),
          std::move(zeros_like),
          LikeOp<1>("ones_like", {},
                    "out = 1, in each element; of the shape and type of data")};
}

}  // namespace minnow
