#include "minnow/ops/sequence_rows.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "minnow/core/attr_value.h"

namespace minnow {

Sequences SequencesOf(const Shape& data, int64_t axis) {
  Sequences s;
  s.steps_first = axis == 0;
  s.steps = data[s.steps_first ? 0 : 1];
  s.count = data[s.steps_first ? 1 : 0];
  s.row_size = data.num_elements(2, data.rank());
  s.workspace_bytes = s.count * int64_t{sizeof(int64_t)};
  return s;
}

int64_t* WholeLengths(const RunContext& context, const Sequences& s) {
  int64_t* const lengths = LengthsIn(context);
  std::fill_n(lengths, s.count, s.steps);
  return lengths;
}

absl::StatusOr<int64_t*> LoadLengths(const RunContext& context,
                                     const Sequences& s, int64_t least,
                                     const AnyConstArray& sequence_length) {
  int64_t* const lengths = LengthsIn(context);
  LoadElements(sequence_length, 0, s.count, lengths);
  for (int64_t i = 0; i < s.count; ++i) {
    double length;  // Which tells a NaN from 0.
    LoadElements(sequence_length, i, 1, &length);
    if (lengths[i] >= least && lengths[i] <= s.steps && length == length) {
      continue;
    }
    return absl::InvalidArgumentError(
        absl::StrCat("argument 'sequence_length': expected a length in [",
                     least, ", ", s.steps, "], found ",
                     AttrText(AttrScalar(length)), " of sequence ", i));
  }
  return lengths;
}

void CopyRow(const Sequences& s, const AnyConstArray& x, int64_t from,
             const AnyArray& y, int64_t to) {
  if (s.row_size == 0) return;
  std::memcpy(y.at(to * s.row_size), x.at(from * s.row_size),
              static_cast<size_t>(s.row_size * x.element_size()));
}

}  // namespace minnow
