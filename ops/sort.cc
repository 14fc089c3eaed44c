#include "minnow/ops/sort.h"

#include <algorithm>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/any_dtype.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/convert_elements.h"
#include "minnow/ops/ordering.h"
#include "minnow/ops/sort_values.h"

namespace minnow {
namespace {

Order OrderOf(const Attrs& attrs) {
  if (attrs.type() == AttrsTypeOf<SortAttrs>()) {
    const auto& a = attrs.As<SortAttrs>();
    return {a.axis, 0, !a.is_ascend};
  }
  if (attrs.type() == AttrsTypeOf<ArgsortAttrs>()) {
    const auto& a = attrs.As<ArgsortAttrs>();
    return {a.axis, 0, !a.is_ascend};
  }
  const auto& a = attrs.As<TopkAttrs>();
  return {a.axis, a.k, !a.is_ascend};
}

absl::StatusOr<OrderPlan> PrepareSort(const Attrs& attrs,
                                      absl::Span<const Shape> shapes,
                                      const ArgTypes& types) {
  return PlanOrder(OrderOf(attrs), shapes[0], ValueKeyBytes(types[0].dtype));
}

// `data` is the argument of this number.
template <size_t data>
absl::StatusOr<OrderPlan> PrepareOrder(const Attrs& attrs,
                                       absl::Span<const Shape> shapes,
                                       const ArgTypes& types) {
  return PlanOrder(OrderOf(attrs), shapes[data],
                   IndexedKeyBytes(types[data].dtype));
}

absl::Status Sort(const RunContext& context, const SortAttrs&,
                  const OrderPlan& plan, AnyIn<0> data, AnyOut<0> out) {
  SortValues(context, plan, data, out);
  return absl::OkStatus();
}

// The place of the first element of a line in an array whose lines have `k`
// elements.
int64_t FirstOfShortened(const OrderPlan& plan, int64_t line) {
  const Lines lines = {plan.lines.outer, plan.k, plan.lines.inner};
  return lines.First(line);
}

// Converts n indices to elements that lie `stride` apart.
void StoreIndices(const int64_t* indices, int64_t n, const AnyArray& out,
                  int64_t first, int64_t stride) {
  if (stride == 1) {
    ConvertElements(DType::kInt64, indices, out.dtype, out.at(first), n);
    return;
  }
  constexpr int64_t kTile = 256;
  alignas(int64_t) std::byte tile[kTile * sizeof(int64_t)];
  for (int64_t begin = 0; begin < n; begin += kTile) {
    const int64_t count = std::min(kTile, n - begin);
    ConvertElements(DType::kInt64, indices + begin, out.dtype, tile, count);
    VisitSize(out.element_size(), [&]<typename U>() {
      const U* const from = reinterpret_cast<const U*>(tile);
      U* const to = out.as<U>() + first + begin * stride;
      for (int64_t i = 0; i < count; ++i) to[i * stride] = from[i];
    });
  }
}

// Writes what `values` and `out` ask for: both, or one of them.
void StoreOrder(const RunContext& context, const OrderPlan& plan,
                const AnyConstArray& data, const AnyArray* values,
                const AnyArray* out) {
  const int64_t stride = plan.lines.inner;
  ForEachOrder(context, plan, data.dtype, data.data,
               [&](int64_t line, const int64_t* indices) {
                 const int64_t first = FirstOfShortened(plan, line);
                 if (values != nullptr) {
                   VisitSize(data.element_size(), [&]<typename U>() {
                     const U* const x = data.as<U>() + plan.lines.First(line);
                     U* const y = values->as<U>() + first;
                     for (int64_t i = 0; i < plan.k; ++i) {
                       y[i * stride] = x[indices[i] * stride];
                     }
                   });
                 }
                 if (out != nullptr) {
                   StoreIndices(indices, plan.k, *out, first, stride);
                 }
               });
}

template <typename A>
absl::Status Indices(const RunContext& context, const A&, const OrderPlan& plan,
                     AnyIn<0> data, AnyOut<1> out) {
  StoreOrder(context, plan, data, nullptr, &out);
  return absl::OkStatus();
}

absl::Status Values(const RunContext& context, const TopkAttrs&,
                    const OrderPlan& plan, AnyIn<0> data, AnyOut<0> out) {
  StoreOrder(context, plan, data, &out, nullptr);
  return absl::OkStatus();
}

absl::Status Both(const RunContext& context, const TopkAttrs&,
                  const OrderPlan& plan, AnyIn<0> data, AnyOut<0> values,
                  AnyOut<1> out) {
  StoreOrder(context, plan, data, &values, &out);
  return absl::OkStatus();
}

absl::Status Mask(const RunContext& context, const TopkAttrs&,
                  const OrderPlan& plan, AnyIn<0> data, AnyOut<0> out) {
  FillAll(*context.threads, out, {});
  const AnyElement one = ElementOf(out.dtype, 1);
  ForEachOrder(context, plan, data.dtype, data.data,
               [&](int64_t line, const int64_t* indices) {
                 VisitSize(out.element_size(), [&]<typename U>() {
                   U* const y = out.as<U>() + plan.lines.First(line);
                   for (int64_t i = 0; i < plan.k; ++i) {
                     y[indices[i] * plan.lines.inner] = one.as<U>();
                   }
                 });
               });
  return absl::OkStatus();
}

absl::Status Backward(const RunContext& context, const TopkAttrs&,
                      const OrderPlan& plan, AnyIn<0> head, AnyIn<0> data,
                      AnyOut<0> grad) {
  FillAll(*context.threads, grad, {});
  const int64_t stride = plan.lines.inner;
  ForEachOrder(context, plan, data.dtype, data.data,
               [&](int64_t line, const int64_t* indices) {
                 VisitSize(grad.element_size(), [&]<typename U>() {
                   U* const g = grad.as<U>() + plan.lines.First(line);
                   const U* const h =
                       head.as<U>() + FirstOfShortened(plan, line);
                   for (int64_t i = 0; i < plan.k; ++i) {
                     g[indices[i] * stride] = h[i * stride];
                   }
                 });
               });
  return absl::OkStatus();
}

absl::Status InferOrdered(ShapeInference& node) {
  const Order order = OrderOf(node.untyped_attrs());
  // A whole sort keeps the shape.
  if (order.axis.has_value() && order.k < 1) {
    for (size_t i = 0; i < node.num_outputs(); ++i) {
      MINNOW_RETURN_IF_ERROR(node.MergeInput(0, node.output(i)));
    }
  }
  if (!node.input(0).known_rank()) return absl::OkStatus();
  MINNOW_ASSIGN_OR_RETURN(Shape out, OrderedShape(order, node.input(0)));
  for (size_t i = 0; i < node.num_outputs(); ++i) {
    MINNOW_RETURN_IF_ERROR(node.MergeOutput(i, out));
  }
  return absl::OkStatus();
}

// The largest index up to which the type holds all.
int64_t LargestIndex(DType dtype) {
  return VisitDType(dtype, []<typename T>() -> int64_t {
    if constexpr (std::is_integral_v<T>) {
      return static_cast<int64_t>(std::numeric_limits<T>::max());
    } else if constexpr (std::is_same_v<T, Float16>) {
      return int64_t{1} << 11;
    } else if constexpr (std::is_same_v<T, BFloat16>) {
      return int64_t{1} << 8;
    } else {
      return int64_t{1} << std::numeric_limits<T>::digits;
    }
  });
}

absl::Status CheckIndexType(const ShapeInference& node, DType dtype) {
  if (!node.input(0).known()) return absl::OkStatus();
  MINNOW_ASSIGN_OR_RETURN(
      const Lines lines,
      LinesOf(OrderOf(node.untyped_attrs()).axis, node.input(0)));
  if (lines.size - 1 <= LargestIndex(dtype)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "attribute 'dtype': expected a type that holds indices up to ",
      lines.size - 1, ", found ", DTypeName(dtype)));
}

absl::Status InferArgsort(ShapeInference& node) {
  MINNOW_RETURN_IF_ERROR(InferOrdered(node));
  return CheckIndexType(node, node.attrs<ArgsortAttrs>().dtype);
}

absl::Status InferTopk(ShapeInference& node) {
  const auto& a = node.attrs<TopkAttrs>();
  if (a.ret_typ == TopkReturn::kMask) {
    MINNOW_RETURN_IF_ERROR(SameShape(node));
    if (!node.input(0).known_rank()) return absl::OkStatus();
    return OrderedShape(OrderOf(node.untyped_attrs()), node.input(0)).status();
  }
  MINNOW_RETURN_IF_ERROR(InferOrdered(node));
  if (a.ret_typ == TopkReturn::kValue) return absl::OkStatus();
  return CheckIndexType(node, a.dtype);
}

absl::Status InferArgsortDType(DTypeInference& node) {
  return node.MergeOutput(0, node.attrs<ArgsortAttrs>().dtype);
}

absl::Status InferTopkDType(DTypeInference& node) {
  const auto& a = node.attrs<TopkAttrs>();
  if (a.ret_typ == TopkReturn::kIndices) return node.MergeOutput(0, a.dtype);
  if (a.ret_typ == TopkReturn::kBoth) {
    MINNOW_RETURN_IF_ERROR(node.MergeOutput(1, a.dtype));
  }
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(0)));
  return node.MergeInput(0, node.output(0));
}

