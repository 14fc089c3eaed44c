#include "minnow/executor/slot.h"

#include <cmath>
#include <type_traits>
#include <variant>

#include "absl/strings/str_cat.h"

namespace minnow {
namespace {

// Calls f(place) for each number of the field.
template <typename F>
void ForEachNumber(const DynamicField& field, F&& f) {
  std::visit(
      [&](auto place) {
        using Place = decltype(place);
        if constexpr (std::is_same_v<Place, std::vector<float>*>) {
          for (float& x : *place) f(x);
        } else if constexpr (!std::is_same_v<Place, std::monostate>) {
          f(*place);
        }
      },
      field);
}

template <typename T>
void Assign(T& place, double value) {
  if constexpr (std::is_integral_v<T>) {
    place = std::llround(value);
  } else {
    place = static_cast<T>(value);
  }
}

}  // namespace

void Slot::Set(double value) const {
  ForEachNumber(field_, [&](auto& place) { Assign(place, value); });
}

std::vector<double> Slot::Get() const {
  std::vector<double> values;
  ForEachNumber(field_, [&](auto& place) {
    values.push_back(static_cast<double>(place));
  });
  return values;
}

absl::Status Slot::SetValues(absl::Span<const double> values) const {
  const size_t expected = Get().size();
  if (values.size() != expected) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected ", expected, " values, found ", values.size()));
  }
  size_t i = 0;
  ForEachNumber(field_, [&](auto& place) { Assign(place, values[i++]); });
  return absl::OkStatus();
}

}  // namespace minnow
