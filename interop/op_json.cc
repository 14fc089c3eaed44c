#include "minnow/interop/op_json.h"

#include <cmath>
#include <type_traits>
#include <variant>

#include "minnow/graph/op_def.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace minnow {
namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void WriteText(absl::string_view text, Writer& json) {
  json.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

// JSON has no infinity and no NaN; those become text. A float is written with
// the digits that it takes to read it back.
template <typename T>
void WriteNumber(T value, Writer& json) {
  const std::string text = AttrText(AttrScalar(value));
  if constexpr (std::is_floating_point_v<T>) {
    if (!std::isfinite(value)) return WriteText(text, json);
  }
  json.RawValue(text.data(), text.size(), rapidjson::kNumberType);
}

template <typename Variant>
void WriteValue(const Variant& value, Writer& json) {
  std::visit(
      [&](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, None>) {
          json.Null();
        } else if constexpr (std::is_same_v<T, bool>) {
          json.Bool(v);
        } else if constexpr (std::is_same_v<T, std::string>) {
          WriteText(v, json);
        } else if constexpr (std::is_same_v<T, AttrList>) {
          json.StartArray();
          for (const AttrScalar& item : v) WriteValue(item, json);
          json.EndArray();
        } else {
          WriteNumber(v, json);
        }
      },
      value);
}

absl::string_view AccessName(Access access) {
  switch (access) {
    case Access::kMutate:
      return "mutate";
    case Access::kUpdate:
      return "update";
    case Access::kRead:
    case Access::kUnread:
      break;
  }
  return "read";
}

void WriteAttributes(const OpDef& op, Writer& json) {
  json.Key("attributes");
  json.StartArray();
  for (const FieldInfo& field : op.attrs->fields) {
    json.StartObject();
    json.Key("name");
    WriteText(field.name, json);
    json.Key("type");
    WriteText(field.type, json);
    json.Key("required");
    json.Bool(field.required);
    if (!field.required) {
      json.Key("default");
      WriteValue(field.default_value, json);
    }
    json.Key("dynamic");
    json.Bool(field.dynamic);
    json.Key("doc");
    WriteText(field.doc, json);
    json.EndObject();
  }
  json.EndArray();
}

void WriteStorages(absl::string_view key,
                   absl::Span<const StorageType> storages, Writer& json) {
  json.Key(key.data());
  json.StartArray();
  for (StorageType storage : storages) {
    WriteText(StorageTypeName(storage), json);
  }
  json.EndArray();
}

void WriteKernel(const Kernel& kernel, const InputDefs::View& inputs,
                 size_t num_own_outputs, Writer& json) {
  // The new value of an input is stored as the input is.
  std::vector<StorageType> in, out;
  const size_t num_inputs = kernel.args.size() - num_own_outputs;
  for (size_t i = 0; i < kernel.args.size(); ++i) {
    const StorageType storage = kernel.args[i].storage;
    if (i >= num_inputs) {
      out.push_back(storage);
      continue;
    }
    in.push_back(storage);
    if (i < inputs.size() && inputs[i].access == Access::kUpdate) {
      out.push_back(storage);
    }
  }
  json.StartObject();
  json.Key("dtype");
  WriteText(DTypeName(kernel.args.front().dtype), json);
  WriteStorages("inputs", in, json);
  WriteStorages("outputs", out, json);
  json.EndObject();
}

void WriteOp(const OpDef& op, Writer& json) {
  const Attrs attrs = Attrs::Defaults(op.attrs);
  const auto inputs = op.inputs.For(attrs);
  const std::vector<std::string> outputs = op.outputs.For(attrs);
  json.StartObject();
  json.Key("name");
  WriteText(op.name, json);
  json.Key("aliases");
  json.StartArray();
  for (const std::string& alias : op.aliases) WriteText(alias, json);
  json.EndArray();
  json.Key("doc");
  WriteText(op.doc, json);
  json.Key("inputs");
  json.StartArray();
  size_t own_outputs = outputs.size();
  for (const InputDef& input : inputs) {
    own_outputs -= input.access == Access::kUpdate;
    json.StartObject();
    json.Key("name");
    WriteText(input.name, json);
    json.Key("access");
    WriteText(AccessName(input.access), json);
    json.EndObject();
  }
  json.EndArray();
  json.Key("outputs");
  json.StartArray();
  for (const std::string& output : outputs) WriteText(output, json);
  json.EndArray();
  WriteAttributes(op, json);
  json.Key("gradient");
  json.Bool(op.gradient != nullptr);
  json.Key("kernels");
  json.StartArray();
  for (const Kernel& kernel : op.kernels) {
    WriteKernel(kernel, inputs, own_outputs, json);
  }
  json.EndArray();
  json.EndObject();
}

}  // namespace

std::string OpJson(const OpDef& op) {
  rapidjson::StringBuffer buffer;
  Writer json(buffer);
  WriteOp(op, json);
  return buffer.GetString();
}

std::string OpsJson(const OpRegistry& registry) {
  rapidjson::StringBuffer buffer;
  Writer json(buffer);
  json.StartArray();
  for (const auto& op : registry.ops()) WriteOp(*op, json);
  json.EndArray();
  return buffer.GetString();
}

}  // namespace minnow
