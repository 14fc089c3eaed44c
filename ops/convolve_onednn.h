// The products of convolve.h by oneDNN, in float32.
//
//   MINNOW_ASSIGN_OR_RETURN(std::shared_ptr<const OneDnnConvolve> convolve,
//                           OneDnnConvolve::Create(geometry, product, bias));
//   MINNOW_RETURN_IF_ERROR(convolve->Run(threads, workspace, a, b, bias, c));
//
// One primitive for a few examples, and for a part of the channels where there
// are not examples enough for all threads, runs again and again. Most of
// oneDNN's code asks for layouts of its own: each run of the primitive copies
// its data to the workspace and its result back, while they are in the cache.
//
// oneDNN makes a small map of the arguments whenever it runs a primitive: these
// are the only allocations in a run of dense operators.
//
// A run writes addresses into objects of oneDNN, so one thread runs it at a
// time; its blocks have objects of their own.
#ifndef MINNOW_OPS_CONVOLVE_ONEDNN_H_
#define MINNOW_OPS_CONVOLVE_ONEDNN_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "minnow/core/thread_pool.h"
#include "minnow/ops/convolve.h"
#include "minnow/ops/convolve_cut.h"
#include "minnow/ops/onednn.h"

namespace minnow {

class OneDnnConvolve {
 public:
  // Whether oneDNN takes such sizes: it has no empty arrays, and counts in 32
  // bits in places.
  static bool Takes(const ConvolveGeometry& geometry);

  // REQUIRES: it does.
  static absl::StatusOr<std::shared_ptr<const OneDnnConvolve>> Create(
      const ConvolveGeometry& geometry, ConvolveProduct product, bool bias);

  int64_t workspace_bytes() const { return workspace_bytes_; }

  // As Convolve. `packed` is the weight from PackWeight, or null.
  absl::Status Run(ThreadPool& threads, std::byte* workspace, const float* a,
                   const float* b, const float* bias, float* c,
                   const std::byte* packed) const;

  // A weight in the layout of the primitive, for any number of runs; 0 bytes
  // where that is the user's layout.
  int64_t packed_weight_bytes() const;
  absl::Status PackWeight(ThreadPool& threads, const float* weight,
                          std::byte* packed) const;

 private:
  // The arrays of a convolution, whichever of them is the product.
  enum Array : uint8_t { kData, kWeight, kOut };

  // An array as it lies in the user's memory, and as the primitive wants it;
  // `reorder` copies one to the other, and does not exist where they are alike.
  struct Layouts {
    dnnl_memory_desc_t given, wanted;
    OneDnn<dnnl_primitive_t> reorder;
    int64_t bytes = 0;  // As it is wanted.
  };
  struct Memories {
    OneDnn<dnnl_memory_t> given, wanted;
  };
  // What one block has for itself.
  struct Block {
    std::array<Memories, 3> arrays;
    OneDnn<dnnl_memory_t> bias, scratch;
    OneDnn<dnnl_stream_t> stream;
  };
  struct Call {
    ThreadPool& threads;
    std::byte* workspace;
    std::byte* weights;  // As the primitive wants them.
    std::array<float*, 3> arrays;
    const float* bias;
  };

  OneDnnConvolve(const ConvolveGeometry& geometry, ConvolveProduct product)
      : geometry_(geometry),
        product_(product),
        cut_(CutConvolve(geometry, product)) {}

  // The array that is computed.
  Array result() const;
  // What the primitive calls the arrays.
  std::array<int, 3> arguments() const;

  absl::Status MakePrimitive(bool bias);
  absl::Status MakeReorder(Array array, dnnl_primitive_attr_t attr);
  absl::Status MakeBlocks(bool bias);
  void PlanWorkspace();

  // The first element of a block's part of an array, in a chunk.
  int64_t First(Array array, int64_t part, int64_t chunk) const;
  // Where the weight of a block lies as the primitive wants it: that of its
  // part, or, if it is the result, the block's own share of the sum.
  std::byte* WantedWeight(const Call& call, int64_t block) const;
  dnnl_status_t Reorder(const Block& block, Array array) const;
  dnnl_status_t ReorderWeight(const Call& call, int64_t part) const;
  dnnl_status_t ReorderWeights(const Call& call) const;
  dnnl_status_t RunBlock(const Call& call, int64_t block) const;
  dnnl_status_t RunChunk(const Call& call, int64_t block, int64_t chunk,
                         std::byte* memory) const;
  dnnl_status_t Execute(const Block& block) const;
  void AddBias(const Call& call, int64_t part, int64_t chunk) const;
  void SumWeights(const Call& call) const;

  ConvolveGeometry geometry_;
  ConvolveProduct product_;
  ConvolveCut cut_;
  OneDnn<dnnl_engine_t> engine_;
  OneDnn<dnnl_primitive_t> primitive_;
  dnnl_memory_desc_t bias_, scratch_;
  std::array<Layouts, 3> layouts_;
  std::vector<Block> blocks_;
  // The workspace: `num_weights_` weights, then the memory of each block. In
  // that are a copy of its data, one of its result, the weight of a further
  // chunk, and what the primitive needs.
  int64_t num_weights_ = 0;
  std::array<int64_t, 4> offsets_ = {};  // In the memory of a block.
  int64_t block_bytes_ = 0;
  int64_t workspace_bytes_ = 0;
};

}  // namespace minnow

#endif  // MINNOW_OPS_CONVOLVE_ONEDNN_H_
