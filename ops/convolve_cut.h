// How the work of a convolution is cut into blocks: by examples, and by
// channels where there are too few examples for many threads.
//
//   const ConvolveCut cut = CutConvolve(geometry, ConvolveProduct::kOut);
//   ParallelFor(threads, cut.blocks(), 1, ...);
#ifndef MINNOW_OPS_CONVOLVE_CUT_H_
#define MINNOW_OPS_CONVOLVE_CUT_H_

#include <algorithm>
#include <cstdint>

#include "minnow/core/round_up.h"
#include "minnow/ops/convolve.h"

namespace minnow {

// Examples are cut into chunks, for which there is one primitive, and these
// into runs of chunks; groups, or else channels of the product, into parts. A
// block is a part of a run. All chunks have one size, and all parts.
struct ConvolveCut {
  int64_t chunk, chunks, chunks_per_run, runs;
  int64_t parts;
  int64_t part_groups, part_in, part_out;  // Channels of data and result.

  int64_t blocks() const { return runs * parts; }
  // Makes runs longer, until there are at most so many.
  void LimitRuns(int64_t max_runs) {
    chunks_per_run = std::max(chunks_per_run, DivideUp(chunks, max_runs));
    runs = DivideUp(chunks, chunks_per_run);
  }
  int64_t PartOf(int64_t block) const { return block % parts; }
  int64_t RunOf(int64_t block) const { return block / parts; }
  int64_t FirstChunk(int64_t run) const { return run * chunks_per_run; }
  int64_t EndOfChunks(int64_t run) const {
    return std::min(chunks, (run + 1) * chunks_per_run);
  }
};

// REQUIRES: no size is 0.
ConvolveCut CutConvolve(const ConvolveGeometry& geometry,
                        ConvolveProduct product);

// Floating-point operations.
double ConvolveFlops(const ConvolveGeometry& geometry);

}  // namespace minnow

#endif  // MINNOW_OPS_CONVOLVE_CUT_H_
