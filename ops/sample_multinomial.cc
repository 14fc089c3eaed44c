#include "minnow/ops/sample_multinomial.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "minnow/core/attr_value.h"
#include "minnow/core/distributions.h"
#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/compose.h"
#include "minnow/ops/convert_elements.h"
#include "minnow/ops/elementwise.h"
#include "minnow/ops/first_index.h"
#include "minnow/ops/sample_shape.h"

namespace minnow {
namespace {

// Rows of probabilities. The workspace holds a double for each.
struct Categories {
  int64_t rows, size;
  int64_t workspace_bytes;

  // Rows of a block of work.
  int64_t grain() const {
    return std::max<int64_t>(1, (1 << 13) / std::max<int64_t>(size, 1));
  }
};

absl::StatusOr<Categories> CategoriesOf(const Shape& data) {
  MINNOW_ASSIGN_OR_RETURN(int64_t bytes, data.CheckedBytes(DType::kFloat64));
  const size_t last = data.rank() - 1;
  return Categories{data.num_elements(0, last), data[last], bytes};
}

absl::StatusOr<Categories> PrepareSample(const Attrs&,
                                         absl::Span<const Shape> shapes) {
  return CategoriesOf(shapes[0]);
}

// Of (head, data, sample).
absl::StatusOr<Categories> PrepareBackward(const Attrs&,
                                           absl::Span<const Shape> shapes) {
  return CategoriesOf(shapes[1]);
}

// An array whose type is known at run time.
struct AnyArray {
  DType dtype;
  void* data;

  template <typename T>
  static AnyArray Of(Dense<T> array) {
    using Element = std::remove_const_t<T>;
    return {DTypeOf<Element>, const_cast<Element*>(array.data())};
  }
  void* at(int64_t i) const {
    return static_cast<std::byte*>(data) +
           i * static_cast<int64_t>(DTypeSize(dtype));
  }
};

// How far a sum of probabilities may be from one: what rounding of all of them
// to the type may do, with room to spare.
double SumTolerance(DType dtype) {
  switch (dtype) {
    case DType::kFloat64:
      return 0x1p-26;
    case DType::kFloat16:
      return 0x1p-5;
    case DType::kBFloat16:
      return 0x1p-3;
    default:
      return 0x1p-12;
  }
}

// sums[row, i] = the sum of the probabilities [0, i] of the row.
absl::Status SumUp(const RunContext& context, const Categories& categories,
                   const AnyArray& data, double* sums) {
  const int64_t size = categories.size;
  const double tolerance = SumTolerance(data.dtype);
  const int64_t bad = FirstIndex(
      *context.threads, categories.rows, categories.grain(), [&](int64_t row) {
        double* const line = sums + row * size;
        ConvertElements(data.dtype, data.at(row * size), DType::kFloat64, line,
                        size);
        double sum = 0;
        bool negative = false;
        for (int64_t i = 0; i < size; ++i) {
          negative |= line[i] < 0;
          line[i] = sum += line[i];
        }
        // Also if the sum is NaN.
        return negative || !(std::abs(sum - 1) <= tolerance);
      });
  if (bad == categories.rows) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "argument 'data': expected probabilities >= 0 whose sum is 1, found ",
      "others in row ", bad, ", whose sum is ",
      AttrText(AttrScalar(size == 0 ? 0.0 : sums[(bad + 1) * size - 1]))));
}

// The category that x in [0, 1] falls to; never one of probability 0.
int64_t CategoryAt(const double* sums, int64_t size, double x) {
  const double* const end = sums + size;
  x *= end[-1];
  // The product may be rounded to the whole sum.
  const double* const found = x < end[-1]
                                  ? std::upper_bound(sums, end, x)
                                  : std::lower_bound(sums, end, end[-1]);
  return found - sums;
}

// `prob`: the logarithms of the probabilities, or null.
absl::Status DrawCategories(const RunContext& context,
                            const Categories& categories, const AnyArray& data,
                            const AnyArray& out, const AnyArray* prob,
                            int64_t n) {
  auto* const sums = reinterpret_cast<double*>(context.workspace.data());
  MINNOW_RETURN_IF_ERROR(SumUp(context, categories, data, sums));
  if (n == 0) return absl::OkStatus();
  const PhiloxGenerator random(context.random);
  const int64_t row_draws = n / categories.rows;
  constexpr int64_t kGrain = 8 * kRandomTile;
  ParallelFor(*context.threads, n, kGrain, [&](int64_t begin, int64_t end) {
    double uniform[kRandomTile];
    int64_t drawn[kRandomTile];
    for (; begin < end; begin += kRandomTile) {
      FillUniform(random, static_cast<uint64_t>(begin / kRandomTile), uniform);
      const int64_t count = std::min(kRandomTile, end - begin);
      for (int64_t i = 0; i < count; ++i) {
        const int64_t row = (begin + i) / row_draws;
        drawn[i] = CategoryAt(sums + row * categories.size, categories.size,
                              uniform[i]);
      }
      ConvertElements(DType::kInt64, drawn, out.dtype, out.at(begin), count);
      if (prob == nullptr) continue;
      for (int64_t i = 0; i < count; ++i) {
        const int64_t row = (begin + i) / row_draws;
        double p = 0;
        ConvertElements(data.dtype, data.at(row * categories.size + drawn[i]),
                        DType::kFloat64, &p, 1);
        uniform[i] = std::log(p);
      }
      ConvertElements(DType::kFloat64, uniform, prob->dtype, prob->at(begin),
                      count);
    }
  });
  return absl::OkStatus();
}

