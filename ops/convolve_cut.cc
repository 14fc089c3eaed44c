#include "minnow/ops/convolve_cut.h"

#include "minnow/core/round_up.h"

namespace minnow {
namespace {

// So many operations, about 50 microseconds of one core, are worth a block.
constexpr double kMinBlockFlops = 1 << 21;
constexpr int64_t kMaxBlocks = 16;
// What a chunk has of data and result stays in the second-level cache.
constexpr int64_t kChunkElements = 1 << 16;

// REQUIRES: x > 0.
int64_t LargestDivisor(int64_t x, int64_t at_most) {
  int64_t divisor = std::clamp<int64_t>(at_most, 1, x);
  while (x % divisor != 0) --divisor;
  return divisor;
}

// The channels, or groups, that stay together: as many as a vector has lanes.
int64_t ChannelUnit(int64_t channels) {
  for (int64_t lanes : {16, 8}) {
    if (channels % lanes == 0) return lanes;
  }
  return channels;
}

void CutExamples(const ConvolveGeometry& g, ConvolveProduct product,
                 int64_t max_blocks, ConvolveCut& cut) {
  const int64_t example = (g.data_size() + g.out_size()) / g.batch;
  int64_t chunk = std::max<int64_t>(1, kChunkElements / example);
  if (product == ConvolveProduct::kWeight) {
    // Sums of weights shall not cost more than reading the arrays does.
    max_blocks = std::min(
        max_blocks, std::max<int64_t>(1, example * g.batch / g.weight_size()));
    chunk = std::max(chunk, DivideUp(g.weight_size(), example));
  }
  chunk = std::min(chunk, std::max<int64_t>(1, g.batch / max_blocks));
  cut.chunk = LargestDivisor(g.batch, chunk);
  cut.chunks = g.batch / cut.chunk;
  cut.LimitRuns(max_blocks);
}

void CutChannels(const ConvolveGeometry& g, ConvolveProduct product,
                 int64_t max_blocks, ConvolveCut& cut) {
  const int64_t wanted = DivideUp(max_blocks, 2 * cut.runs);
  const bool data = product == ConvolveProduct::kData;
  if (g.groups > 1) {
    const bool depthwise = g.group_in() == 1 && g.group_out() == 1;
    const int64_t unit = depthwise ? ChannelUnit(g.groups) : 1;
    cut.parts = LargestDivisor(g.groups / unit, wanted);
  } else {
    const int64_t channels = data ? g.in_channels : g.out_channels;
    cut.parts = LargestDivisor(channels / ChannelUnit(channels), wanted);
  }
  const bool groups = g.groups > 1;
  cut.part_groups = groups ? g.groups / cut.parts : 1;
  cut.part_in = groups || data ? g.in_channels / cut.parts : g.in_channels;
  cut.part_out = groups || !data ? g.out_channels / cut.parts : g.out_channels;
}

}  // namespace

double ConvolveFlops(const ConvolveGeometry& g) {
  return 2.0 * static_cast<double>(g.out_size()) *
         static_cast<double>(g.group_in()) * static_cast<double>(g.taps());
}

ConvolveCut CutConvolve(const ConvolveGeometry& geometry,
                        ConvolveProduct product) {
  ConvolveCut cut = {};
  const auto max_blocks =
      static_cast<int64_t>(std::clamp(ConvolveFlops(geometry) / kMinBlockFlops,
                                      1.0, static_cast<double>(kMaxBlocks)));
  CutExamples(geometry, product, max_blocks, cut);
  CutChannels(geometry, product, max_blocks, cut);
  return cut;
}

}  // namespace minnow
