// Leaves Highway the instruction sets of simd.h. To be included before
// "hwy/foreach_target.h".
#ifndef MINNOW_CORE_HIGHWAY_TARGETS_H_
#define MINNOW_CORE_HIGHWAY_TARGETS_H_

#ifdef MINNOW_BASELINE_ONLY
#define HWY_COMPILE_ONLY_STATIC
#else
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#endif

#endif  // MINNOW_CORE_HIGHWAY_TARGETS_H_
