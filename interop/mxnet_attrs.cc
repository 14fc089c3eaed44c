#include "minnow/interop/mxnet_attrs.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"

namespace minnow {
namespace {

constexpr absl::string_view kShape = "__shape__";
constexpr absl::string_view kDType = "__dtype__";
constexpr absl::string_view kStorage = "__storage_type__";
constexpr absl::string_view kInit = "__init__";
// What MXNet writes for a dtype or storage type that it does not know.
constexpr int64_t kUndefined = -1;

absl::StatusOr<Shape> ParseShape(absl::string_view text, bool np_shape) {
  MINNOW_ASSIGN_OR_RETURN(Shape shape, AttrCodec<Shape>::FromText(text));
  if (np_shape || !shape.known_rank()) return shape;
  if (shape.rank() == 0) return Shape();
  for (size_t i = 0; i < shape.rank(); ++i) {
    if (shape[i] == 0) shape.set(i, Shape::kUnknown);
  }
  return shape;
}

std::string ShapeText(Shape shape, bool np_shape) {
  if (np_shape) return AttrText(AttrCodec<Shape>::ToValue(shape));
  if (!shape.known_rank()) return "()";
  for (size_t i = 0; i < shape.rank(); ++i) {
    if (shape[i] == Shape::kUnknown) shape.set(i, 0);
  }
  return AttrText(AttrCodec<Shape>::ToValue(shape));
}

bool NeedsNpShape(const Shape& shape) {
  return shape.known_rank() &&
         (shape.rank() == 0 || absl::c_linear_search(shape.dims(), int64_t{0}));
}

// The field of an operator's attributes that is a shape, or null.
const FieldInfo* FindShapeField(const OpDef& op, absl::string_view name) {
  for (const FieldInfo& field : op.attrs->fields) {
    if (field.name == name) {
      return field.type == AttrCodec<Shape>::Type() ? &field : nullptr;
    }
  }
  return nullptr;
}

// A number of MXNet's, or nothing if it is undefined there.
absl::StatusOr<std::optional<int64_t>> ParseFlag(absl::string_view text) {
  MINNOW_ASSIGN_OR_RETURN(int64_t flag, ParseInt(text));
  if (flag == kUndefined) return std::optional<int64_t>();
  return std::optional<int64_t>(flag);
}

absl::Status SetShape(absl::string_view text, bool np_shape,
                      VariableAttrs& attrs) {
  MINNOW_ASSIGN_OR_RETURN(attrs.shape, ParseShape(text, np_shape));
  return absl::OkStatus();
}

absl::Status SetDType(absl::string_view text, VariableAttrs& attrs) {
  MINNOW_ASSIGN_OR_RETURN(std::optional<int64_t> flag, ParseFlag(text));
  if (!flag.has_value()) return absl::OkStatus();
  MINNOW_ASSIGN_OR_RETURN(attrs.dtype, DTypeFromFlag(*flag));
  return absl::OkStatus();
}

absl::Status SetStorage(absl::string_view text, VariableAttrs& attrs) {
  MINNOW_ASSIGN_OR_RETURN(std::optional<int64_t> flag, ParseFlag(text));
  if (!flag.has_value()) return absl::OkStatus();
  if (*flag < 0 || *flag > static_cast<int64_t>(StorageType::kCsr)) {
    return ExpectedFound("0 (dense), 1 (row_sparse) or 2 (csr)", text);
  }
  attrs.stype = static_cast<StorageType>(*flag);
  return absl::OkStatus();
}

}  // namespace

bool IsMxnetAnnotation(absl::string_view key) {
  return key.size() > 4 && absl::StartsWith(key, "__") &&
         absl::EndsWith(key, "__");
}

absl::StatusOr<VariableAttrs> TakeVariableAttrs(bool np_shape,
                                                MxnetAttrs& texts) {
  VariableAttrs attrs;
  absl::Status status;
  const auto take = [&](const Annotation& annotation) {
    const auto& [key, text] = annotation;
    absl::Status taken;
    if (key == kShape) {
      taken = SetShape(text, np_shape, attrs);
    } else if (key == kDType) {
      taken = SetDType(text, attrs);
    } else if (key == kStorage) {
      taken = SetStorage(text, attrs);
    } else if (key == kInit) {
      absl::StatusOr<Initializer> init = Initializer::FromText(text);
      if (!init.ok()) return false;
      attrs.init = *std::move(init);
    } else {
      return false;
    }
    status.Update(Annotate(taken, absl::StrCat("attribute '", key, "'")));
    return true;
  };
  texts.erase(std::remove_if(texts.begin(), texts.end(), take), texts.end());
  if (!status.ok()) return status;
  return attrs;
}

MxnetAttrs VariableAttrTexts(const VariableAttrs& attrs, bool np_shape) {
  MxnetAttrs texts;
  const auto add = [&texts](absl::string_view key, std::string text) {
    texts.emplace_back(std::string(key), std::move(text));
  };
  if (attrs.dtype.has_value()) {
    add(kDType, absl::StrCat(static_cast<int64_t>(*attrs.dtype)));
  }
  if (attrs.init.has_value()) add(kInit, attrs.init->ToText());
  if (attrs.shape.known_rank()) add(kShape, ShapeText(attrs.shape, np_shape));
  if (attrs.stype.has_value()) {
    add(kStorage, absl::StrCat(static_cast<int64_t>(*attrs.stype)));
  }
  return texts;
}

absl::StatusOr<Attrs> ParseOpAttrs(const OpDef& op, bool np_shape,
                                   const MxnetAttrs& texts) {
  std::vector<NamedAttr> named;
  named.reserve(texts.size());
  for (const auto& [key, text] : texts) {
    if (FindShapeField(op, key) == nullptr) {
      named.push_back({key, text});
      continue;
    }
    absl::StatusOr<Shape> shape = ParseShape(text, np_shape);
    if (!shape.ok()) {
      return Annotate(shape.status(), absl::StrCat("attribute '", key, "'"));
    }
    named.push_back({key, AttrCodec<Shape>::ToValue(*shape)});
  }
  return Attrs::Parse(op.attrs, named);
}

MxnetAttrs OpAttrTexts(const Node& node, bool np_shape) {
  MxnetAttrs texts;
  for (NamedAttr& attr : node.attrs.non_default()) {
    std::string text = AttrText(attr.value);
    if (FindShapeField(*node.op, attr.name) != nullptr) {
      absl::StatusOr<Shape> shape = AttrCodec<Shape>::FromValue(attr.value);
      if (shape.ok()) text = ShapeText(*std::move(shape), np_shape);
    }
    texts.emplace_back(std::move(attr.name), std::move(text));
  }
  return texts;
}

bool NeedsNpShape(const Node& node) {
  if (node.is_variable()) return NeedsNpShape(node.variable().shape);
  for (const NamedAttr& attr : node.attrs.non_default()) {
    if (FindShapeField(*node.op, attr.name) == nullptr) continue;
    absl::StatusOr<Shape> shape = AttrCodec<Shape>::FromValue(attr.value);
    if (shape.ok() && NeedsNpShape(*shape)) return true;
  }
  return false;
}

}  // namespace minnow
