// Conversion between storage types.
//
//   Symbol sparse = op::CastStorage(x, {.stype = StorageType::kRowSparse});
//
// The graph layer asks for this operator by name where a node has no kernel for
// the storage of its inputs.
#ifndef MINNOW_OPS_CAST_STORAGE_H_
#define MINNOW_OPS_CAST_STORAGE_H_

#include "minnow/core/attrs.h"
#include "minnow/core/dtype.h"
#include "minnow/graph/builder.h"

namespace minnow {

struct CastStorageAttrs {
  Required<StorageType> stype;

  static auto Fields() {
    return std::tuple(Field("stype", &CastStorageAttrs::stype,
                            "The storage type of the result."));
  }
};

namespace op {

Symbol CastStorage(Symbol data, const CastStorageAttrs& attrs,
                   NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_CAST_STORAGE_H_