template <typename P, typename T>
absl::Status Sample(const RunContext& context, const SampleMultinomialAttrs&,
                    const Categories& categories, Dense<const P> data,
                    Dense<T> out) {
  return DrawCategories(context, categories, AnyArray::Of(data),
                        AnyArray::Of(out), nullptr, out.size());
}

template <typename P, typename T>
absl::Status SampleWithProb(const RunContext& context,
                            const SampleMultinomialAttrs&,
                            const Categories& categories, Dense<const P> data,
                            Dense<T> out, Dense<P> prob) {
  const AnyArray probs = AnyArray::Of(prob);
  return DrawCategories(context, categories, AnyArray::Of(data),
                        AnyArray::Of(out), &probs, out.size());
}

// Each row is summed by one thread, in the order of its draws.
void Backward(const RunContext& context, const Categories& categories,
              const AnyArray& head, const AnyArray& data,
              const AnyArray& sample, int64_t n, const AnyArray& grad) {
  auto* const sums = reinterpret_cast<double*>(context.workspace.data());
  const int64_t size = categories.size;
  if (categories.rows == 0) return;
  const int64_t row_draws = n / categories.rows;
  ParallelFor(*context.threads, categories.rows, categories.grain(),
              [&](int64_t begin, int64_t end) {
                double heads[kTile];
                int64_t drawn[kTile];
                for (int64_t row = begin; row < end; ++row) {
                  double* const line = sums + row * size;
                  std::fill(line, line + size, 0.0);
                  for (int64_t first = 0; first < row_draws; first += kTile) {
                    const int64_t count = std::min(kTile, row_draws - first);
                    const int64_t at = row * row_draws + first;
                    ConvertElements(head.dtype, head.at(at), DType::kFloat64,
                                    heads, count);
                    ConvertElements(sample.dtype, sample.at(at), DType::kInt64,
                                    drawn, count);
                    for (int64_t i = 0; i < count; ++i) {
                      // Samples are inside; but this is an operator of its own.
                      line[std::clamp<int64_t>(drawn[i], 0, size - 1)] +=
                          heads[i];
                    }
                  }
                  for (int64_t i = 0; i < size; ++i) {
                    if (line[i] == 0) continue;
                    double p = 0;
                    ConvertElements(data.dtype, data.at(row * size + i),
                                    DType::kFloat64, &p, 1);
                    line[i] /= p;
                  }
                  ConvertElements(DType::kFloat64, line, grad.dtype,
                                  grad.at(row * size), size);
                }
              });
}

template <typename P, typename T>
absl::Status SampleBackward(const RunContext& context, const NoAttrs&,
                            const Categories& categories, Dense<const P> head,
                            Dense<const P> data, Dense<const T> sample,
                            Dense<P> grad) {
  Backward(context, categories, AnyArray::Of(head), AnyArray::Of(data),
           AnyArray::Of(sample), sample.size(), AnyArray::Of(grad));
  return absl::OkStatus();
}

// How many numbers of categories the type can tell apart.
int64_t MostCategories(DType dtype) {
  switch (dtype) {
    case DType::kBFloat16:
      return (1 << 8) + 1;
    case DType::kFloat16:
      return (1 << 11) + 1;
    case DType::kFloat32:
      return (1 << 24) + 1;
    case DType::kInt8:
      return 1 << 7;
    case DType::kUInt8:
      return 1 << 8;
    case DType::kBool:
      return 2;
    case DType::kInt32:
      return int64_t{1} << 31;
    default:
      return int64_t{1} << 53;
  }
}

absl::Status InferShape(ShapeInference& node) {
  const auto& a = node.attrs<SampleMultinomialAttrs>();
  const Shape& data = node.input(0);
  if (!data.known_rank()) return absl::OkStatus();
  if (data.rank() == 0) return node.InputError(0, "rank 1 or more");
  const int64_t size = data[data.rank() - 1];
  const int64_t most = MostCategories(a.dtype);
  if (size == 0) return node.InputError(0, "a last axis with elements");
  if (size > most) {
    return node.InputError(0, absl::StrCat("at most ", most, " categories for ",
                                           DTypeName(a.dtype), " numbers"));
  }
  const Shape rows(data.dims().subspan(0, data.rank() - 1));
  // One draw of one distribution has an axis, as in MXNet.
  const bool scalar =
      data.rank() == 1 && (!a.shape.known_rank() || a.shape.rank() == 0);
  for (size_t i = 0; i < node.num_outputs(); ++i) {
    MINNOW_RETURN_IF_ERROR(
        MergeSampleShape(node, i, rows, scalar ? Shape{1} : a.shape).status());
  }
  return absl::OkStatus();
}

