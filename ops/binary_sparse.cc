#include "minnow/ops/binary_sparse.h"

namespace minnow {

void AppendMatches(absl::Span<const int64_t> lhs, int64_t lhs_begin,
                   absl::Span<const int64_t> rhs, int64_t rhs_begin,
                   bool only_both, std::vector<Match>& matches,
                   std::vector<int64_t>& indices) {
  size_t i = 0, j = 0;
  while (i < lhs.size() || j < rhs.size()) {
    const bool in_lhs = i < lhs.size() && (j == rhs.size() || lhs[i] <= rhs[j]);
    const bool in_rhs = j < rhs.size() && (i == lhs.size() || rhs[j] <= lhs[i]);
    if (!only_both || (in_lhs && in_rhs)) {
      matches.push_back({in_lhs ? lhs_begin + static_cast<int64_t>(i) : -1,
                         in_rhs ? rhs_begin + static_cast<int64_t>(j) : -1});
      indices.push_back(in_lhs ? lhs[i] : rhs[j]);
    }
    i += in_lhs;
    j += in_rhs;
  }
}

}  // namespace minnow