absl::Status InferBackward(ShapeInference& node) {
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(1)));
  MINNOW_RETURN_IF_ERROR(node.MergeInput(1, node.output(0)));
  if (!node.input(1).known_rank()) return absl::OkStatus();
  MINNOW_ASSIGN_OR_RETURN(
      Shape head, OrderedShape(OrderOf(node.untyped_attrs()), node.input(1)));
  return node.MergeInput(0, head);
}

template <TopkReturn returns>
bool Returns(const Attrs& attrs) {
  return attrs.As<TopkAttrs>().ret_typ == returns;
}

std::vector<Kernel> TopkKernels() {
  const NumberTypes numbers;
  return Joined(
      {AnyKernels<Indices<TopkAttrs>, PrepareOrder<0>>(
           numbers, numbers, Returns<TopkReturn::kIndices>),
       AnyKernels<Both, PrepareOrder<0>>(numbers, numbers,
                                         Returns<TopkReturn::kBoth>),
       AnyKernels<Values, PrepareOrder<0>>(numbers,
                                           Returns<TopkReturn::kValue>),
       AnyKernels<Mask, PrepareOrder<0>>(numbers, Returns<TopkReturn::kMask>)});
}

// Nothing flows through indices and masks.
std::vector<Symbol> NoGradient(const GradientContext& node) {
  return std::vector<Symbol>(node.num_inputs());
}

