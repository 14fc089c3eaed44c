// How OneDnnConvolve runs; how it is made is in convolve_onednn.cc.
#include <atomic>
#include <initializer_list>

#include "minnow/core/simd.h"
#include "minnow/ops/convolve_onednn.h"

namespace minnow {
namespace {

dnnl_status_t Run(const OneDnn<dnnl_primitive_t>& primitive,
                  const OneDnn<dnnl_stream_t>& stream,
                  std::initializer_list<dnnl_exec_arg_t> args) {
  return dnnl_primitive_execute(primitive.get(), stream.get(),
                                static_cast<int>(args.size()), args.begin());
}

dnnl_status_t SetHandle(const OneDnn<dnnl_memory_t>& memory, void* to,
                        const OneDnn<dnnl_stream_t>& stream) {
  return dnnl_memory_set_data_handle_v2(memory.get(), to, stream.get());
}

// Calls f(i) for each i, in parallel, and returns an error of any.
template <typename F>
dnnl_status_t ForEach(ThreadPool& threads, int64_t count, const F& f) {
  std::atomic<dnnl_status_t> status = dnnl_success;
  ParallelFor(threads, count, 1, [&](int64_t begin, int64_t end) {
    const SingleOpenMpThread single;
    for (int64_t i = begin; i < end; ++i) {
      const dnnl_status_t result = f(i);
      if (result != dnnl_success) status = result;
    }
  });
  return status;
}

void AddTo(float* to, const float* from, int64_t n) {
  Vectorize([=]() MINNOW_INLINE {
    for (int64_t i = 0; i < n; ++i) to[i] += from[i];
  });
}

}  // namespace

int64_t OneDnnConvolve::First(Array array, int64_t part, int64_t chunk) const {
  const ConvolveGeometry& g = geometry_;
  const int64_t example = chunk * cut_.chunk;
  // An array that is not cut begins with its first channel.
  const int64_t in = cut_.part_in < g.in_channels ? part * cut_.part_in : 0;
  const int64_t out = cut_.part_out < g.out_channels ? part * cut_.part_out : 0;
  switch (array) {
    case kData:
      return (example * g.in_channels + in) * g.in_places();
    case kOut:
      return (example * g.out_channels + out) * g.out_places();
    case kWeight:
      break;
  }
  return (out * g.group_in() + (g.groups > 1 ? 0 : in)) * g.taps();
}

std::byte* OneDnnConvolve::WantedWeight(const Call& call, int64_t block) const {
  const Layouts& layouts = layouts_[kWeight];
  const int64_t part = cut_.PartOf(block);
  const bool sums = product_ == ConvolveProduct::kWeight;
  int64_t index = sums ? block : part;
  if (!layouts.reorder.exists()) {
    if (!sums || block < cut_.parts) {
      return reinterpret_cast<std::byte*>(call.arrays[kWeight] +
                                          First(kWeight, part, 0));
    }
    index -= cut_.parts;
  }
  return call.weights + index * layouts.bytes;
}

dnnl_status_t OneDnnConvolve::Reorder(const Block& block, Array array) const {
  const Memories& m = block.arrays[array];
  const bool is_result = array == result();
  return minnow::Run(layouts_[array].reorder, block.stream,
                     {{DNNL_ARG_FROM, (is_result ? m.wanted : m.given).get()},
                      {DNNL_ARG_TO, (is_result ? m.given : m.wanted).get()}});
}

// By the block of the first run, whose weight is that of the part.
dnnl_status_t OneDnnConvolve::ReorderWeight(const Call& call,
                                            int64_t part) const {
  const Block& block = blocks_[part];
  const Memories& m = block.arrays[kWeight];
  dnnl_status_t status = SetHandle(
      m.given, call.arrays[kWeight] + First(kWeight, part, 0), block.stream);
  KeepError(SetHandle(m.wanted, WantedWeight(call, part), block.stream),
            status);
  if (status != dnnl_success) return status;
  return Reorder(block, kWeight);
}

dnnl_status_t OneDnnConvolve::ReorderWeights(const Call& call) const {
  if (!layouts_[kWeight].reorder.exists()) return dnnl_success;
  return ForEach(call.threads, cut_.parts,
                 [&](int64_t part) { return ReorderWeight(call, part); });
}

dnnl_status_t OneDnnConvolve::Execute(const Block& block) const {
  const std::array<int, 3> args = arguments();
  const auto wanted = [&](Array array) {
    return dnnl_exec_arg_t{args[array], block.arrays[array].wanted.get()};
  };
  const dnnl_exec_arg_t all[] = {wanted(kData),
                                 wanted(kWeight),
                                 wanted(kOut),
                                 {DNNL_ARG_SCRATCHPAD, block.scratch.get()},
                                 {DNNL_ARG_BIAS, block.bias.get()}};
  return dnnl_primitive_execute(primitive_.get(), block.stream.get(),
                                block.bias.exists() ? 5 : 4, all);
}

dnnl_status_t OneDnnConvolve::RunChunk(const Call& call, int64_t index,
                                       int64_t chunk, std::byte* memory) const {
  const Block& block = blocks_[index];
  const int64_t part = cut_.PartOf(index);
  dnnl_status_t status = dnnl_success;
  for (Array array : {kData, kOut}) {
    const Memories& m = block.arrays[array];
    float* const given = call.arrays[array] + First(array, part, chunk);
    const bool reordered = layouts_[array].reorder.exists();
    KeepError(SetHandle(m.given, given, block.stream), status);
    KeepError(
        SetHandle(m.wanted,
                  reordered ? static_cast<void*>(
                                  memory + offsets_[array == kData ? 0 : 1])
                            : given,
                  block.stream),
        status);
    if (reordered && array != result() && status == dnnl_success) {
      status = Reorder(block, array);
    }
  }
  if (status == dnnl_success) status = Execute(block);
  const Array written = result();
  if (written == kWeight || status != dnnl_success) return status;
  if (layouts_[written].reorder.exists()) status = Reorder(block, written);
  if (written == kData && call.bias != nullptr) AddBias(call, part, chunk);
  return status;
}

dnnl_status_t OneDnnConvolve::RunBlock(const Call& call, int64_t index) const {
  const Block& block = blocks_[index];
  const int64_t run = cut_.RunOf(index);
  std::byte* const memory = call.workspace +
                            num_weights_ * layouts_[kWeight].bytes +
                            index * block_bytes_;
  dnnl_status_t status =
      SetHandle(block.scratch, memory + offsets_[3], block.stream);
  if (block.bias.exists()) {
    const int64_t first = cut_.PartOf(index) * cut_.part_out;
    KeepError(SetHandle(block.bias, const_cast<float*>(call.bias) + first,
                        block.stream),
              status);
  }
  std::byte* const sum = WantedWeight(call, index);
  const OneDnn<dnnl_memory_t>& weight = block.arrays[kWeight].wanted;
  const bool sums = product_ == ConvolveProduct::kWeight;
  const int64_t first = cut_.FirstChunk(run);
  for (int64_t chunk = first; chunk < cut_.EndOfChunks(run); ++chunk) {
    std::byte* const own = chunk == first ? sum : memory + offsets_[2];
    if (sums) KeepError(SetHandle(weight, own, block.stream), status);
    if (status != dnnl_success) return status;
    status = RunChunk(call, index, chunk, memory);
    if (own == sum || !sums) continue;
    AddTo(reinterpret_cast<float*>(sum), reinterpret_cast<float*>(own),
          OneDnnFloats(layouts_[kWeight].wanted));
  }
  return status;
}

void OneDnnConvolve::AddBias(const Call& call, int64_t part,
                             int64_t chunk) const {
  const int64_t places = geometry_.in_places();
  const float* const bias =
      call.bias +
      (cut_.part_in < geometry_.in_channels ? part * cut_.part_in : 0);
  float* const first = call.arrays[kData] + First(kData, part, chunk);
  Vectorize([=, this]() MINNOW_INLINE {
    for (int64_t i = 0; i < cut_.chunk; ++i) {
      float* to = first + i * geometry_.in_channels * places;
      for (int64_t c = 0; c < cut_.part_in; ++c) {
        for (int64_t k = 0; k < places; ++k) *to++ += bias[c];
      }
    }
  });
}

// Into those of the first run, in the order of runs.
void OneDnnConvolve::SumWeights(const Call& call) const {
  constexpr int64_t kGrain = 1 << 13;
  const int64_t size = OneDnnFloats(layouts_[kWeight].wanted);
  const auto at = [&](int64_t block) {
    return reinterpret_cast<float*>(WantedWeight(call, block));
  };
  for (int64_t part = 0; part < cut_.parts && cut_.runs > 1; ++part) {
    ParallelFor(call.threads, size, kGrain, [&](int64_t begin, int64_t end) {
      for (int64_t run = 1; run < cut_.runs; ++run) {
        AddTo(at(part) + begin, at(run * cut_.parts + part) + begin,
              end - begin);
      }
    });
  }
}

absl::Status OneDnnConvolve::Run(ThreadPool& threads, std::byte* workspace,
                                 const float* a, const float* b,
                                 const float* bias, float* c,
                                 const std::byte* packed) const {
  const SingleOpenMpThread single;
  float* const x = const_cast<float*>(a);
  float* const y = const_cast<float*>(b);
  // What was packed is only read.
  std::byte* const weights =
      packed == nullptr ? workspace : const_cast<std::byte*>(packed);
  Call call = {threads, workspace, weights, {}, bias};
  switch (product_) {  // Data, weight, result.
    case ConvolveProduct::kOut:
      call.arrays = {x, y, c};
      break;
    case ConvolveProduct::kData:
      call.arrays = {c, y, x};
      break;
    case ConvolveProduct::kWeight:
      call.arrays = {y, c, x};
      break;
  }
  const bool sums = product_ == ConvolveProduct::kWeight;
  dnnl_status_t status = dnnl_success;
  if (!sums) {
    if (packed == nullptr) status = ReorderWeights(call);
    // Not in parallel, since oneDNN may write the zeros that fill it up.
    for (int64_t i = 0; i < cut_.blocks(); ++i) {
      KeepError(SetHandle(blocks_[i].arrays[kWeight].wanted,
                          WantedWeight(call, i), blocks_[i].stream),
                status);
    }
  }
  if (status == dnnl_success) {
    status = ForEach(threads, cut_.blocks(),
                     [&](int64_t block) { return RunBlock(call, block); });
  }
  if (sums && status == dnnl_success) {
    SumWeights(call);
    status = ReorderWeights(call);
  }
  return OneDnnStatus(status, "run a convolution");
}

int64_t OneDnnConvolve::packed_weight_bytes() const {
  const Layouts& layouts = layouts_[kWeight];
  return layouts.reorder.exists() ? cut_.parts * layouts.bytes : 0;
}

absl::Status OneDnnConvolve::PackWeight(ThreadPool& threads,
                                        const float* weight,
                                        std::byte* packed) const {
  const SingleOpenMpThread single;
  Call call = {threads, nullptr, packed, {}, nullptr};
  call.arrays[kWeight] = const_cast<float*>(weight);
  return OneDnnStatus(ReorderWeights(call), "pack a weight");
}

}  // namespace minnow
