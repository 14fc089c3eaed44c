// Sequences of different lengths in one array. Their elements are along axis 0
// or 1, and the sequences along the other one of both.
//
//   Symbol y = op::SequenceMask(x, lengths, {.use_sequence_length = true});
//   Symbol last = op::SequenceLast(x, lengths, {.use_sequence_length = true});
//
// `sequence_length` is omitted where the attributes do not use it.
#ifndef MINNOW_OPS_SEQUENCE_H_
#define MINNOW_OPS_SEQUENCE_H_

#include <cstdint>

#include "minnow/core/attrs.h"
#include "minnow/graph/builder.h"

namespace minnow {

struct SequenceMaskAttrs {
  bool use_sequence_length = false;
  float value = 0;
  int64_t axis = 0;

  static auto Fields() {
    using A = SequenceMaskAttrs;
    return std::tuple(
        Field("use_sequence_length", &A::use_sequence_length,
              "Whether there is an input sequence_length; without it the "
              "sequences are whole."),
        Field("value", &A::value, "What stands behind the end of a sequence."),
        Field("axis", &A::axis, "The axis along the sequences, 0 or 1."));
  }
};

// Of SequenceLast and SequenceReverse.
struct SequenceAttrs {
  bool use_sequence_length = false;
  int64_t axis = 0;

  static auto Fields() {
    using A = SequenceAttrs;
    return std::tuple(
        Field("use_sequence_length", &A::use_sequence_length,
              "Whether there is an input sequence_length; without it the "
              "sequences are whole."),
        Field("axis", &A::axis,
              "The axis along the sequences, 0 or 1; that of SequenceReverse "
              "is 0."));
  }
};

namespace op {

Symbol SequenceMask(Symbol data, Symbol sequence_length,
                    const SequenceMaskAttrs& attrs, NodeOptions options = {});
Symbol SequenceLast(Symbol data, Symbol sequence_length,
                    const SequenceAttrs& attrs, NodeOptions options = {});
Symbol SequenceReverse(Symbol data, Symbol sequence_length,
                       const SequenceAttrs& attrs, NodeOptions options = {});

}  // namespace op

}  // namespace minnow

#endif  // MINNOW_OPS_SEQUENCE_H_
