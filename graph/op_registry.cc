#include "minnow/graph/op_registry.h"

#include "absl/strings/str_cat.h"
#include "minnow/core/nearest_name.h"

namespace minnow {
namespace {

// A kernel must fit inputs and outputs: their number, and who is written. The
// arity of a variadic operator is known only with its attributes; the parts
// that all its nodes have are checked when a kernel is chosen.
absl::Status CheckKernel(const OpDef& op, const Kernel& kernel) {
  if (op.inputs.variadic() || op.outputs.variadic()) return absl::OkStatus();
  const auto inputs = op.inputs.For(Attrs());
  size_t outputs = op.outputs.Count(Attrs());
  for (const InputDef& input : inputs) {
    outputs -= input.access == Access::kUpdate;
  }
  if (kernel.args.size() != inputs.size() + outputs) {
    return absl::InvalidArgumentError(absl::StrCat(
        "operator '", op.name, "': expected kernels of ",
        inputs.size() + outputs, " arguments, found ", kernel.args.size()));
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (kernel.args[i].writes != IsWritten(inputs[i].access)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "operator '", op.name, "': argument '", inputs[i].name, "' is ",
          kernel.args[i].writes ? "written by a kernel, but read only"
                                : "changed, but not by every kernel"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status OpRegistry::Add(OpDef op) {
  if (op.name.empty()) {
    return absl::InvalidArgumentError("an operator needs a name");
  }
  if (op.shape == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("operator '", op.name, "' has no shape inference"));
  }
  for (const Kernel& kernel : op.kernels) {
    MINNOW_RETURN_IF_ERROR(CheckKernel(op, kernel));
  }
  std::vector<std::string> names = op.aliases;
  names.push_back(op.name);
  for (const std::string& name : names) {
    if (by_name_.contains(name)) {
      return absl::AlreadyExistsError(
          absl::StrCat("there is an operator '", name, "' already"));
    }
  }
  ops_.push_back(std::make_shared<const OpDef>(std::move(op)));
  for (std::string& name : names) {
    by_name_[std::move(name)] = ops_.back().get();
  }
  return absl::OkStatus();
}

const OpDef* OpRegistry::Find(absl::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

absl::StatusOr<const OpDef*> OpRegistry::Get(absl::string_view name) const {
  if (const OpDef* op = Find(name)) return op;
  std::vector<absl::string_view> names;
  for (const auto& op : ops_) {
    names.push_back(op->name);
    names.insert(names.end(), op->aliases.begin(), op->aliases.end());
  }
  return absl::NotFoundError(absl::StrCat("there is no operator '", name, "'",
                                          DidYouMean(name, names)));
}

}  // namespace minnow
