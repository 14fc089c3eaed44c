#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "minnow/core/status.h"
#include "minnow/interop/mxnet_attrs.h"
#include "minnow/interop/mxnet_json.h"
#include "minnow/interop/mxnet_json_text.h"

namespace minnow {
namespace {

// The versions since which files need no repair of one kind.
constexpr int64_t kHasStateInputs = 900;
constexpr int64_t kArgmaxTakesMinusOne = 905;
constexpr int64_t kHasUnderscores = 10901;

// Of an operator that is not known: a few bytes of the file must not make many
// of ours.
constexpr uint32_t kMaxUnknownOutputs = 256;

// A key that was an annotation before annotations got their underscores: of the
// node itself ("lr_mult"), or of one of its inputs ("weight_lr_mult").
struct HiddenKey {
  absl::string_view argument;  // Empty for the node itself.
  std::string annotation;
};

std::optional<HiddenKey> ParseHiddenKey(absl::string_view key) {
  for (absl::string_view name : {"ctx_group", "lr_mult", "wd_mult",
                                 "force_mirroring", "profiler_scope"}) {
    absl::string_view rest = key;
    if (!absl::ConsumeSuffix(&rest, name)) continue;
    if (!rest.empty() && !absl::ConsumeSuffix(&rest, "_")) continue;
    return HiddenKey{rest, absl::StrCat("__", name, "__")};
  }
  return std::nullopt;
}

void AddAnnotation(Node& node, std::string key, std::string text) {
  if (node.annotation(key) != nullptr) return;
  node.annotations.emplace_back(std::move(key), std::move(text));
}

MxnetAttrs CopyAttrs(absl::Span<const MxnetText::Attr> attrs) {
  MxnetAttrs texts;
  texts.reserve(attrs.size());
  for (const auto& [key, text] : attrs) texts.emplace_back(key, text);
  return texts;
}

// Moves the attributes that `predicate` takes from `texts` to the result.
MxnetAttrs Extract(MxnetAttrs& texts,
                   absl::FunctionRef<bool(absl::string_view)> predicate) {
  const auto first = std::stable_partition(
      texts.begin(), texts.end(),
      [&](const Annotation& text) { return !predicate(text.first); });
  MxnetAttrs extracted(std::make_move_iterator(first),
                       std::make_move_iterator(texts.end()));
  texts.erase(first, texts.end());
  return extracted;
}

// Makes a graph of one file.
class Loader {
 public:
  Loader(const MxnetText& file, std::shared_ptr<const OpRegistry> registry)
      : file_(file) {
    graph_.registry = std::move(registry);
  }

  absl::StatusOr<Graph> Load();

 private:
  // How many outputs of each node the heads need; -1 where they do not need the
  // node.
  std::vector<int64_t> CountNeededOutputs() const;
  absl::Status AddVariable(size_t id);
  absl::Status AddOp(size_t id, uint32_t needed_outputs);
  absl::StatusOr<Attrs> ReadOpAttrs(size_t id, Node& node);
  // Takes the hidden keys out of `texts`. Those that can be placed become
  // annotations; the others go back.
  absl::Status PlaceHiddenKeys(size_t id, MxnetAttrs& texts, Node& node);
  absl::Status AddInputs(size_t id, Node& node);
  NodeOutput MissingInput(const std::string& name);
  absl::Status AddUpdates(const Node& node);

  // What the entry stands for at this place of the file.
  absl::StatusOr<NodeOutput> Resolve(MxnetText::Entry entry) const;
  NodeOutput Latest(int32_t variable) const;
  std::string UniqueName(absl::string_view name);
  int32_t NextId() const { return static_cast<int32_t>(graph_.nodes.size()); }

