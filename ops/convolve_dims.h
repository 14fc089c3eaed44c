// The arrays of a part of a convolution, as oneDNN describes them.
//
//   const ConvolveSpatial spatial = SpatialOf(geometry);
//   const OneDnnDims weight = WeightDims(geometry, cut, spatial);
//   status = weight.Describe(&desc);
#ifndef MINNOW_OPS_CONVOLVE_DIMS_H_
#define MINNOW_OPS_CONVOLVE_DIMS_H_

#include <cstdint>

#include "dnnl.h"
#include "minnow/ops/convolve.h"
#include "minnow/ops/convolve_cut.h"

namespace minnow {

// Sizes along spatial axes, of which there are two or three.
struct ConvolveSpatial {
  int count = 0;
  dnnl_dims_t in, out, kernel, stride, dilate, before, behind;
};

ConvolveSpatial SpatialOf(const ConvolveGeometry& geometry);

// Dimensions and strides of an array, outermost first.
struct OneDnnDims {
  int count = 0;
  dnnl_dims_t dims, strides;

  void Add(int64_t dim, int64_t stride) {
    dims[count] = dim;
    strides[count++] = stride;
  }
  // Axes that lie one after the other.
  void AddDense(const int64_t* more, int n);
  // Without gaps.
  OneDnnDims Packed() const;
  // In this layout, or in any that oneDNN chooses.
  dnnl_status_t Describe(dnnl_memory_desc_t* desc) const;
  dnnl_status_t DescribeAny(dnnl_memory_desc_t* desc) const;
};

// In the user's memory.
OneDnnDims DataDims(const ConvolveGeometry& geometry, const ConvolveCut& cut,
                    const ConvolveSpatial& spatial);
OneDnnDims WeightDims(const ConvolveGeometry& geometry, const ConvolveCut& cut,
                      const ConvolveSpatial& spatial);
OneDnnDims OutDims(const ConvolveGeometry& geometry, const ConvolveCut& cut,
                   const ConvolveSpatial& spatial);

}  // namespace minnow

#endif  // MINNOW_OPS_CONVOLVE_DIMS_H_
