// Initializers: what a variable starts with if nobody binds an array to it.
//
//   b.Variable("w", {.shape = {10, 784}, .init = Initializer::Xavier()});
//
// The numbers of a variable depend on the seed and on its name alone, not on
// other variables or the order of anything. The text form is MXNet's:
// ["xavier", {"rnd_type": "uniform", "factor_type": "avg", "magnitude": 3}].
#ifndef MINNOW_GRAPH_INITIALIZER_H_
#define MINNOW_GRAPH_INITIALIZER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "minnow/core/attr_value.h"
#include "minnow/core/ndarray.h"
#include "minnow/core/philox.h"

namespace minnow {

// The initial value of each element of one variable.
class InitialValues {
 public:
  InitialValues(double scale, bool random, bool normal, const RandomKey& key)
      : scale_(scale), random_(random), normal_(normal), generator_(key) {}

  double operator[](int64_t element) const {
    if (!random_) return scale_;
    const PhiloxBits bits = generator_(static_cast<uint64_t>(element));
    return scale_ *
           (normal_ ? Normal(bits) : 2 * UniformDouble(bits[0], bits[1]) - 1);
  }

 private:
  double scale_;  // The value itself, if nothing is drawn.
  bool random_, normal_;
  PhiloxGenerator generator_;
};

class Initializer {
 public:
  enum class Kind : uint8_t { kConstant, kUniform, kNormal, kXavier };
  // What Xavier divides by: the elements that an output depends on, the
  // outputs that an input goes to, or their average.
  enum class Factor : uint8_t { kIn, kOut, kAverage };

  static Initializer Zero() { return Constant(0); }
  static Initializer One() { return Constant(1); }
  static Initializer Constant(double value);
  // In [-scale, scale).
  static Initializer Uniform(double scale = 0.07);
  // Of mean 0 and this standard deviation.
  static Initializer Normal(double sigma = 0.01);
  // Uniform in [-s, s), or normal with deviation s, for s = sqrt(magnitude /
  // factor) (X. Glorot, Y. Bengio, "Understanding the difficulty of training
  // deep feedforward neural networks", AISTATS 2010).
  static Initializer Xavier(bool normal = false,
                            Factor factor = Factor::kAverage,
                            double magnitude = 3);
  // Xavier with normal numbers and magnitude 2 / (1 + slope^2) (K. He et al.,
  // "Delving deep into rectifiers", ICCV 2015).
  static Initializer MsraPrelu(Factor factor = Factor::kAverage,
                               double slope = 0.25);

  // MXNet's JSON text, or a bare name such as "zeros".
  static absl::StatusOr<Initializer> FromText(absl::string_view text);
  std::string ToText() const;

  // For a variable of this shape. An error where Xavier is asked for fewer than
  // two dimensions.
  absl::StatusOr<InitialValues> Values(uint64_t seed,
                                       absl::string_view variable,
                                       const Shape& shape) const;
  // Fills a dense array of floating point or whole numbers with them.
  absl::Status Fill(uint64_t seed, absl::string_view variable,
                    NDArray& array) const;

  bool operator==(const Initializer&) const = default;

 private:
  Kind kind_ = Kind::kConstant;
  double value_ = 0;  // The constant, scale, deviation or magnitude.
  bool normal_ = false;
  Factor factor_ = Factor::kAverage;
};

// As an attribute an initializer is its text.
template <>
struct AttrCodec<Initializer> {
  static std::string Type() { return "initializer"; }
  static absl::StatusOr<Initializer> FromText(absl::string_view text) {
    return Initializer::FromText(text);
  }
  static absl::StatusOr<Initializer> FromValue(const AttrValue& value) {
    return FromText(AttrText(value));
  }
  static AttrValue ToValue(const Initializer& init) { return init.ToText(); }
};

}  // namespace minnow

#endif  // MINNOW_GRAPH_INITIALIZER_H_
