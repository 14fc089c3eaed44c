#include "minnow/ops/convolve_dims.h"

namespace minnow {
namespace {

// A chunk of some channels of images.
OneDnnDims ImageDims(int64_t chunk, int64_t part, int64_t channels,
                     int64_t places, const int64_t* sizes, int count) {
  OneDnnDims d;
  d.Add(chunk, (chunk == 1 ? part : channels) * places);
  d.Add(part, places);
  d.AddDense(sizes, count);
  return d;
}

}  // namespace

ConvolveSpatial SpatialOf(const ConvolveGeometry& g) {
  ConvolveSpatial s;
  const WindowAxis& depth = g.axes[0];
  const bool flat = depth.in == 1 && depth.out == 1 && depth.kernel == 1;
  for (size_t k = flat ? 1 : 0; k < g.axes.size(); ++k) {
    const WindowAxis& axis = g.axes[k];
    const int i = s.count++;
    s.in[i] = axis.in;
    s.out[i] = axis.out;
    s.kernel[i] = axis.kernel;
    s.stride[i] = axis.stride;
    s.dilate[i] = axis.dilate - 1;
    s.before[i] = axis.pad;
    s.behind[i] = (axis.out - 1) * axis.stride +
                  (axis.kernel - 1) * axis.dilate + 1 - axis.in - axis.pad;
  }
  return s;
}

void OneDnnDims::AddDense(const int64_t* more, int n) {
  int64_t stride = 1;
  for (int i = n; i-- > 0; stride *= more[i]) {
    dims[count + i] = more[i];
    strides[count + i] = stride;
  }
  count += n;
}

OneDnnDims OneDnnDims::Packed() const {
  OneDnnDims packed;
  packed.AddDense(dims, count);
  return packed;
}

dnnl_status_t OneDnnDims::Describe(dnnl_memory_desc_t* desc) const {
  return dnnl_memory_desc_init_by_strides(desc, count, dims, dnnl_f32, strides);
}

dnnl_status_t OneDnnDims::DescribeAny(dnnl_memory_desc_t* desc) const {
  return dnnl_memory_desc_init_by_tag(desc, count, dims, dnnl_f32,
                                      dnnl_format_tag_any);
}

OneDnnDims DataDims(const ConvolveGeometry& g, const ConvolveCut& cut,
                    const ConvolveSpatial& s) {
  return ImageDims(cut.chunk, cut.part_in, g.in_channels, g.in_places(), s.in,
                   s.count);
}

OneDnnDims OutDims(const ConvolveGeometry& g, const ConvolveCut& cut,
                   const ConvolveSpatial& s) {
  return ImageDims(cut.chunk, cut.part_out, g.out_channels, g.out_places(),
                   s.out, s.count);
}

OneDnnDims WeightDims(const ConvolveGeometry& g, const ConvolveCut& cut,
                      const ConvolveSpatial& s) {
  OneDnnDims d;
  if (cut.part_groups > 1) {
    d.Add(cut.part_groups, g.group_out() * g.group_in() * g.taps());
  }
  d.Add(cut.part_out / cut.part_groups, g.group_in() * g.taps());
  d.Add(cut.part_in / cut.part_groups, g.taps());
  d.AddDense(s.kernel, s.count);
  return d;
}

}  // namespace minnow
