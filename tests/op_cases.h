// The table of operator tests: rows that say what operators compute.
//
// A row is an operator with attributes, inputs, and a naive formula in double.
// op_test.cc derives all else from it: comparison for each data type that the
// operator has kernels for, every short length on every instruction set, any
// number of threads, and gradients against differences.
//
//   {.op = "square",
//    .inputs = {{.shape = {2, 3}}},
//    .formula = Elementwise([](double x) { return x * x; }),
//    .elementwise = true}
//
// Each family has a file of rows; op_cases.cc lists the families. A registered
// operator without a row fails the tests.
#ifndef MINNOW_TESTS_OP_CASES_H_
#define MINNOW_TESTS_OP_CASES_H_

#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "minnow/core/attrs.h"
#include "minnow/core/dtype.h"
#include "minnow/core/shape.h"

namespace minnow {

// A dense array of any type: its elements as double.
struct TestArray {
  Shape shape = {};
  std::vector<double> values = {};
  // The type that the kernel under test takes; formulas may ignore it.
  DType dtype = DType::kFloat64;
};

// An input of a row. Its elements are drawn uniformly from [low, high), then
// rounded to the type of the kernel, downwards for integers.
struct TestInput {
  Shape shape = {};
  double low = -2;
  double high = 2;
  // If not empty: the elements, instead of random ones; repeated as often as
  // the shape asks for.
  std::vector<double> values = {};
  // Whether the gradient with respect to it is checked. Labels and indices have
  // none.
  bool differentiable = true;
};

// The values of all outputs, then of the hidden ones: the new values of inputs
// that the operator mutates. A shape that is not known is not checked, and so
// need not be given.
using Formula =
    std::function<std::vector<TestArray>(absl::Span<const TestArray> inputs)>;
// The gradients of all inputs, from the inputs and the gradients of the visible
// outputs.
using GradientFormula = std::function<std::vector<TestArray>(
    absl::Span<const TestArray> inputs, absl::Span<const TestArray> heads)>;

struct OpCase {
  std::string op = {};
  // Sets rows of one operator apart in messages.
  std::string label = {};
  // Of the operator's attribute struct.
  Attrs attrs = {};
  std::vector<TestInput> inputs = {};
  Formula formula = nullptr;
  // Allowed: tolerance * epsilon * (|expected| + magnitude), with the epsilon
  // of the output's type. `magnitude` is that of the terms of a sum, which may
  // cancel. Integers must be equal.
  double tolerance = 4;
  double magnitude = 0;
  // All inputs may have any one shape: run with the lengths 0 to 70 on every
  // instruction set, with sentinels around each array.
  bool elementwise = false;
  // Shapes for which the kernels cut their work into blocks, where they are not
  // elementwise: results must not depend on the number of threads.
  std::vector<Shape> large = {};
  // Not for integers: the row has values that they lack.
  bool only_floating = false;
  // If set, gradients must equal it. Otherwise they are compared with
  // differences, for operators that have a gradient.
  GradientFormula gradient = nullptr;
  // Whether kernels run as in training.
  bool training = true;
  // For operators that are tested in their own way: random ones.
  bool run = true;
};

// Prints the operator and the label.
std::ostream& operator<<(std::ostream& os, const OpCase& c);

// All rows.
std::vector<OpCase> AllOpCases();

// The rows of a family, in op_cases_<family>.cc.
std::vector<OpCase> BatchNormOpCases();
std::vector<OpCase> BinaryOpCases();
std::vector<OpCase> ConvolutionOpCases();
std::vector<OpCase> DotOpCases();
std::vector<OpCase> ElementwiseOpCases();
std::vector<OpCase> IndexingOpCases();
std::vector<OpCase> JoinOpCases();
std::vector<OpCase> LeakyOpCases();
std::vector<OpCase> NormOpCases();
std::vector<OpCase> OptimizerOpCases();
std::vector<OpCase> OrderOpCases();
std::vector<OpCase> OutputOpCases();
std::vector<OpCase> PadOpCases();
std::vector<OpCase> PickOpCases();
std::vector<OpCase> PoolingOpCases();
std::vector<OpCase> ProductOpCases();
std::vector<OpCase> RandomOpCases();
std::vector<OpCase> RavelOpCases();
std::vector<OpCase> ReductionOpCases();
std::vector<OpCase> RepeatOpCases();
std::vector<OpCase> RowsOpCases();
std::vector<OpCase> SequenceOpCases();
std::vector<OpCase> ShapeOpCases();
std::vector<OpCase> SliceOpCases();
std::vector<OpCase> SoftmaxOpCases();
std::vector<OpCase> SumOpCases();
std::vector<OpCase> UnaryOpCases();
std::vector<OpCase> UpSamplingOpCases();
std::vector<OpCase> UpdateOpCases();

// Formulas that apply a function to each element; of two inputs that have one
// shape, or of any number of such inputs.
Formula Elementwise(std::function<double(double)> f);
Formula Elementwise(std::function<double(double, double)> f);
// A row of an operator that applies `f` to random elements of [low, high), and
// one for zeros of both signs, infinities, NaN and the like.
OpCase UnaryCase(const char* op, double (*f)(double), double low, double high);
OpCase SpecialCase(const char* op, double (*f)(double),
                   std::vector<double> values);
// The gradient formula of operators through which nothing flows.
GradientFormula ZeroGradient();

// The index of the element `i` of an array of shape `to` in an array of shape
// `from`, which is broadcast to it as numpy does.
int64_t BroadcastIndex(int64_t i, const Shape& to, const Shape& from);

}  // namespace minnow

#endif  // MINNOW_TESTS_OP_CASES_H_
