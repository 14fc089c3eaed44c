// Functions of whole arrays: y[i] = f(x[i]).
//
//   std::vector<float> x = ..., y(x.size());
//   Exp(x, absl::MakeSpan(y));
//   Exp(y, absl::MakeSpan(y));  // In place.
//
// They are Google Highway's (Exp, Expm1, Log, Tanh and Erf of floats our own,
// see core/float_math-inl.h) for the best instruction set of the processor,
// completed at the edges as <cmath> has them: infinities, NaN, zeros, overflow
// and subnormal numbers, where need be by the C library. Each result is within
// 4 units in the last place of the exact one. It depends on x[i] alone, not on
// its place in the array; so it does not matter how a loop is cut into blocks.
// Between instruction sets the last bits differ.
//
// REQUIRES: x and y have one size; they are the same memory or do not overlap.
// Thread safety: any number of threads may call them.
#ifndef MINNOW_CORE_VECTOR_MATH_H_
#define MINNOW_CORE_VECTOR_MATH_H_

#include "absl/types/span.h"

namespace minnow {

void Exp(absl::Span<const float> x, absl::Span<float> y);
void Exp(absl::Span<const double> x, absl::Span<double> y);

// exp(x) - 1, also where that is close to 0.
void Expm1(absl::Span<const float> x, absl::Span<float> y);
void Expm1(absl::Span<const double> x, absl::Span<double> y);

void Log(absl::Span<const float> x, absl::Span<float> y);
void Log(absl::Span<const double> x, absl::Span<double> y);

void Log10(absl::Span<const float> x, absl::Span<float> y);
void Log10(absl::Span<const double> x, absl::Span<double> y);

void Log2(absl::Span<const float> x, absl::Span<float> y);
void Log2(absl::Span<const double> x, absl::Span<double> y);

// log(1 + x), also where x is close to 0.
void Log1p(absl::Span<const float> x, absl::Span<float> y);
void Log1p(absl::Span<const double> x, absl::Span<double> y);

// Of angles in radians.
void Sin(absl::Span<const float> x, absl::Span<float> y);
void Sin(absl::Span<const double> x, absl::Span<double> y);

void Cos(absl::Span<const float> x, absl::Span<float> y);
void Cos(absl::Span<const double> x, absl::Span<double> y);

void Sinh(absl::Span<const float> x, absl::Span<float> y);
void Sinh(absl::Span<const double> x, absl::Span<double> y);

void Cosh(absl::Span<const float> x, absl::Span<float> y);
void Cosh(absl::Span<const double> x, absl::Span<double> y);

void Tanh(absl::Span<const float> x, absl::Span<float> y);
void Tanh(absl::Span<const double> x, absl::Span<double> y);

// The inverse functions.
void Asin(absl::Span<const float> x, absl::Span<float> y);
void Asin(absl::Span<const double> x, absl::Span<double> y);

void Acos(absl::Span<const float> x, absl::Span<float> y);
void Acos(absl::Span<const double> x, absl::Span<double> y);

void Atan(absl::Span<const float> x, absl::Span<float> y);
void Atan(absl::Span<const double> x, absl::Span<double> y);

void Asinh(absl::Span<const float> x, absl::Span<float> y);
void Asinh(absl::Span<const double> x, absl::Span<double> y);

void Acosh(absl::Span<const float> x, absl::Span<float> y);
void Acosh(absl::Span<const double> x, absl::Span<double> y);

void Atanh(absl::Span<const float> x, absl::Span<float> y);
void Atanh(absl::Span<const double> x, absl::Span<double> y);

// The error function. That of double is the C library's.
void Erf(absl::Span<const float> x, absl::Span<float> y);
void Erf(absl::Span<const double> x, absl::Span<double> y);

// The logistic function 1 / (1 + exp(-x)).
void Sigmoid(absl::Span<const float> x, absl::Span<float> y);
void Sigmoid(absl::Span<const double> x, absl::Span<double> y);

// log(1 + exp(x)), which is x where exp(x) would overflow.
void Softrelu(absl::Span<const float> x, absl::Span<float> y);
void Softrelu(absl::Span<const double> x, absl::Span<double> y);

}  // namespace minnow

#endif  // MINNOW_CORE_VECTOR_MATH_H_
