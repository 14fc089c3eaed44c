// A random order of n things.
//
//   RandomOrder(4, {.seed = 1, .stream = kEpochOrderStream, .run = epoch});
//
// is a permutation of 0, 1, 2, 3, always the same one for the same key.
#ifndef MINNOW_TRAIN_SHUFFLE_H_
#define MINNOW_TRAIN_SHUFFLE_H_

#include <cstdint>
#include <vector>

#include "minnow/core/philox.h"

namespace minnow {

// Streams of their own, far from those that a graph gives to its nodes.
inline constexpr uint64_t kEpochOrderStream = uint64_t{1} << 63;
inline constexpr uint64_t kSplitStream = kEpochOrderStream + 1;

// Every permutation is as likely as any other.
std::vector<uint32_t> RandomOrder(uint32_t n, const RandomKey& key);

}  // namespace minnow

#endif  // MINNOW_TRAIN_SHUFFLE_H_
