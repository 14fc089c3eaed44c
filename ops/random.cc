#include "minnow/ops/random.h"

#include <array>
#include <limits>
#include <utility>
#include <vector>

#include "minnow/core/attr_value.h"
#include "minnow/core/distributions.h"
#include "minnow/core/status.h"
#include "minnow/graph/op_def.h"
#include "minnow/ops/any_dtype.h"
#include "minnow/ops/random_kernels.h"

namespace minnow {
namespace {

// The parameters of a distribution, in the order of their fields.
template <typename A>
std::array<double, 2> ParamsOf(const A& a) {
  if constexpr (requires { a.high; }) {
    return {a.low, a.high};
  } else if constexpr (requires { a.scale; }) {
    return {a.loc, a.scale};
  } else if constexpr (requires { a.beta; }) {
    return {a.alpha, a.beta};
  } else if constexpr (requires { a.k; }) {
    return {static_cast<double>(a.k), a.p};
  } else if constexpr (requires { a.mu; }) {
    return {a.mu, a.alpha};
  } else {
    return {a.lam, 0};
  }
}

absl::Status CheckParams(Distribution d, const std::array<double, 2>& params,
                         const Attrs& attrs) {
  for (size_t i = 0; i < NumParams(d); ++i) {
    const char* expected = ExpectedParam(d, i, params[i]);
    if (expected == nullptr) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "attribute '", attrs.type()->fields[i].name, "': expected ", expected,
        ", found ", AttrText(AttrScalar(params[i]))));
  }
  return absl::OkStatus();
}

void Fill(const RunContext& context, Distribution d,
          const std::array<double, 2>& params, const AnyArray& out) {
  SampleRows(context, d, {DType::kFloat64, {&params[0], &params[1]}, 1},
             out.dtype, out.data, out.size);
}

template <Distribution d, typename A>
absl::Status FillShape(const RunContext& context, const A& attrs,
                       AnyOut<0> out) {
  Fill(context, d, ParamsOf(attrs), out);
  return absl::OkStatus();
}

template <Distribution d, typename A>
absl::Status FillLike(const RunContext& context, const A& attrs, AnyIn<0>,
                      AnyOut<0> out) {
  Fill(context, d, ParamsOf(attrs), out);
  return absl::OkStatus();
}

template <Distribution d, typename A>
OpDef RandomOp(const char* name, std::vector<std::string> aliases,
               const char* doc) {
  return {
      .name = name,
      .aliases = std::move(aliases),
      .doc = doc,
      .attrs = AttrsTypeOf<A>(),
      .inputs = {},
      .shape = [](ShapeInference& node) -> absl::Status {
        MINNOW_RETURN_IF_ERROR(
            CheckParams(d, ParamsOf(node.attrs<A>()), node.untyped_attrs()));
        return node.MergeOutput(0, node.attrs<A>().shape);
      },
      .dtype =
          [](DTypeInference& node) {
            return MergeSampleDType(node, node.attrs<A>().dtype);
          },
      .gradient = [](const GradientContext&) -> std::vector<Symbol> {
        return {};
      },
      .kernels = AnyKernels<FillShape<d, A>>(FloatTypes()),
      .random = true,
  };
}

template <Distribution d, typename A>
OpDef RandomLikeOp(const char* name, const char* doc) {
  return {
      .name = name,
      .doc = absl::StrCat(doc, ", in the shape and type of data"),
      .attrs = AttrsTypeOf<A>(),
      .inputs = {{"data", Access::kUnread}},
      .shape = [](ShapeInference& node) -> absl::Status {
        MINNOW_RETURN_IF_ERROR(
            CheckParams(d, ParamsOf(node.attrs<A>()), node.untyped_attrs()));
        return SameShape(node);
      },
      .gradient = [](const GradientContext&) -> std::vector<Symbol> {
        return {Symbol{}};
      },
      .kernels = AnyKernels<FillLike<d, A>>(FloatTypes()),
      .random = true,
  };
}

// The operator and its _like.
template <Distribution d, typename A, typename LikeA>
void AddRandomOps(const char* name, std::vector<std::string> aliases,
                  const char* like_name, const char* doc,
                  std::vector<OpDef>& ops) {
  ops.push_back(RandomOp<d, A>(name, std::move(aliases), doc));
  ops.push_back(RandomLikeOp<d, LikeA>(like_name, doc));
}

