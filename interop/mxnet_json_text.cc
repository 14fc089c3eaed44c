#include "minnow/interop/mxnet_json_text.h"

#include <algorithm>
#include <array>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"
#include "rapidjson/document.h"
#include "rapidjson/error/en.h"

namespace minnow {
namespace {

using Json = rapidjson::Value;

absl::string_view Text(const Json& json) {
  return {json.GetString(), json.GetStringLength()};
}

absl::string_view TypeName(const Json& json) {
  switch (json.GetType()) {
    case rapidjson::kNullType:
      return "null";
    case rapidjson::kFalseType:
    case rapidjson::kTrueType:
      return "a bool";
    case rapidjson::kObjectType:
      return "an object";
    case rapidjson::kArrayType:
      return "an array";
    case rapidjson::kStringType:
      return "a string";
    case rapidjson::kNumberType:
      break;
  }
  return "a number";
}

absl::Status Expected(absl::string_view what, const Json* found) {
  return absl::InvalidArgumentError(
      absl::StrCat("expected ", what, ", found ",
                   found == nullptr ? "nothing" : TypeName(*found)));
}

// The members of an object by name; null where there is none. Others, and those
// that are there twice, are errors.
template <size_t n>
using Names = std::array<absl::string_view, n>;
template <size_t n>
using Members = std::array<const Json*, n>;

template <size_t n>
absl::StatusOr<Members<n>> FindMembers(const Json& json,
                                       const Names<n>& names) {
  Members<n> members = {};
  for (const auto& member : json.GetObject()) {
    const absl::string_view name = Text(member.name);
    const size_t i = static_cast<size_t>(
        std::find(names.begin(), names.end(), name) - names.begin());
    if (i == n || members[i] != nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(
          "key '", name, i == n ? "' is unknown" : "' is given twice"));
    }
    members[i] = &member.value;
  }
  return members;
}

absl::Status CheckMember(bool good, absl::string_view name,
                         absl::string_view expected, const Json* found) {
  if (good) return absl::OkStatus();
  return Annotate(Expected(expected, found), absl::StrCat("key '", name, "'"));
}

// [node, output] or [node, output, version], where the version says nothing
// that the order of the nodes does not say.
absl::StatusOr<MxnetText::Entry> ParseEntry(const Json& json,
                                            size_t num_nodes) {
  constexpr absl::string_view kForm =
      "[node, output] or [node, output, version]";
  if (!json.IsArray() || json.Size() < 2 || json.Size() > 3) {
    return Expected(kForm, &json);
  }
  for (const Json& number : json.GetArray()) {
    if (!number.IsUint()) return Expected(kForm, &number);
  }
  const MxnetText::Entry entry = {json[0].GetUint(), json[1].GetUint()};
  if (entry.node >= num_nodes) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected a node in [0,", num_nodes,
                     "), since nodes come before their readers and there is "
                     "no cycle; found ",
                     entry.node));
  }
  return entry;
}

absl::Status ParseEntries(const Json& array, size_t num_nodes,
                          absl::string_view what,
                          std::vector<MxnetText::Entry>& entries) {
  for (rapidjson::SizeType i = 0; i < array.Size(); ++i) {
    absl::StatusOr<MxnetText::Entry> entry = ParseEntry(array[i], num_nodes);
    if (!entry.ok()) {
      return Annotate(entry.status(), absl::StrCat(what, "[", i, "]"));
    }
    entries.push_back(*entry);
  }
  return absl::OkStatus();
}

// Where several objects have a key, the first one counts.
absl::Status ParseAttrs(absl::Span<const Json* const> objects,
                        std::vector<MxnetText::Attr>& attrs) {
  absl::flat_hash_set<absl::string_view> seen;
  for (const Json* json : objects) {
    if (json == nullptr) continue;
    for (const auto& member : json->GetObject()) {
      const absl::string_view key = Text(member.name);
      if (!member.value.IsString()) {
        return Annotate(Expected("a string", &member.value),
                        absl::StrCat("attribute '", key, "'"));
      }
      if (seen.insert(key).second) attrs.emplace_back(key, Text(member.value));
    }
  }
  return absl::OkStatus();
}

