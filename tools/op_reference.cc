#include "minnow/tools/op_reference.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "minnow/core/attr_value.h"

namespace minnow {
namespace {

// Text in a cell of a table.
std::string Cell(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"|", "\\|"}, {"\n", " "}});
}

std::string Code(absl::string_view text) {
  return absl::StrCat("`", text, "`");
}

absl::string_view AccessText(Access access) {
  switch (access) {
    case Access::kRead:
      return "";
    case Access::kUnread:
      return " (values unused)";
    case Access::kMutate:
      return " (changed in place)";
    case Access::kUpdate:
      return " (the output is its new value)";
  }
  return "";
}

std::string NamesText(const std::vector<std::string>& names, bool variadic) {
  if (names.empty()) return variadic ? "as many as attributes say" : "none";
  return absl::StrCat(absl::StrJoin(names, ", "),
                      variadic ? "; attributes say which" : "");
}

std::string InputsText(const OpDef& op, const Attrs& defaults) {
  std::vector<std::string> inputs;
  for (const InputDef& input : op.inputs.For(defaults)) {
    inputs.push_back(absl::StrCat(Code(input.name), AccessText(input.access)));
  }
  return NamesText(inputs, op.inputs.variadic());
}

std::string OutputsText(const OpDef& op, const Attrs& defaults) {
  std::vector<std::string> outputs;
  for (const std::string& name : op.outputs.For(defaults)) {
    outputs.push_back(Code(name));
  }
  return NamesText(outputs, op.outputs.variadic());
}

std::string AttributeTable(const OpDef& op) {
  std::string table =
      "\n| attribute | type | default | meaning |\n|---|---|---|---|\n";
  for (const FieldInfo& field : op.attrs->fields) {
    const std::string value =
        field.required ? "required" : Code(AttrText(field.default_value));
    absl::StrAppend(&table, "| ", Code(field.name), " | ", Cell(field.type),
                    " | ", Cell(value), " | ", Cell(field.doc),
                    field.dynamic ? " Can change between runs." : "", " |\n");
  }
  return table;
}

std::string Section(const OpDef& op) {
  const Attrs defaults = Attrs::Defaults(op.attrs);
  std::string text = absl::StrCat("## ", op.name, "\n\n");
  if (!op.aliases.empty()) {
    std::vector<std::string> aliases;
    for (const std::string& alias : op.aliases) aliases.push_back(Code(alias));
    absl::StrAppend(&text, "Also: ", absl::StrJoin(aliases, ", "), "\n\n");
  }
  absl::StrAppend(&text, "```text\n", op.doc, "\n```\n");
  if (!op.attrs->fields.empty()) text += AttributeTable(op);
  absl::StrAppend(&text, "\n- Inputs: ", InputsText(op, defaults),
                  "\n- Outputs: ", OutputsText(op, defaults),
                  "\n- Gradient: ", op.gradient != nullptr ? "yes" : "none");
  if (op.random) absl::StrAppend(&text, "\n- Draws random numbers");
  if (op.fails_on_data) {
    absl::StrAppend(&text, "\n- Can fail because of its inputs' values");
  }
  absl::StrAppend(&text, "\n- Kernels:\n");
  for (const std::string& line : KernelLines(op)) {
    absl::StrAppend(&text, "  - ", line, "\n");
  }
  text += "\n";
  return text;
}

}  // namespace

std::vector<std::string> KernelLines(const OpDef& op) {
  const Attrs defaults = Attrs::Defaults(op.attrs);
  size_t num_own_outputs = op.outputs.Count(defaults);
  for (const InputDef& input : op.inputs.For(defaults)) {
    num_own_outputs -= input.access == Access::kUpdate;
  }
  std::vector<std::pair<std::string, std::vector<std::string>>> lines;
  for (const Kernel& kernel : op.kernels) {
    std::vector<std::string> inputs, outputs;
    for (size_t i = 0; i < kernel.args.size(); ++i) {
      const ArgType& arg = kernel.args[i];
      auto& side = i + num_own_outputs < kernel.args.size() ? inputs : outputs;
      side.push_back(
          absl::StrCat(StorageTypeName(arg.storage), arg.is_list ? "..." : ""));
    }
    std::string key = absl::StrJoin(inputs, ", ");
    if (!outputs.empty()) {
      absl::StrAppend(&key, key.empty() ? "→ " : " → ",
                      absl::StrJoin(outputs, ", "));
    }
    auto line = std::find_if(lines.begin(), lines.end(),
                             [&](const auto& l) { return l.first == key; });
    if (line == lines.end()) line = lines.insert(line, {key, {}});
    const std::string dtype(DTypeName(kernel.args.front().dtype));
    if (std::find(line->second.begin(), line->second.end(), dtype) ==
        line->second.end()) {
      line->second.push_back(dtype);
    }
  }
  std::vector<std::string> text;
  for (const auto& [storages, dtypes] : lines) {
    text.push_back(absl::StrCat(storages, ": ", absl::StrJoin(dtypes, ", ")));
  }
  return text;
}

std::string OperatorReference(const OpRegistry& registry) {
  std::vector<const OpDef*> ops;
  for (const auto& op : registry.ops()) ops.push_back(op.get());
  const auto key = [](const OpDef* op) {
    return std::make_pair(
        absl::StartsWith(op->name, "_backward"),
        absl::AsciiStrToLower(op->name.substr(
            std::min(op->name.find_first_not_of('_'), op->name.size()))));
  };
  std::sort(ops.begin(), ops.end(),
            [&](const OpDef* a, const OpDef* b) { return key(a) < key(b); });
  std::string text =
      "# Operators\n\n"
      "Made by `minnow ops --markdown`; a test compares it with the program.\n"
      "`minnow ops NAME` prints one of them.\n\n";
  for (const OpDef* op : ops) text += Section(*op);
  text.pop_back();
  return text;
}

}  // namespace minnow
