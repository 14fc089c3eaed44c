#include "minnow/tests/op_cases.h"

#include <utility>

namespace minnow {

std::ostream& operator<<(std::ostream& os, const OpCase& c) {
  os << c.op;
  if (!c.label.empty()) os << " (" << c.label << ")";
  return os;
}

std::vector<OpCase> AllOpCases() {
  std::vector<OpCase> all;
  for (auto* family :
       {BatchNormOpCases,  BinaryOpCases,      ConvolutionOpCases,
        DotOpCases,        ElementwiseOpCases, IndexingOpCases,
        JoinOpCases,       LeakyOpCases,       NormOpCases,
        OptimizerOpCases,  OrderOpCases,       OutputOpCases,
        PadOpCases,        PickOpCases,        PoolingOpCases,
        ProductOpCases,    RandomOpCases,      RavelOpCases,
        ReductionOpCases,  RepeatOpCases,      RowsOpCases,
        SequenceOpCases,   ShapeOpCases,       SliceOpCases,
        SoftmaxOpCases,    SumOpCases,         UnaryOpCases,
        UpSamplingOpCases, UpdateOpCases}) {
    for (OpCase& c : family()) all.push_back(std::move(c));
  }
  return all;
}

Formula Elementwise(std::function<double(double)> f) {
  return [f = std::move(f)](absl::Span<const TestArray> in) {
    TestArray out{.shape = in[0].shape};
    for (double x : in[0].values) out.values.push_back(f(x));
    return std::vector{std::move(out)};
  };
}

Formula Elementwise(std::function<double(double, double)> f) {
  return [f = std::move(f)](absl::Span<const TestArray> in) {
    TestArray out{.shape = in[0].shape};
    for (size_t i = 0; i < in[0].values.size(); ++i) {
      out.values.push_back(f(in[0].values[i], in[1].values[i]));
    }
    return std::vector{std::move(out)};
  };
}

OpCase UnaryCase(const char* op, double (*f)(double), double low, double high) {
  return {.op = op,
          .inputs = {{.shape = {3, 4}, .low = low, .high = high}},
          .formula = Elementwise(f),
          .elementwise = true};
}

OpCase SpecialCase(const char* op, double (*f)(double),
                   std::vector<double> values) {
  const Shape shape{static_cast<int64_t>(values.size())};
  return {.op = op,
          .label = "special values",
          .inputs = {{.shape = shape,
                      .values = std::move(values),
                      .differentiable = false}},
          .formula = Elementwise(f),
          .only_floating = true};
}

GradientFormula ZeroGradient() {
  return [](absl::Span<const TestArray> in, absl::Span<const TestArray>) {
    std::vector<TestArray> zeros(in.begin(), in.end());
    for (TestArray& x : zeros) x.values.assign(x.values.size(), 0.0);
    return zeros;
  };
}

int64_t BroadcastIndex(int64_t i, const Shape& to, const Shape& from) {
  int64_t index = 0;
  int64_t stride = 1;
  for (size_t k = 1; k <= to.rank(); ++k) {
    const int64_t coordinate = i % to[to.rank() - k];
    i /= to[to.rank() - k];
    if (k > from.rank()) continue;
    const int64_t dim = from[from.rank() - k];
    if (dim != 1) index += coordinate * stride;
    stride *= dim;
  }
  return index;
}

}  // namespace minnow
