#include "minnow/bench/plain.h"

#include <algorithm>

#include "minnow/bench/works.h"
#include "minnow/core/simd.h"
#include "minnow/core/status.h"

namespace minnow {
namespace {

absl::StatusOr<NDArray> Ones(const Shape& shape) {
  MINNOW_ASSIGN_OR_RETURN(NDArray array,
                          NDArray::Zeros(shape, DType::kFloat32));
  const absl::Span<float> values = array.values<float>();
  std::fill(values.begin(), values.end(), 1.0f);
  return array;
}

}  // namespace

absl::StatusOr<PlainSgdMom> PlainSgdMom::Create(int64_t size, int threads) {
  PlainSgdMom plain;
  for (NDArray* array : {&plain.w_, &plain.g_, &plain.m_}) {
    MINNOW_ASSIGN_OR_RETURN(*array, Ones({size}));
  }
  plain.threads_ = std::make_unique<ThreadPool>(threads);
  return plain;
}

void PlainSgdMom::Run() {
  constexpr int64_t kMinPart = 1 << 13;
  const int64_t size = w_.num_elements();
  const int64_t part = std::max(size / threads_->num_threads() + 1, kMinPart);
  ParallelFor(*threads_, size, part, [this](int64_t begin, int64_t end) {
    Vectorize([n = end - begin, w = w_.values<float>().data() + begin,
               g = g_.values<float>().data() + begin,
               m = m_.values<float>().data() + begin]() MINNOW_INLINE {
      for (int64_t i = 0; i < n; ++i) {
        m[i] = 0.9f * m[i] - 0.01f * g[i];
        w[i] += m[i];
      }
    });
  });
}

absl::StatusOr<PlainMlp> PlainMlp::Create(int64_t batch, int threads) {
  PlainMlp plain;
  plain.threads_ = std::make_unique<ThreadPool>(threads);
  const std::vector<int64_t>& layers = MlpStepLayers();
  for (size_t i = 0; i + 1 < layers.size(); ++i) {
    const int64_t in = layers[i], out = layers[i + 1];
    MINNOW_ASSIGN_OR_RETURN(const NDArray data, Ones({batch, in}));
    MINNOW_ASSIGN_OR_RETURN(const NDArray weight, Ones({out, in}));
    MINNOW_ASSIGN_OR_RETURN(const NDArray head, Ones({batch, out}));
    plain.products_.push_back(
        {PlanMatMul<float>(batch, out, in, false, true), data, weight, head});
    plain.products_.push_back(
        {PlanMatMul<float>(out, in, batch, true, false), head, data, weight});
    if (i == 0) continue;
    plain.products_.push_back(
        {PlanMatMul<float>(batch, in, out, false, false), head, weight, data});
  }
  return plain;
}

absl::Status PlainMlp::Run() {
  RunContext context;
  context.threads = threads_.get();
  for (const Product& p : products_) {
    MINNOW_RETURN_IF_ERROR(MatMul<float>(
        context, p.plan, p.a.values<float>().data(), p.b.values<float>().data(),
        /*bias=*/nullptr, p.c.values<float>().data()));
  }
  return absl::OkStatus();
}

}  // namespace minnow
