#include <iostream>
#include <string>

#include "minnow/core/status.h"
#include "minnow/graph/print.h"
#include "minnow/interop/op_json.h"
#include "minnow/ops/builtin.h"
#include "minnow/tools/commands.h"
#include "minnow/tools/op_reference.h"

namespace minnow {
namespace {

void PrintList(const OpRegistry& registry) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& op : registry.ops()) {
    rows.push_back({op->name, op->doc.substr(0, op->doc.find('\n'))});
  }
  std::cout << AlignColumns(rows);
}

void PrintOp(const OpDef& op) {
  std::cout << op.name << "\n\n" << op.doc << "\n\n";
  if (!op.attrs->fields.empty()) std::cout << "attributes:\n";
  for (const FieldInfo& field : op.attrs->fields) {
    std::cout << "  " << field.name << " (" << field.type << ", "
              << (field.required ? "required"
                                 : "default " + AttrText(field.default_value))
              << (field.dynamic ? ", dynamic" : "") << "): " << field.doc
              << "\n";
  }
  std::cout << "kernels:\n";
  for (const std::string& line : KernelLines(op)) {
    std::cout << "  " << line << "\n";
  }
}

}  // namespace

absl::Status Execute(const OpsCommand& command) {
  const auto registry = BuiltinOps();
  if (command.markdown) {
    std::cout << OperatorReference(*registry);
    return absl::OkStatus();
  }
  if (command.name.empty()) {
    if (command.json) {
      std::cout << OpsJson(*registry) << "\n";
    } else {
      PrintList(*registry);
    }
    return absl::OkStatus();
  }
  MINNOW_ASSIGN_OR_RETURN(const OpDef* op, registry->Get(command.name));
  if (command.json) {
    std::cout << OpJson(*op) << "\n";
  } else {
    PrintOp(*op);
  }
  return absl::OkStatus();
}

}  // namespace minnow