template <typename T>
absl::Status FillRandint(const RunContext& context,
                         const RandomRandintAttrs& attrs, Dense<T> out) {
  const PhiloxGenerator random(context.random);
  const auto low = static_cast<uint64_t>(attrs.low.get());
  const uint64_t range = static_cast<uint64_t>(attrs.high.get()) - low;
  ParallelFor(
      *context.threads, out.size(), 1 << 13, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          out.data()[i] = static_cast<T>(
              low + UniformBelow(random, static_cast<uint64_t>(i), range));
        }
      });
  return absl::OkStatus();
}

absl::Status InferRandintShape(ShapeInference& node) {
  const auto& a = node.attrs<RandomRandintAttrs>();
  if (a.low >= a.high) {
    return absl::InvalidArgumentError(
        absl::StrCat("attribute 'high': expected more than low = ", a.low.get(),
                     ", found ", a.high.get()));
  }
  return node.MergeOutput(0, a.shape);
}

absl::Status InferRandintDType(DTypeInference& node) {
  const auto& a = node.attrs<RandomRandintAttrs>();
  const DType dtype = a.dtype.value_or(DType::kInt32);
  if (dtype != DType::kInt32 && dtype != DType::kInt64) {
    return absl::InvalidArgumentError(
        absl::StrCat("attribute 'dtype': expected int32, int64 or None, found ",
                     DTypeName(dtype)));
  }
  using Limits = std::numeric_limits<int32_t>;
  if (dtype == DType::kInt32 &&
      (a.low < Limits::min() || a.high - 1 > Limits::max())) {
    return absl::InvalidArgumentError(
        absl::StrCat("attribute 'dtype': expected int64 for numbers in [",
                     a.low.get(), ", ", a.high.get(), "), found int32"));
  }
  return node.MergeOutput(0, dtype);
}

OpDef RandintOp() {
  return {
      .name = "_random_randint",
      .aliases = {"_npi_random_randint", "random_randint"},
      .doc = "out ~ integers in [low, high), each as likely as the others",
      .attrs = AttrsTypeOf<RandomRandintAttrs>(),
      .inputs = {},
      .shape = InferRandintShape,
      .dtype = InferRandintDType,
      .gradient = [](const GradientContext&) -> std::vector<Symbol> {
        return {};
      },
      .kernels = {KernelOf<FillRandint<int32_t>>(),
                  KernelOf<FillRandint<int64_t>>()},
      .random = true,
  };
}

}  // namespace

std::vector<OpDef> RandomOps() {
  using enum Distribution;
  std::vector<OpDef> ops;
  AddRandomOps<kUniform, RandomUniformAttrs, RandomUniformLikeAttrs>(
      "_random_uniform", {"random_uniform", "uniform"}, "_random_uniform_like",
      "out ~ Uniform[low, high)", ops);
  AddRandomOps<kNormal, RandomNormalAttrs, RandomNormalLikeAttrs>(
      "_random_normal", {"random_normal", "normal"}, "_random_normal_like",
      "out ~ Normal(loc, scale), scale being the standard deviation", ops);
  AddRandomOps<kExponential, RandomExponentialAttrs,
               RandomExponentialLikeAttrs>(
      "_random_exponential", {"random_exponential"}, "_random_exponential_like",
      "out ~ Exponential(lam), of mean 1 / lam", ops);
  AddRandomOps<kGamma, RandomGammaAttrs, RandomGammaLikeAttrs>(
      "_random_gamma", {"random_gamma"}, "_random_gamma_like",
      "out ~ Gamma(alpha, beta), of mean alpha * beta", ops);
  AddRandomOps<kPoisson, RandomPoissonAttrs, RandomPoissonLikeAttrs>(
      "_random_poisson", {"random_poisson"}, "_random_poisson_like",
      "out ~ Poisson(lam)", ops);
  AddRandomOps<kNegativeBinomial, RandomNegativeBinomialAttrs,
               RandomNegativeBinomialLikeAttrs>(
      "_random_negative_binomial", {"random_negative_binomial"},
      "_random_negative_binomial_like",
      "out ~ NegativeBinomial(k, p), of mean k * (1 - p) / p", ops);
  AddRandomOps<kGeneralizedNegativeBinomial,
               RandomGeneralizedNegativeBinomialAttrs,
               RandomGeneralizedNegativeBinomialLikeAttrs>(
      "_random_generalized_negative_binomial",
      {"random_generalized_negative_binomial"},
      "_random_generalized_negative_binomial_like",
      "out ~ NegativeBinomial, of mean mu and variance mu + alpha * mu^2", ops);
  ops.push_back(RandintOp());
  return ops;
}

}  // namespace minnow
