// The slope of a function that reads a number, where it is now.
//
//   EXPECT_NEAR(gradient[i], CentralDifference(x[i], 1e-5, loss), 1e-7);
#ifndef MINNOW_TESTS_CENTRAL_DIFFERENCE_H_
#define MINNOW_TESTS_CENTRAL_DIFFERENCE_H_

namespace minnow {

// Of loss() in x, which is as it was afterwards.
template <typename F>
double CentralDifference(double& x, double step, const F& loss) {
  const double before = x;
  x = before + step;
  const double up = loss();
  x = before - step;
  const double down = loss();
  x = before;
  return (up - down) / (2 * step);
}

}  // namespace minnow

#endif  // MINNOW_TESTS_CENTRAL_DIFFERENCE_H_
