#include "minnow/interop/graph_file.h"

#include <utility>

#include "absl/strings/match.h"
#include "minnow/core/file.h"
#include "minnow/core/status.h"
#include "minnow/interop/mxnet_json.h"
#include "minnow/proto/graph_codec.h"

namespace minnow {
namespace {

enum class Format { kBinary, kText, kMxnetJson };

absl::StatusOr<Format> FormatOf(const std::string& path) {
  if (absl::EndsWith(path, ".pb")) return Format::kBinary;
  if (absl::EndsWith(path, ".pbtxt")) return Format::kText;
  if (absl::EndsWith(path, ".json")) return Format::kMxnetJson;
  return absl::InvalidArgumentError(
      absl::StrCat(path,
                   ": expected a name that ends with .pb, .pbtxt or "
                   ".json"));
}

absl::StatusOr<Graph> Parse(Format format, std::string bytes,
                            std::shared_ptr<const OpRegistry> registry) {
  switch (format) {
    case Format::kBinary:
      return ParseGraph(bytes, std::move(registry));
    case Format::kText:
      return GraphFromText(bytes, std::move(registry));
    case Format::kMxnetJson:
      break;
  }
  return ParseMxnetJson(std::move(bytes), std::move(registry));
}

absl::StatusOr<std::string> Serialize(Format format, const Graph& graph) {
  switch (format) {
    case Format::kBinary:
      return SerializeGraph(graph);
    case Format::kText:
      return GraphToText(graph);
    case Format::kMxnetJson:
      break;
  }
  return SerializeMxnetJson(graph);
}

}  // namespace

absl::StatusOr<Graph> LoadGraph(const std::string& path,
                                std::shared_ptr<const OpRegistry> registry) {
  MINNOW_ASSIGN_OR_RETURN(const Format format, FormatOf(path));
  MINNOW_ASSIGN_OR_RETURN(std::string bytes, ReadFile(path));
  absl::StatusOr<Graph> graph =
      Parse(format, std::move(bytes), std::move(registry));
  if (!graph.ok()) return Annotate(graph.status(), path);
  return graph;
}

absl::Status SaveGraph(const std::string& path, const Graph& graph) {
  MINNOW_ASSIGN_OR_RETURN(const Format format, FormatOf(path));
  absl::StatusOr<std::string> bytes = Serialize(format, graph);
  if (!bytes.ok()) return Annotate(bytes.status(), path);
  return WriteFileAtomically(path, *bytes);
}

}  // namespace minnow
