#include "minnow/graph/op_def.h"

#include "absl/strings/str_cat.h"
#include "minnow/graph/builder.h"

namespace minnow {
namespace {

// The attributes of an unknown operator: any names, any values.
struct RawAttrs {
  std::vector<NamedAttr> values;
};

const AttrsType* RawAttrsType() {
  static const AttrsType* const type = new AttrsType{
      .fields = {},
      .parse = [](absl::Span<const NamedAttr> named)
          -> absl::StatusOr<std::shared_ptr<const void>> {
        return std::shared_ptr<const void>(
            std::make_shared<RawAttrs>(RawAttrs{{named.begin(), named.end()}}));
      },
      .defaults = []() -> std::shared_ptr<const void> {
        return std::make_shared<const RawAttrs>();
      },
      .named =
          [](const void* attrs) {
            return static_cast<const RawAttrs*>(attrs)->values;
          },
      .copy = [](const void* attrs) -> std::shared_ptr<void> {
        return std::make_shared<RawAttrs>(*static_cast<const RawAttrs*>(attrs));
      },
      .dynamic_field = [](void*, size_t) { return DynamicField(); }};
  return type;
}

}  // namespace

InputDef::InputDef(const char* name, Access access)
    : InputDef(std::string(name), access) {}

InputDef::InputDef(std::string name, Access access)
    : InputDef(std::move(name), access,
               access == Access::kMutate ? Role::kState : Role::kArgument) {}

InputDefs::InputDefs(size_t count) {
  for (size_t i = 0; i < count; ++i) {
    fixed_.push_back(InputDef(absl::StrCat("arg", i), Access::kRead));
  }
}

OutputDefs::OutputDefs(size_t count) {
  for (size_t i = 0; i < count; ++i) fixed_.push_back(absl::StrCat("out", i));
}

Attrs GradientContext::untyped_attrs() const {
  return builder_->node(node_).attrs;
}

size_t GradientContext::num_inputs() const {
  return builder_->node(node_).inputs.size();
}

Symbol GradientContext::input(size_t i) const {
  return {builder_, builder_->node(node_).inputs[i]};
}

Symbol GradientContext::output(size_t i) const {
  return {builder_, {node_, static_cast<int32_t>(i)}};
}

size_t NumMutated(const OpDef& op, const Attrs& attrs) {
  size_t count = 0;
  const auto inputs = op.inputs.For(attrs);
  for (const InputDef& input : inputs) {
    count += input.access == Access::kMutate;
  }
  return count;
}

OpDef UnknownOp(absl::string_view name, size_t num_inputs, size_t num_outputs) {
  return {.name = std::string(name),
          .doc = "An operator that this program does not have.",
          .attrs = RawAttrsType(),
          .inputs = InputDefs(num_inputs),
          .outputs = OutputDefs(num_outputs),
          .unknown = true};
}

}  // namespace minnow