  const MxnetText& file_;
  Graph graph_;
  std::vector<int32_t> new_id_;  // By number in the file.
  absl::flat_hash_map<std::string, int32_t> variables_;
  absl::flat_hash_map<int32_t, size_t> update_of_;        // By variable.
  absl::flat_hash_map<NodeOutput, int32_t> variable_of_;  // By its new value.
  absl::flat_hash_set<std::string> names_;                // That are taken.
  absl::flat_hash_map<std::string, int64_t> name_counters_;
  uint64_t next_stream_ = 1;
};

std::vector<int64_t> Loader::CountNeededOutputs() const {
  std::vector<int64_t> needed(file_.nodes.size(), -1);
  const auto need = [&needed](MxnetText::Entry entry) {
    needed[entry.node] =
        std::max(needed[entry.node], int64_t{entry.output} + 1);
  };
  for (MxnetText::Entry entry : file_.heads) need(entry);
  for (size_t id = file_.nodes.size(); id-- > 0;) {
    if (needed[id] < 0) continue;
    for (MxnetText::Entry entry : file_.inputs(id)) need(entry);
  }
  return needed;
}

absl::StatusOr<Graph> Loader::Load() {
  const std::vector<int64_t> needed = CountNeededOutputs();
  new_id_.assign(file_.nodes.size(), -1);
  // Variables keep their names, whatever else has the same.
  for (size_t id = 0; id < file_.nodes.size(); ++id) {
    const MxnetText::Node& node = file_.nodes[id];
    if (needed[id] >= 0 && node.is_variable()) names_.emplace(node.name);
  }
  for (size_t id = 0; id < file_.nodes.size(); ++id) {
    if (needed[id] < 0) continue;
    const MxnetText::Node& node = file_.nodes[id];
    absl::Status status = node.is_variable()
                              ? AddVariable(id)
                              : AddOp(id, static_cast<uint32_t>(needed[id]));
    if (!status.ok()) return Annotate(status, node.Describe());
  }
  for (size_t i = 0; i < file_.heads.size(); ++i) {
    absl::StatusOr<NodeOutput> head = Resolve(file_.heads[i]);
    if (!head.ok()) {
      return Annotate(head.status(), absl::StrCat("heads[", i, "]"));
    }
    graph_.outputs.push_back(*head);
  }
  MINNOW_RETURN_IF_ERROR(ValidateGraph(graph_));
  return std::move(graph_);
}

absl::Status Loader::AddVariable(size_t id) {
  MxnetAttrs texts = CopyAttrs(file_.attrs(id));
  if (file_.version < kHasUnderscores) {
    for (auto& [key, text] : texts) {
      const std::optional<HiddenKey> hidden = ParseHiddenKey(key);
      if (hidden.has_value() && hidden->argument.empty()) {
        key = hidden->annotation;
      }
    }
  }
  MINNOW_ASSIGN_OR_RETURN(VariableAttrs attrs,
                          TakeVariableAttrs(file_.np_shape, texts));
  const std::string name(file_.nodes[id].name);
  const auto [found, is_new] = variables_.try_emplace(name, NextId());
  new_id_[id] = found->second;
  if (is_new) {
    Node node;
    node.name = name;
    node.attrs = std::move(attrs);
    node.annotations = std::move(texts);
    graph_.nodes.push_back(std::move(node));
    return absl::OkStatus();
  }
  // The same variable again: what it did not say the first time counts.
  Node& node = graph_.nodes[found->second];
  VariableAttrs merged = node.variable();
  MINNOW_RETURN_IF_ERROR(merged.shape.Merge(attrs.shape));
  if (!merged.dtype.has_value()) merged.dtype = attrs.dtype;
  if (!merged.stype.has_value()) merged.stype = attrs.stype;
  if (!merged.init.has_value()) merged.init = attrs.init;
  node.attrs = std::move(merged);
  for (auto& [key, text] : texts) {
    AddAnnotation(node, std::move(key), std::move(text));
  }
  return absl::OkStatus();
}

absl::Status Loader::AddOp(size_t id, uint32_t needed_outputs) {
  const MxnetText::Node& text = file_.nodes[id];
  Node node;
  node.name = UniqueName(text.name);
  node.op = graph_.registry->Find(text.op);
  if (node.op == nullptr) {
    if (needed_outputs > kMaxUnknownOutputs) {
      return absl::InvalidArgumentError(absl::StrCat(
          "expected at most ", kMaxUnknownOutputs,
          " outputs of an unknown operator, found ", needed_outputs));
    }
    graph_.unknown_ops.push_back(std::make_shared<const OpDef>(
        UnknownOp(text.op, file_.inputs(id).size(), needed_outputs)));
    node.op = graph_.unknown_ops.back().get();
  }
  MINNOW_ASSIGN_OR_RETURN(node.attrs, ReadOpAttrs(id, node));
  MINNOW_RETURN_IF_ERROR(AddInputs(id, node));
  if (node.op->random) node.stream = next_stream_++;
  MINNOW_RETURN_IF_ERROR(AddUpdates(node));
  new_id_[id] = NextId();
  graph_.nodes.push_back(std::move(node));
  return absl::OkStatus();
}

absl::StatusOr<Attrs> Loader::ReadOpAttrs(size_t id, Node& node) {
  MxnetAttrs texts = CopyAttrs(file_.attrs(id));
  node.annotations = Extract(texts, IsMxnetAnnotation);
  if (file_.version < kArgmaxTakesMinusOne &&
      (node.op->name == "argmax" || node.op->name == "argmin")) {
    // That was how to say the whole array.
    texts.erase(
        std::remove(texts.begin(), texts.end(), Annotation("axis", "-1")),
        texts.end());
  }
  if (file_.version < kHasUnderscores) {
    MINNOW_RETURN_IF_ERROR(PlaceHiddenKeys(id, texts, node));
  }
  return ParseOpAttrs(*node.op, file_.np_shape, texts);
}

absl::Status Loader::PlaceHiddenKeys(size_t id, MxnetAttrs& texts, Node& node) {
  MxnetAttrs hidden = Extract(texts, [](absl::string_view key) {
    return ParseHiddenKey(key).has_value();
  });
  if (hidden.empty()) return absl::OkStatus();
  // Attributes may decide which inputs there are.
  MINNOW_ASSIGN_OR_RETURN(Attrs attrs,
                          ParseOpAttrs(*node.op, file_.np_shape, texts));
  const auto defs = node.op->inputs.For(attrs);
  const absl::Span<const MxnetText::Entry> inputs = file_.inputs(id);
  for (Annotation& attr : hidden) {
    HiddenKey key = *ParseHiddenKey(attr.first);
    Node* owner = key.argument.empty() ? &node : nullptr;
    for (size_t i = 0; i < std::min(defs.size(), inputs.size()); ++i) {
      if (defs[i].name == key.argument &&
          file_.nodes[inputs[i].node].is_variable()) {
        owner = &graph_.nodes[new_id_[inputs[i].node]];
      }
    }
    if (owner == nullptr) {
      texts.push_back(std::move(attr));
    } else {
      AddAnnotation(*owner, std::move(key.annotation), std::move(attr.second));
    }
  }
  return absl::OkStatus();
}

absl::Status Loader::AddInputs(size_t id, Node& node) {
  const auto defs = node.op->inputs.For(node.attrs);
  const absl::Span<const MxnetText::Entry> inputs = file_.inputs(id);
  if (inputs.size() > defs.size() ||
      (inputs.size() < defs.size() && file_.version >= kHasStateInputs)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "expected ", defs.size(), " inputs, found ", inputs.size()));
  }
  node.inputs.reserve(defs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    absl::StatusOr<NodeOutput> input = Resolve(inputs[i]);
    if (!input.ok()) {
      return Annotate(input.status(),
                      absl::StrCat("argument '", defs[i].name, "'"));
    }
    node.inputs.push_back(*input);
  }
  for (size_t i = inputs.size(); i < defs.size(); ++i) {
    node.inputs.push_back(
        MissingInput(absl::StrCat(file_.nodes[id].name, "_", defs[i].name)));
  }
  return absl::OkStatus();
}

