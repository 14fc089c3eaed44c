// Rows of the reductions, of losses of softmax, and of sorting.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "minnow/ops/arg_reduce.h"
#include "minnow/ops/norm.h"
#include "minnow/ops/reduction.h"
#include "minnow/ops/softmax.h"
#include "minnow/ops/sort.h"
#include "minnow/tests/op_cases.h"

namespace minnow {
namespace {

using Inputs = absl::Span<const TestArray>;
using Line = std::vector<int64_t>;  // Indices of its elements.

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The lines of the reduced axes, one for each result.
std::vector<Line> LinesOver(const Shape& shape,
                            const std::vector<bool>& reduced) {
  int64_t kept = 1;
  for (size_t i = 0; i < shape.rank(); ++i) kept *= reduced[i] ? 1 : shape[i];
  std::vector<Line> lines(static_cast<size_t>(kept));
  for (int64_t i = 0; i < shape.num_elements(); ++i) {
    int64_t rest = i, line = 0, stride = 1;
    for (size_t k = shape.rank(); k-- > 0;) {
      if (!reduced[k]) {
        line += rest % shape[k] * stride;
        stride *= shape[k];
      }
      rest /= shape[k];
    }
    lines[static_cast<size_t>(line)].push_back(i);
  }
  return lines;
}

std::vector<Line> LinesAlongAxis(const Shape& shape,
                                 std::optional<size_t> axis) {
  std::vector<bool> reduced(shape.rank(), !axis.has_value());
  if (axis.has_value()) reduced[*axis] = true;
  return LinesOver(shape, reduced);
}

using Values = std::vector<double>;

// What a reduction makes of a line, and the derivative by one element.
struct Reduction {
  double (*value)(const Values& line);
  double (*derivative)(double x, double y);
};

Reduction ReductionOf(const std::string& op) {
  if (op == "max") {
    return {[](const Values& v) {
              double y = -kInfinity;
              for (double x : v) y = x > y || std::isnan(x) ? x : y;
              return y;
            },
            [](double x, double y) { return x == y ? 1.0 : 0.0; }};
  }
  if (op == "min") {
    return {[](const Values& v) {
              double y = kInfinity;
              for (double x : v) y = x < y || std::isnan(x) ? x : y;
              return y;
            },
            [](double x, double y) { return x == y ? 1.0 : 0.0; }};
  }
  if (op == "nansum") {
    return {[](const Values& v) {
              double y = 0;
              for (double x : v) y += std::isnan(x) ? 0 : x;
              return y;
            },
            [](double x, double) { return std::isnan(x) ? 0.0 : 1.0; }};
  }
  if (op == "nanprod") {
    return {[](const Values& v) {
              double y = 1;
              for (double x : v) y *= std::isnan(x) ? 1 : x;
              return y;
            },
            [](double x, double y) { return std::isnan(x) ? 0.0 : y / x; }};
  }
  return {[](const Values& v) {
            double y = 1;
            for (double x : v) y *= x;
            return y;
          },
          [](double x, double y) { return y / x; }};
}

Reduction NormOf(int64_t ord) {
  if (ord == 1) {
    return {[](const Values& v) {
              double y = 0;
              for (double x : v) y += std::fabs(x);
              return y;
            },
            [](double x, double) { return x > 0   ? 1.0
                                          : x < 0 ? -1.0
                                                  : 0.0; }};
  }
  return {[](const Values& v) {
            double y = 0;
            for (double x : v) y += x * x;
            return std::sqrt(y);
          },
          [](double x, double y) { return x / y; }};
}

// The operator and its gradient.
void AddReduction(const std::string& op, const std::string& label, Attrs attrs,
                  const Reduction& reduction, TestInput data, Shape result,
                  std::vector<bool> reduced, std::vector<OpCase>& cases,
                  std::vector<Shape> large = {}) {
  const Shape shape = data.shape;
  const auto reduce = [=](const TestArray& x) {
    TestArray out{.shape = x.shape == shape ? result : Shape()};
    for (const Line& line : LinesOver(x.shape, reduced)) {
      Values values;
      for (int64_t i : line) values.push_back(x.values[i]);
      out.values.push_back(reduction.value(values));
    }
    return out;
  };
  cases.push_back(
      {.op = op,
       .label = label,
       .attrs = attrs,
       .inputs = {data},
       .formula = [=](Inputs in) { return std::vector{reduce(in[0])}; },
       .tolerance = 16,
       // Sums of so many elements cancel; nothing else adds any.
       .magnitude = op == "nansum" && !large.empty() ? 1e6 : 0.0,
       .large = std::move(large),
       .only_floating = !data.values.empty()});
  cases.push_back(
      {.op = "_backward_" + op,
       .label = label,
       .attrs = attrs,
       .inputs = {{.shape = result}, data, {.shape = result, .low = 1}},
       .formula =
           [=](Inputs in) {
             TestArray grad{.shape = in[1].shape};
             grad.values.resize(in[1].values.size());
             const auto lines = LinesOver(in[1].shape, reduced);
             for (size_t l = 0; l < lines.size(); ++l) {
               for (int64_t i : lines[l]) {
                 grad.values[i] =
                     in[0].values[l] *
                     reduction.derivative(in[1].values[i], in[2].values[l]);
               }
             }
             return std::vector{grad};
           },
       .tolerance = 16});
}

void AppendReductions(std::vector<OpCase>& cases) {
  const auto axes = [](std::vector<int64_t> a) { return a; };
  for (const char* op : {"max", "min", "prod", "nansum", "nanprod"}) {
    const Reduction r = ReductionOf(op);
    const bool product = std::string(op).find("prod") != std::string::npos;
    const auto add = [&](const char* label, ReduceAttrs a, Shape shape,
                         Shape result, std::vector<bool> reduced,
                         std::vector<Shape> large = {}) {
      // Products of many elements would overflow, and those of integers are 0.
      if (product) large.clear();
      AddReduction(
          op, label, a, r, {.shape = std::move(shape), .low = 1, .high = 4},
          std::move(result), std::move(reduced), cases, std::move(large));
    };
    add("all", {}, {3, 4}, {1}, {true, true}, {{300, 401}});
    add("rows, kept", {.axis = axes({-1}), .keepdims = true}, {3, 5}, {3, 1},
        {false, true}, {{300, 401}});
    add("columns", {.axis = axes({0})}, {5, 3}, {3}, {true, false},
        {{20000, 3}});
    add("middle", {.axis = axes({1})}, {2, 3, 4}, {2, 4}, {false, true, false},
        {{10, 300, 60}});
    add("all but one", {.axis = axes({1}), .exclude = true}, {2, 3, 2}, {3},
        {true, false, true});
    add("nothing", {.axis = axes({0, 1}), .exclude = true}, {2, 3}, {2, 3},
        {false, false});
    if (std::string(op) != "max" && std::string(op) != "min") {
      add("no element", {.axis = axes({1})}, {3, 0}, {3}, {false, true});
    }
    AddReduction(op, "NaN", ReduceAttrs{.axis = axes({1})}, r,
                 {.shape = {3, 3},
                  .values = {1, kNaN, 2, kNaN, kNaN, kNaN, 2, 3, 1},
                  .differentiable = false},
                 {3}, {false, true}, cases);
  }
  for (const int64_t ord : {1, 2}) {
    const auto add = [&](const char* label, NormAttrs a, Shape shape,
                         Shape result, std::vector<bool> reduced,
                         std::vector<Shape> large = {}) {
      a.ord = ord;
      AddReduction("norm", absl::StrCat(label, ord), a, NormOf(ord),
                   {.shape = std::move(shape), .values = {1, 2.5, -3, 0.75}},
                   std::move(result), std::move(reduced), cases,
                   std::move(large));
    };
    add("all", {}, {3, 4}, {1}, {true, true}, {{30, 41}});
    add("rows, kept", {.axis = axes({1}), .keepdims = true}, {3, 5}, {3, 1},
        {false, true});
    add("both ends", {.axis = axes({0, -1})}, {2, 3, 2}, {3},
        {true, false, true});
    for (DType dtype : kAllDTypes) {
      if (dtype == DType::kBool) continue;
      AddReduction(
          "norm", absl::StrCat(DTypeName(dtype), ord),
          NormAttrs{.ord = ord, .out_dtype = dtype}, NormOf(ord),
          {.shape = {4}, .values = {2, 1, 2, 4}, .differentiable = false}, {1},
          {true}, cases);
      cases.pop_back();
      cases.back().only_floating = false;
    }
  }
}

// Whether x comes before y when searched for the largest, or in an order.
bool IsBefore(double x, double y, bool largest) {
  return largest ? x > y : x < y;
}

OpCase SearchCase(const char* op, const char* label, Attrs attrs,
                  TestInput data, Shape result, std::optional<size_t> axis,
                  std::vector<Shape> large = {}) {
  const bool largest = std::string(op) != "argmin";
  const Shape shape = data.shape;
  const bool random = data.values.empty();
  return {.op = op,
          .label = label,
          .attrs = std::move(attrs),
          .inputs = {std::move(data)},
          .formula =
              [=](Inputs in) {
                TestArray out{.shape = in[0].shape == shape ? result : Shape(),
                              .dtype = in[0].dtype};
                for (const Line& line : LinesAlongAxis(in[0].shape, axis)) {
                  size_t best = 0;
                  const auto value = [&](size_t i) {
                    return in[0].values[static_cast<size_t>(line[i])];
                  };
                  for (size_t i = 1; i < line.size(); ++i) {
                    if (std::isnan(value(best))) break;
                    if (std::isnan(value(i)) ||
                        IsBefore(value(i), value(best), largest)) {
                      best = i;
                    }
                  }
                  out.values.push_back(static_cast<double>(best));
                }
                return std::vector{out};
              },
          .large = std::move(large),
          .only_floating = !random,
          .gradient = ZeroGradient()};
}

void AppendSearches(std::vector<OpCase>& cases) {
  for (const char* op : {"argmax", "argmin"}) {
    const auto add = [&](const char* label, ArgReduceAttrs a, TestInput data,
                         Shape result, std::optional<size_t> axis,
                         std::vector<Shape> large = {}) {
      cases.push_back(SearchCase(op, label, a, std::move(data),
                                 std::move(result), axis, std::move(large)));
    };
    // Indices of large lines are no values of small types.
    add("all", {}, {.shape = {5, 8}}, {1}, {});
    add("rows", {.axis = 1}, {.shape = {3, 100}}, {3}, 1, {{2000, 120}});
    add("columns, kept", {.axis = 0, .keepdims = true}, {.shape = {5, 70}},
        {1, 70}, 0, {{100, 1000}});
    add("middle", {.axis = -2}, {.shape = {2, 3, 4}}, {2, 4}, 1);
    add("all, kept", {.keepdims = true}, {.shape = {2, 3}}, {1, 1}, {});
    add("special", {.axis = 1},
        {.shape = {4, 3},
         .values = {1, kNaN, kNaN, -kInfinity, -kInfinity, -kInfinity, 0, -0.0,
                    0, kInfinity, 3, kInfinity}},
        {4}, 1);
  }
  cases.push_back(SearchCase("argmax_channel", "", NoAttrs{},
                             {.shape = {3, 5, 2}}, {3, 2}, 1));
}

// The indices of the first k elements of each line, in the order.
std::vector<Line> NaiveOrder(const TestArray& x, const std::vector<Line>& lines,
                             int64_t k, bool ascending) {
  std::vector<Line> all;
  for (const Line& line : lines) {
    Line order(line.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int64_t i, int64_t j) {
      const double a = x.values[line[i]], b = x.values[line[j]];
      if (std::isnan(a) || std::isnan(b)) return !std::isnan(a);
      return IsBefore(a, b, !ascending);
    });
    // A strict order even between NaN.
    std::stable_partition(order.begin(), order.end(), [&](int64_t i) {
      return !std::isnan(x.values[line[i]]);
    });
    if (k >= 1) order.resize(static_cast<size_t>(k));
    all.push_back(order);
  }
  return all;
}

struct OrderRow {
  const char* label;
  TestInput data;
  std::optional<int64_t> axis;
  int64_t k = 0;
  bool ascending = true;
  std::vector<Shape> large = {};
};

// The shape and lines of what is cut to k elements along the axis.
Shape CutShape(const Shape& shape, const OrderRow& row) {
  Shape out = shape;
  size_t axis = 0;
  if (row.axis.has_value()) {
    axis = *ResolveAxis(*row.axis, shape.rank());
  } else {
    out = {shape.num_elements()};
  }
  if (row.k >= 1) out.set(axis, row.k);
  return out;
}

std::optional<size_t> AxisOf(const Shape& shape, const OrderRow& row) {
  if (!row.axis.has_value()) return std::nullopt;
  return *ResolveAxis(*row.axis, shape.rank());
}

enum class Give { kValues, kIndices, kMask };

TestArray Ordered(const TestArray& x, const OrderRow& row, Give give) {
  const auto lines = LinesAlongAxis(x.shape, AxisOf(x.shape, row));
  const auto orders = NaiveOrder(x, lines, row.k, row.ascending);
  const Shape cut = CutShape(x.shape, row);
  TestArray out{.shape = give == Give::kMask ? x.shape : cut};
  out.values.assign(static_cast<size_t>(out.shape.num_elements()), 0.0);
  const auto places = LinesAlongAxis(
      cut, row.axis.has_value() ? AxisOf(x.shape, row) : std::nullopt);
  for (size_t l = 0; l < orders.size(); ++l) {
    for (size_t i = 0; i < orders[l].size(); ++i) {
      const int64_t from = lines[l][orders[l][i]];
      if (give == Give::kMask) {
        out.values[from] = 1;
      } else {
        out.values[places[l][i]] = give == Give::kValues
                                       ? x.values[from]
                                       : static_cast<double>(orders[l][i]);
      }
    }
  }
  return out;
}

OpCase OrderCase(const char* op, const std::string& label, Attrs attrs,
                 const OrderRow& row, std::vector<Give> gives) {
  const bool flat = gives.size() == 1 && gives[0] != Give::kValues;
  return {.op = op,
          .label = absl::StrCat(row.label, label),
          .attrs = std::move(attrs),
          .inputs = {row.data},
          .formula =
              [=](Inputs in) {
                std::vector<TestArray> out;
                for (Give give : gives)
                  out.push_back(Ordered(in[0], row, give));
                return out;
              },
          .tolerance = 0,
          .large = row.large,
          .only_floating = !row.data.values.empty(),
          .gradient = flat ? ZeroGradient() : nullptr};
}

void AppendOrders(std::vector<OpCase>& cases) {
  const std::vector<double> special = {2,  kNaN,      -kInfinity, 0, 2,
                                       -1, kInfinity, kNaN,       1, -1};
  const TestInput ties = {
      .shape = {3, 70}, .low = 0, .high = 5, .differentiable = false};
  TestInput nan = {.shape = {4, 5}, .values = special, .differentiable = false};
  const auto rows = [&](bool ascending) -> std::vector<OrderRow> {
    return {{"", {.shape = {3, 5}}, -1, 0, ascending},
            {"many ", ties, 1, 0, ascending, {{20, 3000}}},
            {"middle ", {.shape = {2, 6, 4}}, 1, 0, ascending, {{4, 50, 100}}},
            {"flat ", {.shape = {3, 40}}, {}, 0, ascending},
            {"special ", nan, 1, 0, ascending},
            {"no element ", {.shape = {3, 0}}, 1, 0, ascending}};
  };
  for (bool ascending : {true, false}) {
    const std::string label = ascending ? "up" : "down";
    // Rows with NaN are for kernels of floating types alone, indices included.
    const auto index_type = [](const OrderRow& row) {
      return row.data.values.empty() ? DType::kInt32 : DType::kFloat32;
    };
    for (const OrderRow& row : rows(ascending)) {
      cases.push_back(OrderCase("sort", label, SortAttrs{row.axis, ascending},
                                row, {Give::kValues}));
      OrderRow small = row;
      small.large.clear();
      cases.push_back(OrderCase(
          "argsort", label, ArgsortAttrs{row.axis, ascending, index_type(row)},
          small, {Give::kIndices}));
    }
    for (OrderRow row : rows(ascending)) {
      if (row.data.shape[1] == 0) continue;
      row.k = row.data.shape[1] > 50 ? 3 : 2;
      row.large.clear();
      const auto add = [&](TopkReturn returns, std::vector<Give> gives) {
        cases.push_back(OrderCase(
            "topk", absl::StrCat(label, static_cast<int>(returns)),
            TopkAttrs{row.axis, row.k, returns, ascending, index_type(row)},
            row, std::move(gives)));
      };
      add(TopkReturn::kValue, {Give::kValues});
      add(TopkReturn::kIndices, {Give::kIndices});
      add(TopkReturn::kMask, {Give::kMask});
      if (std::string(row.label) == "middle ") {
        add(TopkReturn::kBoth, {Give::kValues, Give::kIndices});
        cases.back().inputs[0].differentiable = false;
      }
    }
  }
  for (DType dtype : kAllDTypes) {
    if (dtype == DType::kBool) continue;
    const OrderRow row = {
        "", {.shape = {3, 5}, .differentiable = false}, -1, 2, false};
    const std::string name(DTypeName(dtype));
    OrderRow whole = row;
    whole.k = 0;
    cases.push_back(OrderCase("argsort", name, ArgsortAttrs{-1, false, dtype},
                              whole, {Give::kIndices}));
    cases.push_back(OrderCase(
        "topk", name, TopkAttrs{-1, 2, TopkReturn::kIndices, false, dtype}, row,
        {Give::kIndices}));
    cases.push_back(OrderCase("topk", "both " + name,
                              TopkAttrs{-1, 2, TopkReturn::kBoth, false, dtype},
                              row, {Give::kValues, Give::kIndices}));
  }
  const OrderRow row = {"", {.shape = {3, 5}}, 1, 2, false};
  cases.push_back(
      {.op = "_backward_topk",
       .attrs = TopkAttrs{1, 2, TopkReturn::kValue, false, DType::kFloat32},
       .inputs = {{.shape = {3, 2}}, {.shape = {3, 5}}},
       .formula = [=](Inputs in) {
         TestArray grad{.shape = {3, 5}, .values = Values(15, 0.0)};
         const auto order =
             NaiveOrder(in[1], LinesAlongAxis(in[1].shape, 1), 2, false);
         for (size_t l = 0; l < 3; ++l) {
           for (size_t i = 0; i < 2; ++i) {
             grad.values[5 * l + static_cast<size_t>(order[l][i])] =
                 in[0].values[2 * l + i];
           }
         }
         return std::vector{grad};
       }});
}

Values NaiveSoftmax(const TestArray& x, const Line& line, double temperature) {
  Values y;
  double sum = 0;
  for (int64_t i : line) {
    y.push_back(std::exp(x.values[i] / temperature));
    sum += y.back();
  }
  for (double& p : y) p /= sum;
  return y;
}

void AppendSoftmin(std::vector<OpCase>& cases) {
  const auto add = [&](const std::string& label, SoftmaxAttrs a, Shape shape,
                       size_t axis, std::vector<Shape> large = {}) {
    const double t = -a.temperature.value_or(1.0);
    cases.push_back({.op = "softmin",
                     .label = label,
                     .attrs = a,
                     .inputs = {{.shape = shape}},
                     .formula =
                         [=](Inputs in) {
                           TestArray out{.shape = in[0].shape};
                           out.values.resize(in[0].values.size());
                           for (const Line& line :
                                LinesAlongAxis(in[0].shape, axis)) {
                             const Values y = NaiveSoftmax(in[0], line, t);
                             for (size_t i = 0; i < y.size(); ++i) {
                               out.values[line[i]] = y[i];
                             }
                           }
                           return std::vector{out};
                         },
                     .tolerance = 16,
                     .large = large});
    cases.push_back({.op = "_backward_softmin",
                     .label = label,
                     .attrs = a,
                     .inputs = {{.shape = shape},
                                {.shape = shape, .low = 0, .high = 1},
                                {.shape = shape}},
                     .formula =
                         [=](Inputs in) {
                           TestArray grad{.shape = in[0].shape};
                           grad.values.resize(in[0].values.size());
                           for (const Line& line :
                                LinesAlongAxis(in[0].shape, axis)) {
                             double sum = 0;
                             for (int64_t i : line)
                               sum += in[0].values[i] * in[1].values[i];
                             for (int64_t i : line) {
                               grad.values[i] = in[1].values[i] *
                                                (in[0].values[i] - sum) / t;
                             }
                           }
                           return std::vector{grad};
                         },
                     .tolerance = 16,
                     .magnitude = 60});
  };
  add("", {}, {3, 5}, 1, {{300, 40}});
  add("axis", {.axis = 1, .temperature = 2.5}, {2, 3, 4}, 1);
  for (DType dtype :
       {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBFloat16}) {
    add(std::string(DTypeName(dtype)), {.dtype = dtype}, {3, 5}, 1);
  }
}

void AppendCrossEntropy(std::vector<OpCase>& cases) {
  const TestInput data = {.shape = {4, 5}};
  const TestInput label = {
      .shape = {4}, .values = {2, 0, 4, 2}, .differentiable = false};
  cases.push_back(
      {.op = "softmax_cross_entropy",
       .inputs = {data, label},
       .formula =
           [](Inputs in) {
             TestArray out{.shape = {1}, .values = {0}};
             const auto lines = LinesAlongAxis(in[0].shape, 1);
             for (size_t l = 0; l < lines.size(); ++l) {
               out.values[0] -= std::log(NaiveSoftmax(
                   in[0], lines[l], 1)[static_cast<size_t>(in[1].values[l])]);
             }
             return std::vector{out};
           },
       .tolerance = 16,
       .large = {{3000, 5}, {3000}}});
  cases.push_back({.op = "_backward_softmax_cross_entropy",
                   .inputs = {{.shape = {1}}, data, label},
                   .formula =
                       [](Inputs in) {
                         TestArray grad{.shape = in[1].shape};
                         const auto lines = LinesAlongAxis(in[1].shape, 1);
                         for (size_t l = 0; l < lines.size(); ++l) {
                           Values y = NaiveSoftmax(in[1], lines[l], 1);
                           y[static_cast<size_t>(in[2].values[l])] -= 1;
                           for (double p : y) {
                             grad.values.push_back(p * in[0].values[0]);
                           }
                         }
                         return std::vector{grad};
                       },
                   .tolerance = 16,
                   .magnitude = 2});
}

}  // namespace

std::vector<OpCase> ReductionOpCases() {
  std::vector<OpCase> cases;
  AppendReductions(cases);
  AppendSearches(cases);
  AppendOrders(cases);
  AppendSoftmin(cases);
  AppendCrossEntropy(cases);
  return cases;
}

}  // namespace minnow
