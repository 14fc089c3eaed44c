// MXNet's .params files: named arrays.
//
//   absl::StatusOr<std::vector<NamedArray>> arrays =
//       ReadParamsFile("model-0000.params");
//   (*arrays)[0].name;   // "arg:fc1_weight"
//   (*arrays)[0].array;  // dense (128,784) float32
//   absl::Status status = WriteParamsFile("copy.params", *arrays);
//
// All versions of an array's record are read. Written are those that MXNet
// 1.9.1 writes itself, so that a file of its own that was read is written with
// the same bytes. What an MXNet file can hold and minnow has no type for
// (uint16, uint32, uint64, int16) is an error that names the array.
#ifndef MINNOW_INTEROP_MXNET_PARAMS_H_
#define MINNOW_INTEROP_MXNET_PARAMS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "minnow/core/file.h"
#include "minnow/core/ndarray.h"

namespace minnow {

struct NamedArray {
  std::string name;  // Empty in a file without names.
  NDArray array;     // No array, where the file says so.
};

// The arrays in their order; names may repeat. The bytes may be anything:
// errors say at which one the file stops making sense.
absl::StatusOr<std::vector<NamedArray>> ParseParams(absl::string_view bytes);

// Dense arrays become records of version V3 if one of them is a scalar or has
// a dimension of 0, which V2 cannot say, else of V2. Sparse ones are V2. Where
// no array has a name, the file has none.
absl::StatusOr<std::string> SerializeParams(
    absl::Span<const NamedArray> arrays);

// Errors name the path.
absl::StatusOr<std::vector<NamedArray>> ReadParamsFile(
    const std::string& path, int64_t max_bytes = kMaxFileBytes);
// An error leaves the file at `path` as it was.
absl::Status WriteParamsFile(const std::string& path,
                             absl::Span<const NamedArray> arrays);

}  // namespace minnow

#endif  // MINNOW_INTEROP_MXNET_PARAMS_H_