NodeOutput Loader::MissingInput(const std::string& name) {
  const auto [found, is_new] = variables_.try_emplace(name, NextId());
  if (is_new) {
    Node variable;
    variable.name = name;
    variable.attrs = VariableAttrs{};
    graph_.nodes.push_back(std::move(variable));
    names_.insert(name);
  }
  return Latest(found->second);
}

absl::Status Loader::AddUpdates(const Node& node) {
  const auto defs = node.op->inputs.For(node.attrs);
  int32_t output = static_cast<int32_t>(node.num_visible_outputs());
  for (size_t i = 0; i < defs.size(); ++i) {
    if (defs[i].access != Access::kMutate) continue;
    const NodeOutput input = node.inputs[i];
    const auto changed = variable_of_.find(input);
    int32_t variable = -1;
    if (changed != variable_of_.end()) {
      variable = changed->second;
    } else if (graph_.nodes[input.node].is_variable()) {
      variable = input.node;
    }
    if (variable < 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "argument '", defs[i].name, "': expected a variable, found ",
          graph_.nodes[input.node].Describe()));
    }
    const NodeOutput value = {NextId(), output++};
    const auto [found, is_new] =
        update_of_.try_emplace(variable, graph_.updates.size());
    if (is_new) {
      graph_.updates.push_back({variable, value});
    } else if (graph_.updates[found->second].value.node == value.node) {
      return absl::InvalidArgumentError(absl::StrCat(
          "argument '", defs[i].name,
          "': expected a variable of its own, found one that another argument "
          "changes, too"));
    } else {
      graph_.updates[found->second].value = value;
    }
    variable_of_[value] = variable;
  }
  return absl::OkStatus();
}

absl::StatusOr<NodeOutput> Loader::Resolve(MxnetText::Entry entry) const {
  const int32_t id = new_id_[entry.node];
  const Node& node = graph_.nodes[id];
  const size_t num_outputs = node.num_visible_outputs();
  if (entry.output >= num_outputs) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected an output in [0,", num_outputs, ") of ",
                     node.Describe(), ", found ", entry.output));
  }
  if (node.is_variable()) return Latest(id);
  return NodeOutput{id, static_cast<int32_t>(entry.output)};
}

NodeOutput Loader::Latest(int32_t variable) const {
  const auto found = update_of_.find(variable);
  if (found == update_of_.end()) return {variable, 0};
  return graph_.updates[found->second].value;
}

std::string Loader::UniqueName(absl::string_view name) {
  std::string unique(name);
  while (!names_.insert(unique).second) {
    unique = absl::StrCat(name, "_", ++name_counters_[std::string(name)]);
  }
  return unique;
}

}  // namespace

absl::StatusOr<Graph> ParseMxnetJson(
    std::string json, std::shared_ptr<const OpRegistry> registry) {
  MINNOW_ASSIGN_OR_RETURN(MxnetText file, ParseMxnetText(json));
  return Loader(file, std::move(registry)).Load();
}

}  // namespace minnow
