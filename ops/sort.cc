#include "minnow/ops/sort.h"

#include <algorithm>
#include <limits>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "minnow/core/convert.h"
#include "minnow/core/status.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/ordering.h"
#include "minnow/ops/row_ids.h"
#include "minnow/ops/sort_keys.h"
#include "minnow/ops/sort_lines.h"

namespace minnow {
namespace {

constexpr int64_t kFillGrain = 1 << 16;

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

// What is sorted has 16 bits at least.
template <typename T>
using ValueKey = std::conditional_t<sizeof(T) == 1, uint16_t, SortKeyOf<T>>;

template <typename T>
absl::StatusOr<OrderPlan> PrepareSort(const Attrs& attrs,
                                      absl::Span<const Shape> shapes) {
  return PlanOrder(OrderOf(attrs), shapes[0], sizeof(ValueKey<T>));
}

// `data` is the argument of this number.
template <typename T, size_t data>
absl::StatusOr<OrderPlan> PrepareOrder(const Attrs& attrs,
                                       absl::Span<const Shape> shapes) {
  return PlanOrder(OrderOf(attrs), shapes[data], IndexedKeyBytes(DTypeOf<T>));
}

template <typename T>
absl::Status Sort(const RunContext& context, const SortAttrs&,
                  const OrderPlan& plan, Dense<const T> data, Dense<T> out) {
  using Key = ValueKey<T>;
  const int64_t n = plan.lines.size, stride = plan.lines.inner;
  const bool descending = plan.descending;
  ForEachOrderedLine<Key>(
      context, plan,
      [&](int64_t l, Key* keys, Key* spare, ThreadPool* threads) {
        const T* const x = data.data() + plan.lines.First(l);
        T* const y = out.data() + plan.lines.First(l);
        const auto in_blocks = [&](const auto& f) {
          if (threads == nullptr) {
            f(0, n);
          } else {
            ParallelFor(*threads, n, kFillGrain, f);
          }
        };
        in_blocks([=](int64_t begin, int64_t end) {
          Vectorize([=]() MINNOW_INLINE {
            for (int64_t i = begin; i < end; ++i) {
              keys[i] = SortKey(x[i * stride], descending);
            }
          });
        });
        SortKeys(threads, keys, n, spare);
        in_blocks([=](int64_t begin, int64_t end) {
          Vectorize([=]() MINNOW_INLINE {
            for (int64_t i = begin; i < end; ++i) {
              y[i * stride] = FromSortKey<T>(static_cast<SortKeyOf<T>>(keys[i]),
                                             descending);
            }
          });
        });
      });
  return absl::OkStatus();
}

// The place of the first element of a line in an array whose lines have `k`
// elements.
int64_t FirstOfShortened(const OrderPlan& plan, int64_t line) {
  const Lines lines = {plan.lines.outer, plan.k, plan.lines.inner};
  return lines.First(line);
}

template <typename T, typename Index>
absl::Status OrderIndices(const RunContext& context, const OrderPlan& plan,
                          const T* data, T* values, Index* out) {
  const int64_t stride = plan.lines.inner;
  ForEachOrder(context, plan, DTypeOf<T>, data,
               [&](int64_t line, const int64_t* indices) {
                 const int64_t first = FirstOfShortened(plan, line);
                 const T* const x = data + plan.lines.First(line);
                 for (int64_t i = 0; i < plan.k; ++i) {
                   if (out != nullptr) {
                     out[first + i * stride] = Convert<Index>(indices[i]);
                   }
                   if (values != nullptr) {
                     values[first + i * stride] = x[indices[i] * stride];
                   }
                 }
               });
  return absl::OkStatus();
}

template <typename A, typename T, typename Index>
absl::Status Indices(const RunContext& context, const A&, const OrderPlan& plan,
                     Dense<const T> data, Dense<Index> out) {
  return OrderIndices<T, Index>(context, plan, data.data(), nullptr,
                                out.data());
}

template <typename T>
absl::Status Values(const RunContext& context, const TopkAttrs&,
                    const OrderPlan& plan, Dense<const T> data, Dense<T> out) {
  return OrderIndices<T, int64_t>(context, plan, data.data(), out.data(),
                                  nullptr);
}

template <typename T, typename Index>
absl::Status Both(const RunContext& context, const TopkAttrs&,
                  const OrderPlan& plan, Dense<const T> data, Dense<T> values,
                  Dense<Index> out) {
  return OrderIndices<T, Index>(context, plan, data.data(), values.data(),
                                out.data());
}

template <typename T>
void FillWithZeros(ThreadPool& threads, Dense<T> out) {
  ParallelFor(threads, out.size(), kFillGrain, [&](int64_t begin, int64_t end) {
    std::fill(out.data() + begin, out.data() + end, static_cast<T>(0));
  });
}

template <typename T>
absl::Status Mask(const RunContext& context, const TopkAttrs&,
                  const OrderPlan& plan, Dense<const T> data, Dense<T> out) {
  FillWithZeros(*context.threads, out);
  ForEachOrder(context, plan, DTypeOf<T>, data.data(),
               [&](int64_t line, const int64_t* indices) {
                 T* const y = out.data() + plan.lines.First(line);
                 for (int64_t i = 0; i < plan.k; ++i) {
                   y[indices[i] * plan.lines.inner] = static_cast<T>(1);
                 }
               });
  return absl::OkStatus();
}

template <typename T>
absl::Status Backward(const RunContext& context, const TopkAttrs&,
                      const OrderPlan& plan, Dense<const T> head,
                      Dense<const T> data, Dense<T> grad) {
  FillWithZeros(*context.threads, grad);
  const int64_t stride = plan.lines.inner;
  ForEachOrder(context, plan, DTypeOf<T>, data.data(),
               [&](int64_t line, const int64_t* indices) {
                 T* const g = grad.data() + plan.lines.First(line);
                 const T* const h = head.data() + FirstOfShortened(plan, line);
                 for (int64_t i = 0; i < plan.k; ++i) {
                   g[indices[i] * stride] = h[i * stride];
                 }
               });
  return absl::OkStatus();
}

// The shape of the first elements in an order of `data`.
absl::StatusOr<Shape> OrderedShape(const Order& order, const Shape& data) {
  size_t axis = 0;
  if (order.axis.has_value()) {
    const absl::StatusOr<size_t> resolved =
        ResolveAxis(*order.axis, data.rank());
    if (!resolved.ok()) return Annotate(resolved.status(), "attribute 'axis'");
    axis = *resolved;
  }
  Shape out = data;
  if (!order.axis.has_value()) {
    out = {data.known() ? data.num_elements() : Shape::kUnknown};
  }
  if (order.k < 1) return out;
  if (out[axis] != Shape::kUnknown && order.k > out[axis]) {
    return absl::InvalidArgumentError(
        absl::StrCat("attribute 'k': expected at most the ", out[axis],
                     " elements of a line, found ", order.k));
  }
  out.set(axis, order.k);
  return out;
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
  std::vector<Kernel> kernels = KernelsForIds<NumberTypes>(
      NumberTypes(), []<typename T, typename Index>() {
        return KernelOf<Indices<TopkAttrs, T, Index>, PrepareOrder<T, 0>>()
            .When(Returns<TopkReturn::kIndices>);
      });
  const auto append = [&](std::vector<Kernel> more) {
    for (Kernel& kernel : more) kernels.push_back(std::move(kernel));
  };
  append(KernelsForIds<NumberTypes>(
      NumberTypes(), []<typename T, typename Index>() {
        return KernelOf<Both<T, Index>, PrepareOrder<T, 0>>().When(
            Returns<TopkReturn::kBoth>);
      }));
  append(KernelsFor(NumberTypes(), []<typename T>() {
    return KernelOf<Values<T>, PrepareOrder<T, 0>>().When(
        Returns<TopkReturn::kValue>);
  }));
  append(KernelsFor(NumberTypes(), []<typename T>() {
    return KernelOf<Mask<T>, PrepareOrder<T, 0>>().When(
        Returns<TopkReturn::kMask>);
  }));
  return kernels;
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
      .kernels = KernelsFor(
          NumberTypes(),
          []<typename T>() { return KernelOf<Sort<T>, PrepareSort<T>>(); }),
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
      .kernels = KernelsForIds<NumberTypes>(
          NumberTypes(),
          []<typename T, typename Index>() {
            return KernelOf<Indices<ArgsortAttrs, T, Index>,
                            PrepareOrder<T, 0>>();
          }),
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
      .kernels =
          KernelsFor(FloatTypes(),
                     []<typename T>() {
                       return KernelOf<Backward<T>, PrepareOrder<T, 1>>();
                     }),
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
