// Functions of mathematics that the C library lacks.
#ifndef MINNOW_OPS_SPECIAL_FUNCTIONS_H_
#define MINNOW_OPS_SPECIAL_FUNCTIONS_H_

namespace minnow {

// The inverse of the error function: infinite at -1 and 1, NaN beyond.
double Erfinv(double y);

// The derivative of log |gamma(x)|; NaN where gamma has a pole.
double Digamma(double x);

// log |gamma(x)|, for use by several threads.
double LogGamma(double x);

}  // namespace minnow

#endif  // MINNOW_OPS_SPECIAL_FUNCTIONS_H_
