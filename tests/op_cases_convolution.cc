// Rows of Convolution and Deconvolution.
#include <string>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "minnow/ops/convolution.h"
#include "minnow/ops/deconvolution.h"
#include "minnow/tests/op_movement.h"

namespace minnow {
namespace {

using Inputs = absl::Span<const TestArray>;
using Ints = std::vector<int64_t>;

Ints WrittenOut(const Ints& list, size_t axes, int64_t otherwise) {
  return list.empty() ? Ints(axes, otherwise) : list;
}

// What the attributes say, written out: one number for each spatial axis. The
// images that windows slide over, and those with a place for each window, are
// data and result, or, of a deconvolution, result and data.
struct Layer {
  Ints kernel, stride, dilate, pad;
  Shape images, places, weight;
  int64_t groups;

  int64_t Extent(size_t k) const { return (kernel[k] - 1) * dilate[k] + 1; }
};

template <typename A>
Layer WithoutShapes(const A& a) {
  const size_t axes = a.kernel.get().size();
  Layer layer = {a.kernel,
                 WrittenOut(a.stride, axes, 1),
                 WrittenOut(a.dilate, axes, 1),
                 WrittenOut(a.pad, axes, 0),
                 {},
                 {},
                 {},
                 a.num_group};
  return layer;
}

Layer AddWeight(Layer layer) {
  layer.weight = {layer.places[1], layer.images[1] / layer.groups};
  for (int64_t size : layer.kernel) layer.weight.push_back(size);
  return layer;
}

Layer LayerOf(const ConvolutionAttrs& a, const Shape& data) {
  Layer layer = WithoutShapes(a);
  layer.images = data;
  layer.places = {data[0], a.num_filter};
  for (size_t k = 0; k < layer.kernel.size(); ++k) {
    int64_t count = 0;
    // Windows are counted one by one.
    for (int64_t end = layer.Extent(k) - layer.pad[k];
         end <= data[k + 2] + layer.pad[k]; end += layer.stride[k]) {
      ++count;
    }
    layer.places.push_back(count);
  }
  return AddWeight(std::move(layer));
}

Layer LayerOf(const DeconvolutionAttrs& a, const Shape& data) {
  Layer layer = WithoutShapes(a);
  layer.places = data;
  layer.images = {data[0], a.num_filter};
  for (size_t k = 0; k < layer.kernel.size(); ++k) {
    const int64_t covered =
        (data[k + 2] - 1) * layer.stride[k] + layer.Extent(k);
    if (a.target_shape.empty()) {
      layer.images.push_back(covered - 2 * layer.pad[k] +
                             (a.adj.empty() ? 0 : a.adj[k]));
    } else {
      layer.images.push_back(a.target_shape[k]);
      layer.pad[k] = (covered - a.target_shape[k] + 1) / 2;
    }
  }
  return AddWeight(std::move(layer));
}

// Calls f(image, weight, place) with the indices of the elements that belong
// together: one factor, another, and where the product of both goes.
template <typename F>
void ForEachProduct(const Layer& layer, const F& f) {
  ForEachPlace(layer.places, [&](size_t place, const Place& p) {
    const int64_t group = p[1] / (layer.places[1] / layer.groups);
    Shape filter = layer.weight;
    filter.set(0, 1);
    ForEachPlace(filter, [&](size_t, const Place& tap) {
      Place weight = tap, image = p;
      weight[0] = p[1];
      image[1] = group * layer.weight[1] + tap[1];
      bool inside = true;
      for (size_t k = 2; k < p.size(); ++k) {
        image[k] = p[k] * layer.stride[k - 2] - layer.pad[k - 2] +
                   tap[k] * layer.dilate[k - 2];
        inside &= image[k] >= 0 && image[k] < layer.images[k];
      }
      if (!inside) return;
      f(IndexOf(image, layer.images), IndexOf(weight, layer.weight), place);
    });
  });
}

TestArray Zeros(const Shape& shape) {
  TestArray zeros{.shape = shape, .values = {}};
  zeros.values.resize(static_cast<size_t>(shape.num_elements()));
  return zeros;
}

void AddBias(const TestArray& bias, TestArray& out) {
  ForEachPlace(out.shape, [&](size_t i, const Place& place) {
    out.values[i] += bias.values[static_cast<size_t>(place[1])];
  });
}

// Of images, weight and places, the array that is missing.
TestArray Places(const Layer& layer, const TestArray& images,
                 const TestArray& weight) {
  TestArray places = Zeros(layer.places);
  ForEachProduct(layer, [&](size_t x, size_t w, size_t y) {
    places.values[y] += images.values[x] * weight.values[w];
  });
  return places;
}

TestArray Images(const Layer& layer, const TestArray& places,
                 const TestArray& weight) {
  TestArray images = Zeros(layer.images);
  ForEachProduct(layer, [&](size_t x, size_t w, size_t y) {
    images.values[x] += places.values[y] * weight.values[w];
  });
  return images;
}

TestArray Weight(const Layer& layer, const TestArray& images,
                 const TestArray& places) {
  TestArray weight = Zeros(layer.weight);
  ForEachProduct(layer, [&](size_t x, size_t w, size_t y) {
    weight.values[w] += images.values[x] * places.values[y];
  });
  return weight;
}

// The layer and its gradients for this shape of data, and perhaps for a large
// one, which the kernels cut into blocks.
template <typename A>
void AppendLayer(const char* label, A a, const Shape& data, const Shape& large,
                 std::vector<OpCase>& cases) {
  constexpr bool kDeconvolves = std::is_same_v<A, DeconvolutionAttrs>;
  const std::string name = kDeconvolves ? "Deconvolution" : "Convolution";
  const auto out_of = [](const Layer& layer) {
    return kDeconvolves ? layer.images : layer.places;
  };
  const auto row = [&](const std::string& op, const auto& shapes_for,
                       Formula formula) {
    OpCase c = {.op = op, .label = label, .attrs = a};
    for (const Shape& x : shapes_for(data)) c.inputs.push_back({.shape = x});
    c.formula = std::move(formula);
    // Of large arrays, long sums.
    c.magnitude = large.known_rank() ? 4000 : 8;
    if (large.known_rank()) c.large = shapes_for(large);
    cases.push_back(std::move(c));
  };
  row(
      name,
      [&](const Shape& x) {
        std::vector<Shape> all = {x, LayerOf(a, x).weight};
        if (!a.no_bias) all.push_back({a.num_filter});
        return all;
      },
      [a](Inputs in) {
        const Layer layer = LayerOf(a, in[0].shape);
        TestArray out = kDeconvolves ? Images(layer, in[0], in[1])
                                     : Places(layer, in[0], in[1]);
        if (!a.no_bias) AddBias(in[2], out);
        return std::vector{std::move(out)};
      });
  a.no_bias = true;
  row(
      absl::StrCat("_backward_", name, "_data"),
      [&](const Shape& x) {
        const Layer layer = LayerOf(a, x);
        return std::vector{out_of(layer), layer.weight, x};
      },
      [a](Inputs in) {
        const Layer layer = LayerOf(a, in[2].shape);
        return std::vector{kDeconvolves ? Places(layer, in[0], in[1])
                                        : Images(layer, in[0], in[1])};
      });
  row(
      absl::StrCat("_backward_", name, "_weight"),
      [&](const Shape& x) {
        const Layer layer = LayerOf(a, x);
        return std::vector{out_of(layer), x, layer.weight};
      },
      [a](Inputs in) {
        const Layer layer = LayerOf(a, in[1].shape);
        return std::vector{kDeconvolves ? Weight(layer, in[0], in[1])
                                        : Weight(layer, in[1], in[0])};
      });
}

void AppendConvolutions(std::vector<OpCase>& cases) {
  const auto add = [&](const char* label, const ConvolutionAttrs& a,
                       const Shape& data, const Shape& large = {}) {
    AppendLayer(label, a, data, large, cases);
  };
  add("3x3", {.kernel = {3, 3}, .num_filter = 4, .pad = {1, 1}}, {2, 3, 5, 4},
      {9, 3, 40, 33});
  add("no bias", {.kernel = {3, 2}, .num_filter = 3, .no_bias = true},
      {2, 2, 4, 5});
  add("1x1", {.kernel = {1, 1}, .num_filter = 5}, {2, 3, 2, 4},
      {8, 16, 20, 21});
  add("stride and padding",
      {.kernel = {3, 2}, .num_filter = 2, .stride = {2, 3}, .pad = {1, 2}},
      {2, 3, 6, 5}, {4, 5, 50, 61});
  add("dilated",
      {.kernel = {2, 3},
       .num_filter = 3,
       .stride = {1, 2},
       .dilate = {3, 2},
       .pad = {2, 1}},
      {1, 2, 6, 7});
  add("padding wider than the kernel",
      {.kernel = {2, 1}, .num_filter = 2, .pad = {3, 2}}, {1, 2, 3, 2});
  add("groups",
      {.kernel = {3, 3}, .num_filter = 6, .pad = {1, 1}, .num_group = 2},
      {2, 4, 4, 3}, {5, 16, 20, 20});
  add("depthwise",
      {.kernel = {3, 3},
       .num_filter = 4,
       .stride = {2, 2},
       .pad = {1, 1},
       .num_group = 4,
       .no_bias = true},
      {2, 4, 5, 5}, {3, 4, 60, 61});
  add("one axis",
      {.kernel = {3},
       .num_filter = 4,
       .stride = {2},
       .pad = {1},
       .layout = Layout::kNcw},
      {2, 3, 9}, {6, 20, 301});
  add("three axes",
      {.kernel = {2, 3, 2},
       .num_filter = 2,
       .stride = {1, 2, 1},
       .dilate = {1, 1, 2},
       .pad = {1, 0, 1},
       .layout = Layout::kNcdhw},
      {1, 2, 3, 5, 4}, {3, 4, 8, 9, 10});
  add("one channel", {.kernel = {5, 5}, .num_filter = 3}, {2, 1, 7, 6},
      {20, 1, 28, 28});
  // Cut by channels, as there is one example.
  add("one example", {.kernel = {3, 3}, .num_filter = 48}, {1, 2, 3, 4},
      {1, 16, 16, 16});
  add("no example", {.kernel = {2, 2}, .num_filter = 3}, {0, 2, 3, 3});
  add("no channel", {.kernel = {2}, .num_filter = 2}, {2, 0, 3});
  // A kernel costs nothing where there is no element.
  add("no channel, huge kernel", {.kernel = {2000000000}, .num_filter = 2},
      {2, 0, 2000000001});
}

void AppendDeconvolutions(std::vector<OpCase>& cases) {
  const auto add = [&](const char* label, const DeconvolutionAttrs& a,
                       const Shape& data, const Shape& large = {}) {
    AppendLayer(label, a, data, large, cases);
  };
  add("4x4",
      {.kernel = {4, 4}, .num_filter = 3, .stride = {2, 2}, .pad = {1, 1}},
      {2, 4, 3, 5}, {7, 6, 20, 23});
  add("bias", {.kernel = {3, 2}, .num_filter = 4, .no_bias = false},
      {2, 3, 4, 3}, {1, 20, 30, 30});
  add("adj",
      {.kernel = {2, 3},
       .num_filter = 2,
       .stride = {3, 2},
       .pad = {0, 1},
       .adj = {2, 1}},
      {2, 3, 3, 4});
  add("dilated",
      {.kernel = {3, 2},
       .num_filter = 2,
       .stride = {2, 1},
       .dilate = {2, 3},
       .pad = {1, 1}},
      {1, 2, 3, 4});
  // Padding and adj follow, along both axes, and those given have no effect.
  add("target",
      {.kernel = {3, 4},
       .num_filter = 2,
       .stride = {2, 2},
       .pad = {5, 5},
       .adj = {9, 9},
       .target_shape = {6, 9},
       .no_bias = false},
      {2, 3, 3, 4});
  add("groups",
      {.kernel = {3, 3}, .num_filter = 6, .stride = {2, 1}, .num_group = 2},
      {2, 4, 3, 3}, {4, 8, 20, 20});
  add("depthwise",
      {.kernel = {4, 4},
       .num_filter = 3,
       .stride = {2, 2},
       .pad = {1, 1},
       .num_group = 3,
       .no_bias = false},
      {2, 3, 3, 4}, {3, 3, 40, 41});
  add("one axis", {.kernel = {3}, .num_filter = 4, .stride = {2}}, {2, 3, 5},
      {8, 20, 200});
  add("three axes",
      {.kernel = {2, 3, 2},
       .num_filter = 2,
       .stride = {1, 2, 1},
       .pad = {1, 0, 0}},
      {1, 2, 3, 2, 3});
  add("no example", {.kernel = {2, 2}, .num_filter = 3}, {0, 2, 3, 3});
  add("no channel", {.kernel = {2}, .num_filter = 2, .no_bias = false},
      {2, 0, 3});
}

}  // namespace

std::vector<OpCase> ConvolutionOpCases() {
  std::vector<OpCase> cases;
  AppendConvolutions(cases);
  AppendDeconvolutions(cases);
  return cases;
}

}  // namespace minnow
