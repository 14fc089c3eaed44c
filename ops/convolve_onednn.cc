#include "minnow/ops/convolve_onednn.h"

#include <algorithm>
#include <iterator>

#include "minnow/core/round_up.h"
#include "minnow/core/status.h"
#include "minnow/ops/convolve_dims.h"

namespace minnow {
namespace {

// Whether to compute in the users' layout. Else oneDNN chooses one, for which
// its code is faster by more than what copies cost; but not where a weight is a
// matrix, or where most of its channels would be filled up with zeros.
bool StaysPlain(const ConvolveGeometry& g, ConvolveProduct product) {
  constexpr int64_t kMinPlaces = 100;
  if (g.groups > 1) return false;
  if (g.in_channels == 1 && product != ConvolveProduct::kOut) return true;
  return g.taps() == 1 && g.in_places() == g.out_places() &&
         g.in_places() >= kMinPlaces;
}

}  // namespace

bool OneDnnConvolve::Takes(const ConvolveGeometry& g) {
  constexpr int64_t kMaxElements = 1 << 28;
  constexpr int64_t kMaxStep = 1 << 15;
  for (const WindowAxis& axis : g.axes) {
    if (std::max({axis.kernel, axis.stride, axis.dilate, axis.pad}) >
        kMaxStep) {
      return false;
    }
  }
  const int64_t sizes[] = {g.data_size(), g.weight_size(), g.out_size()};
  return std::all_of(std::begin(sizes), std::end(sizes),
                     [](int64_t size) { return size > 0; }) &&
         std::max({g.data_size() / g.batch, g.weight_size(),
                   g.out_size() / g.batch}) <= kMaxElements;
}

absl::StatusOr<std::shared_ptr<const OneDnnConvolve>> OneDnnConvolve::Create(
    const ConvolveGeometry& geometry, ConvolveProduct product, bool bias) {
  const SingleOpenMpThread single;
  std::shared_ptr<OneDnnConvolve> made(new OneDnnConvolve(geometry, product));
  MINNOW_RETURN_IF_ERROR(OneDnnStatus(
      dnnl_engine_create(made->engine_.out(), dnnl_cpu, 0), "make an engine"));
  // Where the result is data, biases are added here.
  const bool own_bias = bias && product == ConvolveProduct::kOut;
  MINNOW_RETURN_IF_ERROR(made->MakePrimitive(own_bias));
  made->PlanWorkspace();
  MINNOW_RETURN_IF_ERROR(made->MakeBlocks(own_bias));
  return made;
}

OneDnnConvolve::Array OneDnnConvolve::result() const {
  return product_ == ConvolveProduct::kData     ? kData
         : product_ == ConvolveProduct::kWeight ? kWeight
                                                : kOut;
}

std::array<int, 3> OneDnnConvolve::arguments() const {
  switch (product_) {
    case ConvolveProduct::kData:
      return {DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_DST};
    case ConvolveProduct::kWeight:
      return {DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_DST};
    case ConvolveProduct::kOut:
      break;
  }
  return {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST};
}

absl::Status OneDnnConvolve::MakePrimitive(bool bias) {
  const ConvolveSpatial s = SpatialOf(geometry_);
  const OneDnnDims dims[3] = {DataDims(geometry_, cut_, s),
                              WeightDims(geometry_, cut_, s),
                              OutDims(geometry_, cut_, s)};
  const bool plain = StaysPlain(geometry_, product_);
  dnnl_status_t status = dnnl_success;
  std::array<dnnl_memory_desc_t, 3> asked;
  for (Array array : {kData, kWeight, kOut}) {
    KeepError(dims[array].Describe(&layouts_[array].given), status);
    KeepError(plain ? dims[array].Packed().Describe(&asked[array])
                    : dims[array].DescribeAny(&asked[array]),
              status);
  }
  OneDnnDims bias_dims;
  bias_dims.Add(cut_.part_out, 1);
  KeepError(bias_dims.Describe(&bias_), status);
  OneDnn<dnnl_primitive_attr_t> attr;
  KeepError(dnnl_primitive_attr_create(attr.out()), status);
  MINNOW_RETURN_IF_ERROR(OneDnnStatus(status, "describe a convolution"));
  KeepError(dnnl_primitive_attr_set_scratchpad_mode(attr.get(),
                                                    dnnl_scratchpad_mode_user),
            status);
  // The gradients take a description of the forward pass as a hint.
  dnnl_convolution_desc_t forward, desc;
  const auto algorithm = dnnl_convolution_direct;
  const dnnl_memory_desc_t *data = &asked[kData], *weight = &asked[kWeight],
                           *out = &asked[kOut];
  KeepError(
      dnnl_dilated_convolution_forward_desc_init(
          &forward, dnnl_forward_training, algorithm, data, weight,
          bias ? &bias_ : nullptr, out, s.stride, s.dilate, s.before, s.behind),
      status);
  OneDnn<dnnl_primitive_desc_t> forward_desc, backward_desc;
  KeepError(dnnl_primitive_desc_create(forward_desc.out(), &forward, attr.get(),
                                       engine_.get(), nullptr),
            status);
  if (product_ != ConvolveProduct::kOut) {
    KeepError(product_ == ConvolveProduct::kData
                  ? dnnl_dilated_convolution_backward_data_desc_init(
                        &desc, algorithm, data, weight, out, s.stride, s.dilate,
                        s.before, s.behind)
                  : dnnl_dilated_convolution_backward_weights_desc_init(
                        &desc, algorithm, data, weight, nullptr, out, s.stride,
                        s.dilate, s.before, s.behind),
              status);
    KeepError(dnnl_primitive_desc_create(backward_desc.out(), &desc, attr.get(),
                                         engine_.get(), forward_desc.get()),
              status);
  }
  MINNOW_RETURN_IF_ERROR(OneDnnStatus(status, "plan a convolution"));
  const auto& chosen =
      product_ == ConvolveProduct::kOut ? forward_desc : backward_desc;
  const std::array<int, 3> args = arguments();
  for (Array array : {kData, kWeight, kOut}) {
    layouts_[array].wanted = *dnnl_primitive_desc_query_md(
        chosen.get(), dnnl_query_exec_arg_md, args[array]);
    MINNOW_RETURN_IF_ERROR(MakeReorder(array, attr.get()));
  }
  scratch_ =
      *dnnl_primitive_desc_query_md(chosen.get(), dnnl_query_scratchpad_md, 0);
  return OneDnnStatus(dnnl_primitive_create(primitive_.out(), chosen.get()),
                      "make a convolution");
}

absl::Status OneDnnConvolve::MakeReorder(Array array,
                                         dnnl_primitive_attr_t attr) {
  Layouts& layouts = layouts_[array];
  layouts.bytes = RoundUp(OneDnnBytes(layouts.wanted), 64);
  if (dnnl_memory_desc_equal(&layouts.given, &layouts.wanted) != 0) {
    return absl::OkStatus();
  }
  const bool is_result = array == result();
  OneDnn<dnnl_primitive_desc_t> desc;
  dnnl_status_t status = dnnl_reorder_primitive_desc_create(
      desc.out(), is_result ? &layouts.wanted : &layouts.given, engine_.get(),
      is_result ? &layouts.given : &layouts.wanted, engine_.get(), attr);
  if (status == dnnl_success) {
    status = dnnl_primitive_create(layouts.reorder.out(), desc.get());
  }
  return OneDnnStatus(status, "make a copy in another layout");
}

absl::Status OneDnnConvolve::MakeBlocks(bool bias) {
  dnnl_status_t status = dnnl_success;
  const auto make = [&](const dnnl_memory_desc_t& desc,
                        OneDnn<dnnl_memory_t>& memory) {
    KeepError(dnnl_memory_create(memory.out(), &desc, engine_.get(),
                                 DNNL_MEMORY_NONE),
              status);
  };
  blocks_.resize(static_cast<size_t>(cut_.blocks()));
  for (Block& block : blocks_) {
    for (Array array : {kData, kWeight, kOut}) {
      make(layouts_[array].given, block.arrays[array].given);
      make(layouts_[array].wanted, block.arrays[array].wanted);
    }
    make(scratch_, block.scratch);
    if (bias) make(bias_, block.bias);
    KeepError(dnnl_stream_create(block.stream.out(), engine_.get(),
                                 dnnl_stream_default_flags),
              status);
  }
  return OneDnnStatus(status, "describe memory");
}

void OneDnnConvolve::PlanWorkspace() {
  // Some of oneDNN's code writes out all windows of an example.
  constexpr int64_t kMaxBytes = 1 << 25;
  constexpr int64_t kMinRuns = 4;
  const auto copy = [&](Array array) {
    return layouts_[array].reorder.exists() ? layouts_[array].bytes : 0;
  };
  const int64_t data = copy(kData), out = copy(kOut);
  const int64_t scratch = RoundUp(OneDnnBytes(scratch_), 64);
  cut_.LimitRuns(std::max(
      kMinRuns, kMaxBytes / (1 + cut_.parts * (data + out + scratch))));
  const bool sums = product_ == ConvolveProduct::kWeight;
  const bool further = sums && cut_.chunks_per_run > 1;
  offsets_ = {0, data, data + out,
              data + out + (further ? layouts_[kWeight].bytes : 0)};
  block_bytes_ = offsets_[3] + scratch;
  // The sum of the first run is made in the result itself, if it can be.
  const bool reordered = layouts_[kWeight].reorder.exists();
  num_weights_ = sums ? cut_.blocks() - (reordered ? 0 : cut_.parts)
                      : (reordered ? cut_.parts : 0);
  workspace_bytes_ =
      num_weights_ * layouts_[kWeight].bytes + cut_.blocks() * block_bytes_;
}

}  // namespace minnow