absl::Status ParseNode(const Json& json, MxnetText& file,
                       MxnetText::Node& node) {
  if (!json.IsObject()) return Expected("an object", &json);
  constexpr Names<9> kKeys = {
      "name",         "op",        "inputs",
      "attrs",        "attr",      "param",
      "control_deps", "subgraphs", "backward_source_id"};
  MINNOW_ASSIGN_OR_RETURN(Members<9> members, FindMembers(json, kKeys));
  const auto [name, op, inputs, attrs, attr, param, control_deps, subgraphs,
              backward_source] = members;
  for (size_t i : {0, 1}) {
    MINNOW_RETURN_IF_ERROR(
        CheckMember(members[i] != nullptr && members[i]->IsString() &&
                        members[i]->GetStringLength() > 0,
                    kKeys[i], "a string that is not empty", members[i]));
  }
  node.name = Text(*name);
  node.op = Text(*op);
  MINNOW_RETURN_IF_ERROR(CheckMember(inputs != nullptr && inputs->IsArray(),
                                     "inputs", "an array", inputs));
  for (size_t i : {3, 4, 5}) {
    MINNOW_RETURN_IF_ERROR(
        CheckMember(members[i] == nullptr || members[i]->IsObject(), kKeys[i],
                    "an object", members[i]));
  }
  for (size_t i : {6, 7}) {
    MINNOW_RETURN_IF_ERROR(CheckMember(
        members[i] == nullptr || (members[i]->IsArray() && members[i]->Empty()),
        kKeys[i],
        "an empty array (minnow has no control dependencies and no subgraphs)",
        members[i]));
  }
  if (node.is_variable() && !inputs->Empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "expected no inputs of a variable, found ", inputs->Size()));
  }
  MINNOW_RETURN_IF_ERROR(
      ParseEntries(*inputs, file.nodes.size(), "inputs", file.all_inputs));
  return ParseAttrs({attrs, attr, param}, file.all_attrs);
}

absl::Status ParseNodes(const Json& json, MxnetText& file) {
  if (json.Size() > INT32_MAX) {
    return absl::InvalidArgumentError(absl::StrCat(
        "expected at most ", INT32_MAX, " nodes, found ", json.Size()));
  }
  file.nodes.reserve(json.Size());
  for (const Json& item : json.GetArray()) {
    MxnetText::Node node;
    node.first_input = file.all_inputs.size();
    node.first_attr = file.all_attrs.size();
    absl::Status status = ParseNode(item, file, node);
    if (!status.ok()) {
      return Annotate(status, absl::StrCat("nodes[", file.nodes.size(), "] '",
                                           node.name, "'"));
    }
    file.nodes.push_back(node);
  }
  return absl::OkStatus();
}

// Pairs of a type and a value. Those that are not known are passed over.
absl::Status ParseGraphAttrs(const Json* json, MxnetText& file) {
  if (json == nullptr) return absl::OkStatus();
  if (!json->IsObject()) return Expected("an object", json);
  for (const auto& member : json->GetObject()) {
    const absl::string_view name = Text(member.name);
    const bool is_version = name == "mxnet_version";
    if (!is_version && name != "is_np_shape") continue;
    const Json& pair = member.value;
    if (!pair.IsArray() || pair.Size() != 2 || !pair[1].IsInt64()) {
      return Annotate(Expected("[\"int\", number]", &pair),
                      absl::StrCat("'", name, "'"));
    }
    if (is_version) {
      file.version = pair[1].GetInt64();
    } else {
      file.np_shape = pair[1].GetInt64() != 0;
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::string MxnetText::Node::Describe() const {
  if (is_variable()) return absl::StrCat("variable '", name, "'");
  return absl::StrCat("node '", name, "' (", op, ")");
}

absl::StatusOr<MxnetText> ParseMxnetText(std::string& json) {
  // RapidJSON takes a zero byte for the end.
  if (const size_t zero = json.find('\0'); zero != json.npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("at byte ", zero, ": expected JSON, found a zero byte"));
  }
  // In place, and without recursion.
  constexpr unsigned kFlags = rapidjson::kParseInsituFlag |
                              rapidjson::kParseIterativeFlag |
                              rapidjson::kParseValidateEncodingFlag;
  rapidjson::Document document;
  document.ParseInsitu<kFlags>(json.data());
  if (document.HasParseError()) {
    return absl::InvalidArgumentError(
        absl::StrCat("at byte ", document.GetErrorOffset(), ": expected JSON; ",
                     rapidjson::GetParseError_En(document.GetParseError())));
  }
  if (!document.IsObject()) return Expected("an object", &document);
  constexpr Names<5> kKeys = {"nodes", "heads", "arg_nodes", "attrs",
                              "node_row_ptr"};
  MINNOW_ASSIGN_OR_RETURN(Members<5> members, FindMembers(document, kKeys));
  for (size_t i : {0, 1, 2}) {
    MINNOW_RETURN_IF_ERROR(
        CheckMember(members[i] != nullptr && members[i]->IsArray(), kKeys[i],
                    "an array", members[i]));
  }
  MxnetText file;
  MINNOW_RETURN_IF_ERROR(
      Annotate(ParseGraphAttrs(members[3], file), "key 'attrs'"));
  MINNOW_RETURN_IF_ERROR(ParseNodes(*members[0], file));
  MINNOW_RETURN_IF_ERROR(
      ParseEntries(*members[1], file.nodes.size(), "heads", file.heads));
  return file;
}

}  // namespace minnow
