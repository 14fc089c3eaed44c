// Rows of Pooling.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "minnow/ops/pooling.h"
#include "minnow/tests/op_movement.h"

namespace minnow {
namespace {

using Inputs = absl::Span<const TestArray>;

// What the formulas take of the attributes, written out: one number for each
// spatial axis.
struct Window {
  std::vector<int64_t> kernel, stride, pad;
  size_t first_axis;
};

Window WindowOf(const PoolingAttrs& a, const Shape& data) {
  const bool last = a.layout.has_value() && *a.layout >= Layout::kNwc;
  const size_t axes = data.rank() - 2;
  Window w = {a.kernel, a.stride, a.pad, last ? size_t{1} : size_t{2}};
  if (w.stride.empty()) w.stride.assign(axes, 1);
  if (w.pad.empty()) w.pad.assign(axes, 0);
  if (a.global_pool) {
    w.kernel.clear();
    for (size_t k = 0; k < axes; ++k)
      w.kernel.push_back(data[w.first_axis + k]);
    w.stride.assign(axes, 1);
    w.pad.assign(axes, 0);
  }
  return w;
}

Shape PooledShape(const PoolingAttrs& a, const Shape& data) {
  const Window w = WindowOf(a, data);
  Shape out = data;
  for (size_t k = 0; k < w.kernel.size(); ++k) {
    const int64_t size = data[w.first_axis + k];
    // Windows are counted one by one.
    int64_t count = 0;
    for (int64_t begin = -w.pad[k];; begin += w.stride[k]) {
      const int64_t behind = size + w.pad[k];
      if (a.pooling_convention == PoolingConvention::kSame) {
        if (begin >= size) break;
      } else if (begin + w.kernel[k] > behind) {
        const int64_t covered = begin - w.stride[k] + w.kernel[k];
        const bool full = a.pooling_convention == PoolingConvention::kFull;
        count += full && covered < behind;
        break;
      }
      ++count;
    }
    out.set(w.first_axis + k, count);
  }
  return out;
}

// The elements of a window, in order, and what a mean divides by.
struct Elements {
  std::vector<size_t> indices;
  double count = 0;
};

Elements ElementsOf(const PoolingAttrs& a, const Shape& data,
                    const Place& out) {
  const Window w = WindowOf(a, data);
  Elements elements;
  const Shape kernel(absl::MakeConstSpan(w.kernel));
  ForEachPlace(kernel, [&](size_t, const Place& p) {
    Place place = out;
    bool inside = true;
    bool counted = a.count_include_pad.value_or(true);
    for (size_t k = 0; k < p.size(); ++k) {
      int64_t& i = place[w.first_axis + k];
      i = i * w.stride[k] - w.pad[k] + p[k];
      const int64_t size = data[w.first_axis + k];
      inside &= i >= 0 && i < size;
      counted &= i < size + w.pad[k];
    }
    elements.count += inside || counted;
    if (inside) elements.indices.push_back(IndexOf(place, data));
  });
  elements.count = std::max(1.0, elements.count);
  return elements;
}

double Power(const PoolingAttrs& a) {
  return a.pool_type == PoolType::kLp ? static_cast<double>(*a.p_value) : 1.0;
}

TestArray NaivePooling(const PoolingAttrs& a, const TestArray& x) {
  TestArray out{.shape = PooledShape(a, x.shape)};
  const double p = Power(a);
  ForEachPlace(out.shape, [&](size_t, const Place& place) {
    const Elements window = ElementsOf(a, x.shape, place);
    double sum = 0, max = -std::numeric_limits<double>::infinity();
    for (size_t i : window.indices) {
      sum += std::pow(x.values[i], p);
      max = std::max(max, x.values[i]);
    }
    if (a.pool_type == PoolType::kAvg) sum /= window.count;
    if (p == 2) sum = std::sqrt(sum);
    if (p == 3) sum = std::cbrt(sum);
    out.values.push_back(a.pool_type == PoolType::kMax ? max : sum);
  });
  return out;
}

// Of (head, data, out).
TestArray NaivePoolingBackward(const PoolingAttrs& a, Inputs in) {
  const TestArray &head = in[0], &x = in[1], &out = in[2];
  TestArray grad{.shape = x.shape, .values = {}};
  grad.values.resize(x.values.size());
  ForEachPlace(out.shape, [&](size_t k, const Place& place) {
    const Elements window = ElementsOf(a, x.shape, place);
    for (size_t i : window.indices) {
      switch (a.pool_type) {
        case PoolType::kMax:
          if (x.values[i] != out.values[k]) continue;
          grad.values[i] += head.values[k];
          return;
        case PoolType::kAvg:
          grad.values[i] += head.values[k] / window.count;
          break;
        case PoolType::kSum:
          grad.values[i] += head.values[k];
          break;
        case PoolType::kLp:
          if (Power(a) > 1 && out.values[k] == 0) break;
          grad.values[i] += head.values[k] *
                            std::pow(x.values[i] / out.values[k], Power(a) - 1);
          break;
      }
    }
  });
  return grad;
}

// Multiples of 1/8, which all types have, in no order: maxima that are not
// unique are among them.
std::vector<double> Eighths(int64_t count) {
  std::vector<double> values;
  for (int64_t i = 0; i < count; ++i) {
    values.push_back(static_cast<double>(i * 37 % 29 - 14) / 8);
  }
  return values;
}

void AppendPooling(const char* label, const PoolingAttrs& a, const Shape& data,
                   const Shape& large, std::vector<OpCase>& cases) {
  // Differences need smooth norms.
  const double low = a.pool_type == PoolType::kLp ? 0.25 : -2;
  OpCase forward = {
      .op = "Pooling",
      .label = label,
      .attrs = a,
      .inputs = {{.shape = data, .low = low}},
      .formula = [=](Inputs in) { return std::vector{NaivePooling(a, in[0])}; },
      .magnitude = large.known_rank() ? 50.0 : 8.0};
  if (a.pool_type == PoolType::kMax) forward.magnitude = 0;
  if (large.known_rank()) forward.large = {large};
  cases.push_back(std::move(forward));
  TestArray x{.shape = data, .values = Eighths(data.num_elements())};
  TestArray out = NaivePooling(a, x);
  OpCase backward = {
      .op = "_backward_Pooling",
      .label = label,
      .attrs = a,
      .inputs = {{.shape = out.shape}, {.shape = data}, {.shape = out.shape}},
      .formula =
          [=](Inputs in) { return std::vector{NaivePoolingBackward(a, in)}; },
      .tolerance = 8,
      .magnitude = 16};
  if (a.pool_type == PoolType::kLp) {
    backward.inputs[2].low = 0.5;
  } else {
    // The maxima are maxima.
    backward.inputs[1].values = x.values;
    backward.inputs[2].values = out.values;
  }
  if (large.known_rank()) {
    backward.large = {PooledShape(a, large), large, PooledShape(a, large)};
  }
  cases.push_back(std::move(backward));
}

void AppendPoolTypes(std::vector<OpCase>& cases) {
  const auto add = [&](const char* label, const PoolingAttrs& a) {
    AppendPooling(label, a, {2, 3, 7, 6}, {30, 5, 33, 40}, cases);
  };
  using enum PoolType;
  add("max", {.kernel = {3, 2}});
  add("max, stride 2", {.kernel = {3, 3}, .stride = {2, 2}, .pad = {1, 1}});
  add("max, stride 3", {.kernel = {2, 2}, .stride = {1, 3}, .pad = {0, 1}});
  add("avg", {.kernel = {3, 3}, .pool_type = kAvg, .pad = {1, 2}});
  add("avg without padding", {.kernel = {3, 3},
                              .pool_type = kAvg,
                              .stride = {2, 1},
                              .pad = {1, 2},
                              .count_include_pad = false});
  add("sum", {.kernel = {1, 4}, .pool_type = kSum, .stride = {2, 2}});
  for (int64_t p : {1, 2, 3}) {
    add("lp", {.kernel = {2, 3},
               .pool_type = kLp,
               .stride = {1, 2},
               .pad = {1, 1},
               .p_value = p});
  }
}

void AppendConventions(std::vector<OpCase>& cases) {
  for (PoolType type : {PoolType::kMax, PoolType::kAvg}) {
    AppendPooling("full",
                  {.kernel = {2, 3},
                   .pool_type = type,
                   .pooling_convention = PoolingConvention::kFull,
                   .stride = {3, 2},
                   .pad = {1, 1}},
                  {1, 2, 6, 6}, {}, cases);
    AppendPooling("same",
                  {.kernel = {3},
                   .pool_type = type,
                   .pooling_convention = PoolingConvention::kSame,
                   .stride = {2}},
                  {2, 2, 7}, {}, cases);
    AppendPooling("same for each element",
                  {.kernel = {4},
                   .pool_type = type,
                   .pooling_convention = PoolingConvention::kSame},
                  {1, 2, 5}, {}, cases);
  }
  // Behind the padding there are windows of no element.
  AppendPooling("full, of nothing",
                {.kernel = {1, 1},
                 .pool_type = PoolType::kAvg,
                 .pooling_convention = PoolingConvention::kFull,
                 .stride = {4, 3},
                 .count_include_pad = false},
                {1, 1, 3, 3}, {}, cases);
}

void AppendRanksAndLayouts(std::vector<OpCase>& cases) {
  for (PoolType type : {PoolType::kMax, PoolType::kAvg, PoolType::kLp}) {
    PoolingAttrs a = {.pool_type = type};
    if (type == PoolType::kLp) a.p_value = 2;
    a.kernel = {3};
    a.stride = {2};
    a.layout = Layout::kNcw;
    AppendPooling("one axis", a, {2, 3, 9}, {40, 50, 60}, cases);
    a.layout = Layout::kNwc;
    AppendPooling("one axis, channels last", a, {2, 9, 3}, {40, 60, 70}, cases);
    a.kernel = {2, 3};
    a.stride = {};
    a.pad = {1, 1};
    a.layout = Layout::kNhwc;
    AppendPooling("channels last", a, {2, 4, 5, 3}, {3, 20, 20, 130}, cases);
    a.kernel = {2, 3, 2};
    a.stride = {1, 2, 1};
    a.pad = {1, 0, 1};
    a.layout = Layout::kNcdhw;
    AppendPooling("three axes", a, {2, 2, 3, 5, 4}, {5, 9, 9, 10, 11}, cases);
    a.layout = Layout::kNdhwc;
    AppendPooling("three axes, channels last", a, {2, 3, 5, 4, 2}, {}, cases);
    // One channel lies as if channels came first.
    AppendPooling("one channel, last", a, {2, 3, 5, 4, 1}, {}, cases);
  }
}

void AppendWideWindows(std::vector<OpCase>& cases) {
  for (PoolType type : {PoolType::kMax, PoolType::kAvg, PoolType::kSum}) {
    AppendPooling("wide", {.kernel = {3, 40}, .pool_type = type, .pad = {1, 2}},
                  {1, 2, 4, 45}, {4, 9, 40, 45}, cases);
    // Windows that cover the last axes.
    AppendPooling("whole lines",
                  {.kernel = {2, 3, 4}, .pool_type = type, .pad = {1, 0, 0}},
                  {1, 2, 3, 3, 4}, {}, cases);
    PoolingAttrs global = {.pool_type = type, .global_pool = true};
    AppendPooling("global", global, {2, 3, 4, 10}, {50, 20, 8, 9}, cases);
    AppendPooling("global volume", global, {1, 2, 2, 3, 7}, {}, cases);
    global.kernel = {2};
    global.pad = {5};
    global.layout = Layout::kNwc;
    AppendPooling("global, channels last", global, {2, 5, 3}, {}, cases);
    global = {.kernel = {2}, .pool_type = type};
    AppendPooling("no example", global, {0, 3, 4}, {}, cases);
    AppendPooling("no channel", global, {2, 0, 4}, {}, cases);
  }
}

}  // namespace

std::vector<OpCase> PoolingOpCases() {
  std::vector<OpCase> cases;
  AppendPoolTypes(cases);
  AppendConventions(cases);
  AppendRanksAndLayouts(cases);
  AppendWideWindows(cases);
  return cases;
}

}  // namespace minnow
