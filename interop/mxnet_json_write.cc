#include <algorithm>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "minnow/core/status.h"
#include "minnow/interop/mxnet_attrs.h"
#include "minnow/interop/mxnet_json.h"
#include "minnow/interop/mxnet_op_names.h"
#include "rapidjson/encodings.h"
#include "rapidjson/memorystream.h"
#include "rapidjson/prettywriter.h"

namespace minnow {
namespace {

constexpr int kMxnetVersion = 10901;
// The list of what MXNet cannot say ends here.
constexpr size_t kMaxProblems = 100;

// Where RapidJSON puts its text.
struct StringStream {
  using Ch = char;
  void Put(char c) { text.push_back(c); }
  void Flush() {}
  std::string text;
};

bool IsUtf8(absl::string_view text) {
  struct {
    void Put(char) {}
  } nowhere;
  rapidjson::MemoryStream stream(text.data(), text.size());
  while (stream.Tell() < text.size()) {
    if (!rapidjson::UTF8<>::Validate(stream, nowhere)) return false;
  }
  return true;
}

// Writes the nodes in their order, and plays the loader at the same time: what
// the value of each variable is at each place of the file.
class Writer {
 public:
  explicit Writer(const Graph& graph)
      : graph_(graph), json_(stream_), latest_(graph.nodes.size()) {
    json_.SetIndent(' ', 2);
  }

  absl::StatusOr<std::string> Write();

 private:
  struct Value {
    NodeOutput at;        // Of the node that changed it last, if one did.
    int32_t changes = 0;  // How often it has been changed.
  };

  void WriteNode(int32_t id);
  void WriteInputs(int32_t id);
  void WriteAttrs(const Node& node);
  // `changes`: whether the reader changes the variable that it reads.
  void WriteEntry(NodeOutput value, const std::string& reader, bool changes);
  void WriteHeads();
  void WriteGraphAttrs();
  void CheckUpdates();

  template <typename WriteItems>
  void WriteLine(const char* key, const WriteItems& write_items) {
    json_.Key(key);
    json_.SetFormatOptions(rapidjson::kFormatSingleLineArray);
    json_.StartArray();
    write_items();
    json_.EndArray();
    json_.SetFormatOptions(rapidjson::kFormatDefault);
  }
  void WriteText(absl::string_view text) {
    is_utf8_ &= IsUtf8(text);
    json_.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  }
  void AddProblem(std::string problem) {
    if (problems_.size() < kMaxProblems) {
      problems_.push_back(std::move(problem));
    } else if (problems_.size() == kMaxProblems) {
      problems_.push_back("and more");
    }
  }

  const Graph& graph_;
  StringStream stream_;
  rapidjson::PrettyWriter<StringStream> json_;
  bool np_shape_ = false;
  bool is_utf8_ = true;
  std::vector<Value> latest_;                             // By variable.
  absl::flat_hash_map<NodeOutput, int32_t> variable_of_;  // By its new value.
  std::vector<std::string> problems_;
};

absl::StatusOr<std::string> Writer::Write() {
  np_shape_ = absl::c_any_of(graph_.nodes, NeedsNpShape);
  json_.StartObject();
  json_.Key("nodes");
  json_.StartArray();
  for (size_t id = 0; id < graph_.nodes.size(); ++id) {
    WriteNode(static_cast<int32_t>(id));
  }
  json_.EndArray();
  WriteLine("arg_nodes", [this] {
    for (size_t id = 0; id < graph_.nodes.size(); ++id) {
      if (graph_.nodes[id].is_variable()) json_.Uint64(id);
    }
  });
  WriteHeads();
  WriteGraphAttrs();
  json_.EndObject();
  CheckUpdates();
  if (!problems_.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the graph cannot be written as MXNet's JSON: ",
                     absl::StrJoin(problems_, "; ")));
  }
  stream_.text.push_back('\n');
  return std::move(stream_.text);
}

void Writer::WriteNode(int32_t id) {
  const Node& node = graph_.nodes[id];
  is_utf8_ = true;
  json_.StartObject();
  json_.Key("op");
  WriteText(node.is_variable() ? "null" : node.op->name);
  json_.Key("name");
  WriteText(node.name);
  WriteAttrs(node);
  WriteLine("inputs", [&] { WriteInputs(id); });
  json_.EndObject();
  if (!is_utf8_) {
    AddProblem(absl::StrCat(node.Describe(), ": its text is not UTF-8"));
  }
}

