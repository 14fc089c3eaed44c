#include "minnow/graph/op_registry.h"

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "minnow/core/nearest_name.h"

namespace minnow {
namespace {

// A kernel must fit inputs and outputs: their number, and who is written.
absl::Status CheckKernel(const OpDef& op, const InputDefs::View& inputs,
                         absl::Span<const std::string> own_outputs,
                         const Kernel& kernel) {
  const size_t expected = inputs.size() + own_outputs.size();
  if (kernel.args.size() != expected) {
    return absl::InvalidArgumentError(
        absl::StrCat("operator '", op.name, "': expected kernels of ", expected,
                     " arguments, found ", kernel.args.size()));
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (kernel.args[i].writes != IsWritten(inputs[i].access)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "operator '", op.name, "': argument '", inputs[i].name, "' is ",
          kernel.args[i].writes ? "written by a kernel, but read only"
                                : "changed, but not by every kernel"));
    }
  }
  for (size_t i = 0; i < own_outputs.size(); ++i) {
    if (!kernel.args[inputs.size() + i].writes) {
      return absl::InvalidArgumentError(
          absl::StrCat("operator '", op.name, "': output '", own_outputs[i],
                       "' is not written by every kernel"));
    }
  }
  return absl::OkStatus();
}

// The arity of a variadic operator is known only with its attributes; the parts
// that all its nodes have are checked when a kernel is chosen.
absl::Status CheckArguments(const OpDef& op) {
  if (op.groups.size > 0) {
    const size_t expected = op.groups.size + op.groups.num_shared;
    for (const Kernel& kernel : op.kernels) {
      if (kernel.args.size() == expected) continue;
      return absl::InvalidArgumentError(absl::StrCat(
          "operator '", op.name, "': expected kernels of ", expected,
          " arguments for a group, found ", kernel.args.size()));
    }
  }
  if (op.inputs.variadic() || op.outputs.variadic()) return absl::OkStatus();
  const auto inputs = op.inputs.For(Attrs());
  const std::vector<std::string> outputs = op.outputs.For(Attrs());
  size_t updated = 0;
  for (const InputDef& input : inputs) {
    updated += input.access == Access::kUpdate;
  }
  if (updated > outputs.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "operator '", op.name, "': expected an output for each of ", updated,
        " updated inputs, found ", outputs.size()));
  }
  const auto own_outputs = absl::MakeConstSpan(outputs).subspan(updated);
  for (const Kernel& kernel : op.kernels) {
    MINNOW_RETURN_IF_ERROR(CheckKernel(op, inputs, own_outputs, kernel));
  }
  for (const InplacePair& pair : op.inplace) {
    if (pair.input >= inputs.size() || pair.output >= outputs.size() ||
        pair.output < updated || IsWritten(inputs[pair.input].access)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "operator '", op.name,
          "': expected pairs of an input that is not written and an output of "
          "its own, found (",
          pair.input, ", ", pair.output, ")"));
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
  MINNOW_RETURN_IF_ERROR(CheckArguments(op));
  std::vector<std::string> names = op.aliases;
  names.push_back(op.name);
  absl::flat_hash_set<absl::string_view> own_names;
  for (const std::string& name : names) {
    if (by_name_.contains(name) || !own_names.insert(name).second) {
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
