#include "minnow/graph/inference.h"

#include "absl/strings/str_cat.h"
#include "minnow/graph/graph.h"

namespace minnow {
namespace internal {

Inference::Inference(const Node& node) : node_(node), attrs_(&node.attrs) {}

std::string Inference::InputLabel(size_t i) const {
  const auto defs = node_.op->inputs.For(*attrs_);
  return absl::StrCat("argument '", i < defs.size() ? defs[i].name : "?", "'");
}

std::string Inference::OutputLabel(size_t i) const {
  const std::vector<std::string> names = node_.op->outputs.For(*attrs_);
  if (i < names.size()) return absl::StrCat("output '", names[i], "'");
  return "the new value of a state";
}

}  // namespace internal

namespace {

absl::Status MergeShape(Shape& shape, const Shape& expected, auto&& label) {
  if (shape == expected || !expected.known_rank()) return absl::OkStatus();
  Shape merged = expected;
  if (absl::Status s = merged.Merge(shape); !s.ok()) {
    return Annotate(s, label());
  }
  shape = std::move(merged);
  return absl::OkStatus();
}

absl::Status MergeDType(std::optional<DType>& dtype,
                        std::optional<DType> expected, auto&& label) {
  if (!expected.has_value() || dtype == expected) return absl::OkStatus();
  if (dtype.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat(label(), ": expected dtype ", DTypeName(*expected),
                     ", found ", DTypeName(*dtype)));
  }
  dtype = expected;
  return absl::OkStatus();
}

}  // namespace

absl::Status ShapeInference::MergeInput(size_t i, const Shape& expected) {
  return MergeShape(*inputs_[i], expected, [&] { return InputLabel(i); });
}

absl::Status ShapeInference::MergeOutput(size_t i, const Shape& expected) {
  return MergeShape(*outputs_[i], expected, [&] { return OutputLabel(i); });
}

absl::Status ShapeInference::InputError(size_t i,
                                        absl::string_view expected) const {
  return absl::InvalidArgumentError(absl::StrCat(
      InputLabel(i), ": expected ", expected, ", found ", input(i).ToString()));
}

absl::Status DTypeInference::MergeInput(size_t i, Value expected) {
  return MergeDType(*inputs_[i], expected, [&] { return InputLabel(i); });
}

absl::Status DTypeInference::MergeOutput(size_t i, Value expected) {
  return MergeDType(*outputs_[i], expected, [&] { return OutputLabel(i); });
}

absl::Status SameShape(ShapeInference& node) {
  // Forwards, then backwards, so that each learns what any of them knows.
  Shape common;
  for (size_t i = 0; i < node.num_inputs(); ++i) {
    MINNOW_RETURN_IF_ERROR(node.MergeInput(i, common));
    common = node.input(i);
  }
  for (size_t i = 0; i < node.num_outputs(); ++i) {
    MINNOW_RETURN_IF_ERROR(node.MergeOutput(i, common));
    common = node.output(i);
  }
  for (size_t i = node.num_outputs(); i-- > 0;) {
    MINNOW_RETURN_IF_ERROR(node.MergeOutput(i, common));
  }
  for (size_t i = node.num_inputs(); i-- > 0;) {
    MINNOW_RETURN_IF_ERROR(node.MergeInput(i, common));
  }
  return absl::OkStatus();
}

absl::Status SameDTypeOf(DTypeInference& node,
                         std::initializer_list<size_t> inputs) {
  for (size_t i : inputs) {
    MINNOW_RETURN_IF_ERROR(node.MergeOutput(0, node.input(i)));
  }
  for (size_t i : inputs) {
    MINNOW_RETURN_IF_ERROR(node.MergeInput(i, node.output(0)));
  }
  return absl::OkStatus();
}

absl::Status SameDType(DTypeInference& node) {
  std::optional<DType> common;
  for (size_t i = 0; i < node.num_inputs() && !common.has_value(); ++i) {
    common = node.input(i);
  }
  for (size_t i = 0; i < node.num_outputs() && !common.has_value(); ++i) {
    common = node.output(i);
  }
  for (size_t i = 0; i < node.num_inputs(); ++i) {
    MINNOW_RETURN_IF_ERROR(node.MergeInput(i, common));
  }
  for (size_t i = 0; i < node.num_outputs(); ++i) {
    MINNOW_RETURN_IF_ERROR(node.MergeOutput(i, common));
  }
  return absl::OkStatus();
}

}  // namespace minnow