absl::Status InferDType(DTypeInference& node) {
  MINNOW_RETURN_IF_ERROR(
      node.MergeOutput(0, node.attrs<SampleMultinomialAttrs>().dtype));
  if (node.num_outputs() == 1) return absl::OkStatus();
  MINNOW_RETURN_IF_ERROR(node.MergeOutput(1, node.input(0)));
  return node.MergeInput(0, node.output(1));
}

std::vector<Kernel> SampleKernels() {
  std::vector<Kernel> kernels;
  const auto add = [&]<typename P, typename... T>(Types<T...>) {
    (kernels.push_back(KernelOf<Sample<P, T>, PrepareSample>()), ...);
    (kernels.push_back(KernelOf<SampleWithProb<P, T>, PrepareSample>()), ...);
  };
  [&]<typename... P>(Types<P...>) {
    (add.template operator()<P>(NumberTypes()), ...);
  }(FloatTypes());
  return kernels;
}

std::vector<Kernel> BackwardKernels() {
  std::vector<Kernel> kernels;
  const auto add = [&]<typename P, typename... T>(Types<T...>) {
    (kernels.push_back(KernelOf<SampleBackward<P, T>, PrepareBackward>()), ...);
  };
  [&]<typename... P>(Types<P...>) {
    (add.template operator()<P>(NumberTypes()), ...);
  }(FloatTypes());
  return kernels;
}

OpDef SampleMultinomialOp() {
  return {
      .name = "_sample_multinomial",
      .aliases = {"sample_multinomial"},
      .doc =
          "out[p..., s...] = i with probability data[p..., i]; with get_prob "
          "also log(data[p..., out[p..., s...]])",
      .attrs = AttrsTypeOf<SampleMultinomialAttrs>(),
      .inputs = {"data"},
      .outputs = OutputDefs([](const Attrs& attrs) -> std::vector<std::string> {
        if (!attrs.As<SampleMultinomialAttrs>().get_prob) return {"out"};
        return {"out", "prob"};
      }),
      .shape = InferShape,
      .dtype = InferDType,
      .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
        const bool has_prob = node.attrs<SampleMultinomialAttrs>().get_prob;
        if (!has_prob || node.head(1).omitted()) return {Symbol{}};
        return {Compose("_backward_sample_multinomial",
                        {node.head(1), node.input(0), node.output(0)})};
      },
      .kernels = SampleKernels(),
      .random = true,
      .fails_on_data = true,
  };
}

OpDef BackwardOp() {
  return {
      .name = "_backward_sample_multinomial",
      .doc =
          "grad[p..., i] = sum of head[p..., s...] / data[p..., i] over the "
          "draws with sample[p..., s...] = i",
      .inputs = {"head", "data", "sample"},
      .outputs = {"grad"},
      .shape = [](ShapeInference& node) -> absl::Status {
        MINNOW_RETURN_IF_ERROR(node.MergeInput(0, node.input(2)));
        MINNOW_RETURN_IF_ERROR(node.MergeInput(2, node.input(0)));
        MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(1)));
        MINNOW_RETURN_IF_ERROR(node.MergeInput(1, node.output(0)));
        const Shape& data = node.input(1);
        if (!data.known()) return absl::OkStatus();
        if (data.rank() == 0 || data[data.rank() - 1] == 0) {
          return node.InputError(1, "a last axis with elements");
        }
        const Shape& sample = node.input(2);
        if (!sample.known()) return absl::OkStatus();
        const size_t rows = data.rank() - 1;
        if (sample.rank() < rows ||
            sample.dims().subspan(0, rows) != data.dims().subspan(0, rows)) {
          return node.InputError(2, "a shape that begins like that of data");
        }
        return absl::OkStatus();
      },
      .dtype = [](DTypeInference& node) -> absl::Status {
        for (size_t i = 0; i < 2; ++i) {
          MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(i)));
        }
        for (size_t i = 0; i < 2; ++i) {
          MINNOW_RETURN_IF_ERROR(node.MergeInput(i, node.output(0)));
        }
        return absl::OkStatus();
      },
      .kernels = BackwardKernels(),
  };
}

}  // namespace

namespace op {

Symbol SampleMultinomial(Symbol data, const SampleMultinomialAttrs& attrs,
                         NodeOptions options) {
  return Compose("_sample_multinomial", {data}, attrs, std::move(options));
}

}  // namespace op

std::vector<OpDef> SampleMultinomialOps() {
  return {SampleMultinomialOp(), BackwardOp()};
}

}  // namespace minnow