OpDef SortOp() {
  return {
      .name = "sort",
      .aliases = {"_npi_sort"},
      .doc =
          "out = the elements of data in order, along the axis\n"
          "NaN comes last in either direction. Without an axis the result "
          "has one axis.",
      .attrs = AttrsTypeOf<SortAttrs>(),
      .inputs = {"data"},
      .shape = InferOrdered,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        const auto a = node.attrs<SortAttrs>();
        return {Compose("_backward_topk", {node.head(0), node.input(0)},
                        TopkAttrs{.axis = a.axis,
                                  .k = 0,
                                  .ret_typ = TopkReturn::kValue,
                                  .is_ascend = a.is_ascend})};
      },
      .kernels = AnyKernels<Sort, PrepareSort>(NumberTypes()),
  };
}

OpDef ArgsortOp() {
  return {
      .name = "argsort",
      .aliases = {"_npi_argsort"},
      .doc =
          "out = the indices that sort data, along the axis\n"
          "Equal elements keep their order; NaN comes last in either "
          "direction.",
      .attrs = AttrsTypeOf<ArgsortAttrs>(),
      .inputs = {"data"},
      .shape = InferArgsort,
      .dtype = InferArgsortDType,
      .gradient = NoGradient,
      .kernels = AnyKernels<Indices<ArgsortAttrs>, PrepareOrder<0>>(
          NumberTypes(), NumberTypes()),
  };
}

OpDef TopkOp() {
  return {
      .name = "topk",
      .aliases = {"_npx_topk"},
      .doc =
          "out = the k largest elements of data along the axis, largest "
          "first, or their indices\n"
          "With is_ascend the smallest ones. Equal elements keep their "
          "order; NaN comes last in either direction.",
      .attrs = AttrsTypeOf<TopkAttrs>(),
      .inputs = {"data"},
      .outputs = OutputDefs([](const Attrs& attrs) {
        return Returns<TopkReturn::kBoth>(attrs)
                   ? std::vector<std::string>{"out", "indices"}
                   : std::vector<std::string>{"out"};
      }),
      .shape = InferTopk,
      .dtype = InferTopkDType,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        const auto returns = node.attrs<TopkAttrs>().ret_typ;
        if (returns == TopkReturn::kIndices || returns == TopkReturn::kMask ||
            node.head(0).omitted()) {
          return NoGradient(node);
        }
        return {Compose("_backward_topk", {node.head(0), node.input(0)},
                        node.untyped_attrs())};
      },
      .kernels = TopkKernels(),
  };
}

OpDef TopkBackwardOp() {
  return {
      .name = "_backward_topk",
      .doc =
          "grad = head at the places of the elements that topk takes from "
          "data, and 0 elsewhere.",
      .attrs = AttrsTypeOf<TopkAttrs>(),
      .inputs = {"head", "data"},
      .outputs = {"grad"},
      .shape = InferBackward,
      .kernels = AnyKernels<Backward, PrepareOrder<1>>(FloatTypes()),
  };
}

}  // namespace

namespace op {

Symbol Sort(Symbol data, const SortAttrs& attrs, NodeOptions options) {
  return Compose("sort", {data}, attrs, std::move(options));
}

Symbol Argsort(Symbol data, const ArgsortAttrs& attrs, NodeOptions options) {
  return Compose("argsort", {data}, attrs, std::move(options));
}

Symbol Topk(Symbol data, const TopkAttrs& attrs, NodeOptions options) {
  return Compose("topk", {data}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> SortOps() {
  return {SortOp(), ArgsortOp(), TopkOp(), TopkBackwardOp()};
}

}  // namespace minnow