void Writer::WriteAttrs(const Node& node) {
  MxnetAttrs texts = node.is_variable()
                         ? VariableAttrTexts(node.variable(), np_shape_)
                         : OpAttrTexts(node, np_shape_);
  for (const Annotation& annotation : node.annotations) {
    if (!node.is_variable() && !IsMxnetAnnotation(annotation.first)) {
      AddProblem(absl::StrCat(node.Describe(), ": annotation '",
                              annotation.first,
                              "': expected a name like __this__"));
    }
    texts.push_back(annotation);
  }
  if (texts.empty()) return;
  json_.Key("attrs");
  json_.StartObject();
  for (const auto& [key, text] : texts) {
    WriteText(key);  // RapidJSON's Key() is its String().
    WriteText(text);
  }
  json_.EndObject();
}

void Writer::WriteInputs(int32_t id) {
  const Node& node = graph_.nodes[id];
  if (node.is_variable()) return;
  const std::string what = node.Describe();
  if (!IsMxnetOperator(node.op->name)) {
    AddProblem(absl::StrCat(what, ": MXNet has no such operator"));
  }
  const auto defs = node.op->inputs.For(node.attrs);
  for (size_t i = 0; i < defs.size(); ++i) {
    WriteEntry(node.inputs[i], what, defs[i].access == Access::kMutate);
  }
  // All inputs are read before one is changed.
  int32_t output = static_cast<int32_t>(node.num_visible_outputs());
  for (size_t i = 0; i < defs.size(); ++i) {
    if (defs[i].access != Access::kMutate) continue;
    const NodeOutput input = node.inputs[i];
    const auto changed = variable_of_.find(input);
    const int32_t variable =
        changed == variable_of_.end() ? input.node : changed->second;
    latest_[variable].at = {id, output++};
    ++latest_[variable].changes;
    variable_of_[latest_[variable].at] = variable;
  }
}

void Writer::WriteEntry(NodeOutput value, const std::string& reader,
                        bool changes) {
  const auto changed = variable_of_.find(value);
  const bool is_variable = graph_.nodes[value.node].is_variable();
  json_.StartArray();
  if (changed == variable_of_.end() && !is_variable) {
    json_.Int(value.node);
    json_.Int(value.output);
    json_.Int(0);
  } else {
    const int32_t variable = is_variable ? value.node : changed->second;
    const Value& latest = latest_[variable];
    if (latest.changes > 0 && latest.at != value) {
      AddProblem(
          absl::StrCat(reader, ": it reads ", graph_.nodes[variable].Describe(),
                       " as it was before ",
                       graph_.nodes[latest.at.node].Describe(), " changed it"));
    }
    json_.Int(variable);
    json_.Int(0);
    json_.Int(latest.changes + changes);
  }
  json_.EndArray();
}

void Writer::WriteHeads() {
  WriteLine("heads", [this] {
    for (size_t i = 0; i < graph_.outputs.size(); ++i) {
      WriteEntry(graph_.outputs[i], absl::StrCat("output ", i),
                 /*changes=*/false);
    }
  });
}

void Writer::WriteGraphAttrs() {
  const auto write = [this](const char* name, int value) {
    WriteLine(name, [&] {
      json_.String("int");
      json_.Int(value);
    });
  };
  json_.Key("attrs");
  json_.StartObject();
  if (np_shape_) write("is_np_shape", 1);
  write("mxnet_version", kMxnetVersion);
  json_.EndObject();
}

void Writer::CheckUpdates() {
  for (const Update& update : graph_.updates) {
    Value& latest = latest_[update.variable];
    if (latest.changes == 0 || latest.at != update.value) {
      AddProblem(absl::StrCat(
          "update of ", graph_.nodes[update.variable].Describe(), " by ",
          graph_.nodes[update.value.node].Describe(),
          ": MXNet has only those of operators that change their input"));
    }
    latest.changes = 0;
  }
  for (const Value& latest : latest_) {
    if (latest.changes == 0) continue;
    AddProblem(
        absl::StrCat(graph_.nodes[latest.at.node].Describe(), ": it changes ",
                     graph_.nodes[variable_of_.at(latest.at)].Describe(),
                     ", but this update is not among those of the graph"));
  }
}

}  // namespace

absl::StatusOr<std::string> SerializeMxnetJson(const Graph& graph) {
  return Writer(graph).Write();
}

}  // namespace minnow
