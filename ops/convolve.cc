#include "minnow/ops/convolve.h"

#include <type_traits>

#include "minnow/core/half.h"
#include "minnow/core/round_up.h"
#include "minnow/core/status.h"
#include "minnow/ops/convert_elements.h"
#include "minnow/ops/convolve_cut.h"
#include "minnow/ops/convolve_loops.h"
#include "minnow/ops/convolve_onednn.h"

namespace minnow {
namespace {

template <typename T>
inline constexpr bool kIsConverted = !std::is_same_v<T, ComputeType<T>>;

// Factors, bias, product.
std::array<int64_t, 4> SizesOf(const ConvolveGeometry& g,
                               ConvolveProduct product, bool bias) {
  const int64_t data = g.data_size(), weight = g.weight_size();
  const int64_t out = g.out_size();
  switch (product) {
    case ConvolveProduct::kData:
      return {out, weight, bias ? g.in_channels : 0, data};
    case ConvolveProduct::kWeight:
      return {out, data, 0, weight};
    case ConvolveProduct::kOut:
      break;
  }
  return {data, weight, bias ? g.out_channels : 0, out};
}

template <typename From, typename To>
void ConvertAll(ThreadPool& threads, const From* from, To* to, int64_t size) {
  constexpr int64_t kGrain = 1 << 14;
  ParallelFor(threads, size, kGrain, [&](int64_t begin, int64_t end) {
    ConvertElements(from + begin, to + begin, end - begin);
  });
}

// What was kept of the weight, or null.
const std::byte* KeptWeight(const ConvolvePlan& plan) {
  return plan.kept_weight == nullptr ? nullptr : plan.kept_weight->data();
}

// T is float or double.
template <typename T>
absl::Status Compute(const RunContext& context, const ConvolvePlan& plan,
                     const T* a, const T* b, const T* bias, T* c) {
  if constexpr (std::is_same_v<T, float>) {
    if (plan.onednn != nullptr) {
      return plan.onednn->Run(*context.threads, context.workspace.data(), a, b,
                              bias, c, KeptWeight(plan));
    }
  }
  ConvolveByLoops(*context.threads, plan, a, b, bias, c);
  return absl::OkStatus();
}

}  // namespace

template <typename T>
absl::StatusOr<ConvolvePlan> PlanConvolve(const ConvolveGeometry& geometry,
                                          ConvolveProduct product, bool bias) {
  ConvolvePlan plan = {.geometry = geometry,
                       .product = product,
                       .onednn = nullptr,
                       .taps = {},
                       .sizes = SizesOf(geometry, product, bias),
                       .copies = {},
                       .workspace_bytes = 0,
                       .flops = ConvolveFlops(geometry)};
  if (std::is_same_v<ComputeType<T>, float> &&
      OneDnnConvolve::Takes(geometry)) {
    MINNOW_ASSIGN_OR_RETURN(plan.onednn,
                            OneDnnConvolve::Create(geometry, product, bias));
    plan.workspace_bytes = plan.onednn->workspace_bytes();
  } else if (geometry.data_size() > 0 && geometry.weight_size() > 0 &&
             geometry.out_size() > 0) {
    // So there are at most as many taps as the weight has elements.
    for (size_t k = 0; k < plan.taps.size(); ++k) {
      plan.taps[k] = WindowTaps(geometry.axes[k]);
    }
  }
  if (!kIsConverted<T>) return plan;
  for (size_t i = 0; i < plan.sizes.size(); ++i) {
    plan.copies[i] = RoundUp(plan.workspace_bytes, 64);
    plan.workspace_bytes = plan.copies[i] + plan.sizes[i] * sizeof(float);
  }
  return plan;
}

template <typename T>
absl::Status Convolve(const RunContext& context, const ConvolvePlan& plan,
                      const T* a, const T* b, const T* bias, T* c) {
  if constexpr (!kIsConverted<T>) {
    return Compute(context, plan, a, b, bias, c);
  } else {
    const auto copy = [&](size_t i) {
      return reinterpret_cast<float*>(context.workspace.data() +
                                      plan.copies[i]);
    };
    const T* const from[] = {a, b, bias};
    for (size_t i = 0; i < 3; ++i) {
      // The weight is the second factor.
      if (i == 1 && plan.kept_weight != nullptr) continue;
      ConvertAll(*context.threads, from[i], copy(i), plan.sizes[i]);
    }
    const float* const copied_bias = bias == nullptr ? nullptr : copy(2);
    MINNOW_RETURN_IF_ERROR(
        Compute<float>(context, plan, copy(0), copy(1), copied_bias, copy(3)));
    ConvertAll(*context.threads, copy(3), c, plan.sizes[3]);
    return absl::OkStatus();
  }
}

template <typename T>
absl::StatusOr<ConvolvePlan> KeepWeight(const RunContext& context,
                                        ConvolvePlan plan, const T* weight) {
  if (plan.onednn == nullptr) return plan;
  const int64_t bytes = plan.onednn->packed_weight_bytes();
  if (bytes == 0) return plan;
  const float* from;
  Buffer converted;
  if constexpr (kIsConverted<T>) {
    const int64_t size = plan.geometry.weight_size();
    MINNOW_ASSIGN_OR_RETURN(
        converted,
        Buffer::Allocate(size * static_cast<int64_t>(sizeof(float))));
    auto* const floats = reinterpret_cast<float*>(converted.data());
    ConvertAll(*context.threads, weight, floats, size);
    from = floats;
  } else if constexpr (std::is_same_v<T, float>) {
    from = weight;
  } else {
    return plan;  // oneDNN has no part in it.
  }
  MINNOW_ASSIGN_OR_RETURN(Buffer packed, Buffer::Allocate(bytes));
  MINNOW_RETURN_IF_ERROR(
      plan.onednn->PackWeight(*context.threads, from, packed.data()));
  plan.kept_weight = std::make_shared<const Buffer>(std::move(packed));
  return plan;
}

#define MINNOW_INSTANTIATE(T)                                               \
  template absl::StatusOr<ConvolvePlan> PlanConvolve<T>(                    \
      const ConvolveGeometry&, ConvolveProduct, bool);                      \
  template absl::Status Convolve<T>(const RunContext&, const ConvolvePlan&, \
                                    const T*, const T*, const T*, T*);      \
  template absl::StatusOr<ConvolvePlan> KeepWeight<T>(const RunContext&,    \
                                                      ConvolvePlan, const T*);
MINNOW_INSTANTIATE(float)
MINNOW_INSTANTIATE(double)
MINNOW_INSTANTIATE(Float16)
MINNOW_INSTANTIATE(BFloat16)
#undef MINNOW_INSTANTIATE

}  // namespace minnow
