#include "minnow/graph/initializer.h"

#include <xxhash.h>

#include <cmath>

#include "minnow/core/convert.h"
#include "minnow/core/status.h"
#include "rapidjson/document.h"

namespace minnow {
namespace {

absl::string_view FactorName(Initializer::Factor factor) {
  switch (factor) {
    case Initializer::Factor::kIn:
      return "in";
    case Initializer::Factor::kOut:
      return "out";
    case Initializer::Factor::kAverage:
      break;
  }
  return "avg";
}

// Reads the arguments of ["name", {...}] and notes the first that is wrong.
class Arguments {
 public:
  explicit Arguments(const rapidjson::Value* object) : object_(object) {}

  double Number(const char* name, double otherwise) {
    const rapidjson::Value* value = Find(name);
    if (value == nullptr) return otherwise;
    if (value->IsNumber()) return value->GetDouble();
    status_.Update(absl::InvalidArgumentError(
        absl::StrCat("'", name, "': expected a number")));
    return otherwise;
  }

  // The index of the text in `choices`.
  size_t Choice(const char* name, absl::Span<const absl::string_view> choices,
                size_t otherwise) {
    const rapidjson::Value* value = Find(name);
    if (value == nullptr) return otherwise;
    for (size_t i = 0; i < choices.size(); ++i) {
      if (value->IsString() && choices[i] == value->GetString()) return i;
    }
    status_.Update(absl::InvalidArgumentError(
        absl::StrCat("'", name, "': expected ", choices[0], " or another of ",
                     choices.size(), " choices")));
    return otherwise;
  }

  const absl::Status& status() const { return status_; }

 private:
  const rapidjson::Value* Find(const char* name) const {
    if (object_ == nullptr) return nullptr;
    const auto member = object_->FindMember(name);
    return member == object_->MemberEnd() ? nullptr : &member->value;
  }

  const rapidjson::Value* object_;
  absl::Status status_;
};

std::string Number(double value) { return AttrText(AttrScalar(value)); }

}  // namespace

Initializer Initializer::Constant(double value) {
  Initializer init;
  init.value_ = value;
  return init;
}

Initializer Initializer::Uniform(double scale) {
  Initializer init;
  init.kind_ = Kind::kUniform;
  init.value_ = scale;
  return init;
}

Initializer Initializer::Normal(double sigma) {
  Initializer init;
  init.kind_ = Kind::kNormal;
  init.value_ = sigma;
  init.normal_ = true;
  return init;
}

Initializer Initializer::Xavier(bool normal, Factor factor, double magnitude) {
  Initializer init;
  init.kind_ = Kind::kXavier;
  init.value_ = magnitude;
  init.normal_ = normal;
  init.factor_ = factor;
  return init;
}

Initializer Initializer::MsraPrelu(Factor factor, double slope) {
  return Xavier(/*normal=*/true, factor, 2 / (1 + slope * slope));
}

std::string Initializer::ToText() const {
  switch (kind_) {
    case Kind::kUniform:
      return absl::StrCat("[\"uniform\", {\"scale\": ", Number(value_), "}]");
    case Kind::kNormal:
      return absl::StrCat("[\"normal\", {\"sigma\": ", Number(value_), "}]");
    case Kind::kXavier:
      return absl::StrCat("[\"xavier\", {\"rnd_type\": \"",
                          normal_ ? "gaussian" : "uniform",
                          "\", \"factor_type\": \"", FactorName(factor_),
                          "\", \"magnitude\": ", Number(value_), "}]");
    case Kind::kConstant:
      break;
  }
  if (value_ == 0) return "[\"zero\", {}]";
  if (value_ == 1) return "[\"one\", {}]";
  return absl::StrCat("[\"constant\", {\"value\": ", Number(value_), "}]");
}

absl::StatusOr<Initializer> Initializer::FromText(absl::string_view text) {
  constexpr unsigned kFlags =
      rapidjson::kParseIterativeFlag | rapidjson::kParseFullPrecisionFlag;
  rapidjson::Document json;
  json.Parse<kFlags>(text.data(), text.size());
  std::string name(text);
  const rapidjson::Value* object = nullptr;
  if (!json.HasParseError()) {
    if (json.IsArray() && json.Size() >= 1 && json.Size() <= 2 &&
        json[0].IsString() && (json.Size() == 1 || json[1].IsObject())) {
      name = json[0].GetString();
      if (json.Size() == 2) object = &json[1];
    } else if (json.IsString()) {
      name = json.GetString();
    }
  }
  Arguments arguments(object);
  const absl::string_view kFactors[] = {"in", "out", "avg"};
  const absl::string_view kDraws[] = {"uniform", "gaussian"};
  const auto factor = [&] {
    return static_cast<Factor>(arguments.Choice("factor_type", kFactors, 2));
  };
  Initializer init;
  if (name == "zero" || name == "zeros") {
    init = Zero();
  } else if (name == "one" || name == "ones") {
    init = One();
  } else if (name == "constant") {
    init = Constant(arguments.Number("value", 0));
  } else if (name == "uniform") {
    init = Uniform(arguments.Number("scale", 0.07));
  } else if (name == "normal") {
    init = Normal(arguments.Number("sigma", 0.01));
  } else if (name == "xavier") {
    const bool normal = arguments.Choice("rnd_type", kDraws, 0) == 1;
    init = Xavier(normal, factor(), arguments.Number("magnitude", 3));
  } else if (name == "msraprelu") {
    init = MsraPrelu(factor(), arguments.Number("slope", 0.25));
  } else {
    return ExpectedFound(
        "an initializer (zero, one, constant, uniform, normal, xavier or "
        "msraprelu)",
        text);
  }
  if (!arguments.status().ok()) {
    return Annotate(arguments.status(), absl::StrCat("initializer ", name));
  }
  return init;
}

absl::StatusOr<InitialValues> Initializer::Values(uint64_t seed,
                                                  absl::string_view variable,
                                                  const Shape& shape) const {
  double scale = value_;
  if (kind_ == Kind::kXavier) {
    if (shape.rank() < 2) {
      return absl::InvalidArgumentError(absl::StrCat(
          "variable '", variable,
          "': initializer xavier: expected two dimensions or more, found ",
          shape.ToString()));
    }
    const auto area = static_cast<double>(shape.num_elements(2, shape.rank()));
    const double in = static_cast<double>(shape[1]) * area;
    const double out = static_cast<double>(shape[0]) * area;
    const double factor = factor_ == Factor::kIn    ? in
                          : factor_ == Factor::kOut ? out
                                                    : (in + out) / 2;
    scale = factor == 0 ? 0 : std::sqrt(value_ / factor);
  }
  return InitialValues(
      scale, kind_ != Kind::kConstant, normal_,
      {.seed = seed, .stream = XXH3_64bits(variable.data(), variable.size())});
}

absl::Status Initializer::Fill(uint64_t seed, absl::string_view variable,
                               NDArray& array) const {
  MINNOW_ASSIGN_OR_RETURN(const InitialValues initial,
                          Values(seed, variable, array.shape()));
  VisitDType(array.dtype(), [&]<typename T>() {
    int64_t element = 0;
    for (T& x : array.values<T>()) x = Convert<T>(initial[element++]);
  });
  return absl::OkStatus();
}

}  // namespace minnow
