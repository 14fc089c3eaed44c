// The first step of loading a symbol JSON: what the text says, checked for its
// form, but not for its meaning.
//
//   absl::StatusOr<MxnetText> file = ParseMxnetText(json);  // Overwrites json.
//   for (size_t id = 0; id < file->nodes.size(); ++id) file->inputs(id);
#ifndef MINNOW_INTEROP_MXNET_JSON_TEXT_H_
#define MINNOW_INTEROP_MXNET_JSON_TEXT_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace minnow {

struct MxnetText {
  // One use of an output.
  struct Entry {
    uint32_t node = 0;
    uint32_t output = 0;
  };
  // Key and text.
  using Attr = std::pair<absl::string_view, absl::string_view>;

  struct Node {
    absl::string_view op;
    absl::string_view name;
    // Where its inputs and attributes begin in the lists of all.
    size_t first_input = 0;
    size_t first_attr = 0;

    bool is_variable() const { return op == "null"; }
    // "node 'fc1' (FullyConnected)", for error messages.
    std::string Describe() const;
  };

  absl::Span<const Entry> inputs(size_t id) const {
    return Part(all_inputs, &Node::first_input, id);
  }
  absl::Span<const Attr> attrs(size_t id) const {
    return Part(all_attrs, &Node::first_attr, id);
  }

  // Of the MXNet that wrote it: major * 10000 + minor * 100 + patch. Files that
  // do not say are older than those that do.
  int64_t version = 800;
  bool np_shape = false;
  std::vector<Node> nodes;  // Each after its inputs.
  std::vector<Entry> heads;
  std::vector<Entry> all_inputs;
  std::vector<Attr> all_attrs;

 private:
  template <typename T>
  absl::Span<const T> Part(const std::vector<T>& all, size_t Node::*first,
                           size_t id) const {
    const size_t begin = nodes[id].*first;
    const size_t end =
        id + 1 < nodes.size() ? nodes[id + 1].*first : all.size();
    return absl::MakeConstSpan(all).subspan(begin, end - begin);
  }
};

// `json` is overwritten, and must outlive the result, which points into it.
absl::StatusOr<MxnetText> ParseMxnetText(std::string& json);

}  // namespace minnow

#endif  // MINNOW_INTEROP_MXNET_JSON_TEXT_H_
