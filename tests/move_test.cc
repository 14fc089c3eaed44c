// What operators that move elements conclude about shapes and refuse, and how
// they undo one another. That they compute is in op_cases_slice.cc and others.
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "minnow/core/status.h"
#include "minnow/executor/executor.h"
#include "minnow/graph/builder.h"
#include "minnow/graph/infer.h"
#include "minnow/ops/add_n.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/concat.h"
#include "minnow/ops/diag.h"
#include "minnow/ops/init.h"
#include "minnow/ops/pad.h"
#include "minnow/ops/pick.h"
#include "minnow/ops/ravel.h"
#include "minnow/ops/repeat.h"
#include "minnow/ops/sequence.h"
#include "minnow/ops/shape.h"
#include "minnow/ops/slice.h"
#include "minnow/ops/softmax.h"
#include "minnow/ops/transpose.h"
#include "minnow/ops/up_sampling.h"
#include "minnow/tests/shape_text.h"

namespace minnow {
namespace {

using testing::HasSubstr;

class MoveTest : public ShapeTextTest {
 protected:
  // The elements of a symbol for x = 0, 1, 2, ... of this shape.
  std::vector<float> Run(Symbol symbol, const Shape& shape) {
    NDArray x = *NDArray::Zeros(shape, DType::kFloat32);
    auto values = x.values<float>();
    std::iota(values.begin(), values.end(), 0.0f);
    const auto graph = b_.Build({symbol});
    EXPECT_TRUE(graph.ok()) << graph.status();
    auto executor = Executor::Bind(*graph, {.variables = {{"x", x}}});
    EXPECT_TRUE(executor.ok()) << executor.status();
    EXPECT_TRUE(executor->Run().ok());
    const auto out = executor->Output(0).values<float>();
    return {out.begin(), out.end()};
  }

  void ExpectIdentity(Symbol symbol, const Shape& shape) {
    std::vector<float> expected(static_cast<size_t>(shape.num_elements()));
    std::iota(expected.begin(), expected.end(), 0.0f);
    EXPECT_EQ(Run(symbol, shape), expected);
  }
};

TEST_F(MoveTest, OperatorsUndoOneAnother) {
  const Shape shape = {2, 4, 6, 4};
  const Symbol x = Var("x", shape);
  ExpectIdentity(
      op::Concat(op::Split(x, {.num_outputs = 3, .axis = 2}), {.dim = 2}),
      shape);
  ExpectIdentity(
      op::Stack(op::Split(x, {.num_outputs = 4, .squeeze_axis = true}),
                {.axis = 1}),
      shape);
  ExpectIdentity(op::DepthToSpace(op::SpaceToDepth(x, {.block_size = 2}),
                                  {.block_size = 2}),
                 shape);
  const SwapAxisAttrs swap = {.dim1 = 1, .dim2 = -1};
  ExpectIdentity(op::SwapAxis(op::SwapAxis(x, swap), swap), shape);
  const ReverseAttrs reverse = {.axis = {{0, 2}}};
  ExpectIdentity(op::Reverse(op::Reverse(x, reverse), reverse), shape);
  for (PadMode mode : {PadMode::kConstant, PadMode::kEdge, PadMode::kReflect}) {
    const Symbol padded =
        op::Pad(x, {.mode = mode, .pad_width = {0, 0, 0, 0, 1, 2, 3, 0}});
    ExpectIdentity(
        op::Slice(padded, {.begin = {{0, 0, 1, 3}}, .end = {{2, 4, 7, 7}}}),
        shape);
  }
  ExpectIdentity(op::SliceLike(op::Tile(x, {.reps = {2, 3}}), x), shape);
  const Symbol back =
      op::SequenceReverse(op::SequenceReverse(x, {}, {}), {}, {});
  ExpectIdentity(back, shape);
  // x holds the places of an array of its own shape.
  const RavelAttrs own = {.shape = shape};
  ExpectIdentity(op::RavelMultiIndex(op::UnravelIndex(x, own), own), shape);
}

TEST_F(MoveTest, ShapesFollowInEitherDirection) {
  constexpr int64_t kUnknown = Shape::kUnknown;
  const Symbol a = Var("a"), c = Var("c", {2, 3});
  const Symbol joined = op::Concat({a, c}, {.dim = 1});
  EXPECT_EQ(Shapes({a, op::AddN({joined, Var("y", {2, 7})})}), "(2,4)(2,7)");
  const Symbol p = Var("p");
  EXPECT_EQ(Shapes({p, op::Stack({p, c})}), "(2,3)(2,2,3)");
  const Symbol e = Var("e");
  EXPECT_EQ(Shapes({e, op::AddN({op::ExpandDims(e, {.axis = 1}),
                                 Var("z", {2, 1, 3})})}),
            "(2,3)(2,1,3)");
  const Symbol d = Var("d");
  EXPECT_EQ(Shapes({d, op::AddN({op::SpaceToDepth(d, {.block_size = 2}),
                                 Var("deep", {1, 8, 2, 3})})}),
            "(1,2,4,6)(1,8,2,3)");
  const Symbol partial = Var("partial", {kUnknown, 4});
  EXPECT_EQ(Shapes({op::Slice(partial, {.begin = {{1, 1}}, .end = {{9, 3}}})}),
            "(?,2)");
  EXPECT_EQ(Shapes({op::ShapeArray(c), op::SizeArray(c)}), "(2,)(1,)");
}

TEST_F(MoveTest, ErrorsNameTheNodeAndWhatIsWrong) {
  const Symbol x = Var("x", {4, 6});
  const Symbol image = Var("image", {1, 2, 3, 4});
  const std::optional<int64_t> end = 2;
  const struct {
    Symbol symbol;
    const char* message;
  } cases[] = {
      {op::SliceAxis(x, {.axis = 0, .begin = -9, .end = end}, {.name = "n"}),
       "node 'n' (slice_axis): attribute 'begin': expected an index of 4, "
       "found -9"},
      {op::SliceAxis(x, {.axis = 2, .begin = 0, .end = end}),
       "attribute 'axis': expected"},
      {op::SliceAxis(x, {.axis = 0, .begin = 2, .end = end}),
       "attribute 'end': expected more than 2 and at most 4, found 2"},
      {op::Slice(x, {.begin = {{1, 1, 1}}, .end = {{2, 2, 2}}}),
       "attribute 'begin': expected at most one number for each of 2 axes"},
      {op::Slice(x, {.begin = {{1}}, .end = {{2, 2}}}),
       "attribute 'end': expected as many numbers as begin has, 1, found 2"},
      {op::Slice(x, {.begin = {{1}}, .end = {{2}}, .step = {0}}),
       "attribute 'step': expected no 0"},
      {op::SliceLike(x, Var("wide", {4, 7})),
       "argument 'shape_like': expected a dimension of at most 6 in axis 1"},
      {op::SliceLike(x, Var("deep", {4, 6, 1})),
       "argument 'shape_like': expected rank 2"},
      {op::Split(x, {.num_outputs = 4})[0],
       "attribute 'num_outputs': expected a divisor of the dimension 6"},
      {op::Split(x, {.num_outputs = 0})[0],
       "attribute 'num_outputs': expected 1 to 1048576 parts, found 0"},
      {op::Split(x, {.num_outputs = 3, .squeeze_axis = true})[0],
       "attribute 'squeeze_axis': expected parts of size 1 in axis 1, found 2"},
      {op::SplitV2(x, {.indices = {0, 3, 2}})[0],
       "attribute 'indices': expected ascending numbers of at most 6"},
      {op::Concat({x, Var("other", {5, 6})}), "argument 'arg1'"},
      {op::Concat({x}, {.dim = 2}), "attribute 'dim': expected"},
      {op::Stack({x, x}, {.axis = 3}), "attribute 'axis': expected"},
      {op::Squeeze(x, {.axis = {{0}}}),
       "argument 'data': expected size 1 in axis 0, found (4,6)"},
      {op::Squeeze(image, {.axis = {{0, -4}}}), "expected each axis once"},
      {op::ExpandDims(x, {.axis = 3}), "attribute 'axis': expected"},
      {op::SwapAxis(x, {.dim2 = 2}), "attribute 'dim2': expected"},
      {op::Reverse(x, {.axis = {{0, -2}}}),
       "expected each axis once, found -2"},
      {op::SpaceToDepth(image, {.block_size = 2}),
       "attribute 'block_size': expected a divisor of the dimension 3 in axis "
       "2, found 2"},
      {op::SpaceToDepth(x, {.block_size = 2}),
       "argument 'data': expected four dimensions, found (4,6)"},
      {op::DepthToSpace(image, {.block_size = 2}),
       "expected a number whose square divides the dimension 2 in axis 1"},
      {op::Repeat(x, {.repeats = -1}),
       "attribute 'repeats': expected 0 or more, found -1"},
      {op::Tile(x, {.reps = {-1}}), "attribute 'reps': expected 0 or more"},
      {op::BroadcastTo(x, {.shape = {5, 6}}),
       "argument 'data': expected 1 or 5 in axis 0, found (4,6)"},
      {op::BroadcastTo(x, {.shape = {4}}),
       "attribute 'shape': expected 2 dimensions, as data has, found 1"},
      {op::BroadcastAxis(x, {.axis = {0}, .size = {3}}),
       "argument 'data': expected 1 in axis 0, found (4,6)"},
      {op::BroadcastLike(x, image), "argument 'rhs': expected rank 2"},
      {op::Diag(x, {.axis1 = 1, .axis2 = -1}),
       "attribute 'axis2': expected another axis than axis1"},
      {op::Pad(x, {.mode = PadMode::kEdge, .pad_width = {0, 0, 0, 0}}),
       "argument 'data': expected four or five dimensions"},
      {op::Pad(image,
               {.mode = PadMode::kEdge, .pad_width = {1, 0, 0, 0, 0, 0, 0, 0}}),
       "attribute 'pad_width': expected 0 for the first two axes"},
      {op::Pad(image, {.mode = PadMode::kReflect,
                       .pad_width = {0, 0, 0, 0, 3, 0, 0, 0}}),
       "expected less than the dimension 3 to reflect, found 3"},
      {op::SequenceMask(x, {}, {.axis = 2}),
       "attribute 'axis': expected 0 or 1"},
      {op::SequenceLast(x, {}, {.axis = -1}),
       "attribute 'axis': expected 0 or 1, found -1"},
      {op::SequenceLast(Var("none", {0, 3}), {}, {}),
       "argument 'data': expected sequences of one step or more, found (0,3)"},
      {op::SequenceReverse(x, {}, {.axis = 1}),
       "attribute 'axis': expected 0, found 1"},
      {op::SequenceReverse(x, Var("lengths", {4}),
                           {.use_sequence_length = true}),
       "argument 'sequence_length': expected shape (6,), found (4,)"},
      {op::SequenceReverse(Var("line", {4}), {}, {}),
       "argument 'data': expected two dimensions or more, found (4,)"},
      {op::UpSampling({x}, {.scale = 2}),
       "argument 'arg0': expected four dimensions, found (4,6)"},
      {op::UpSampling({image}, {.scale = 0}),
       "attribute 'scale': expected 1 or more, found 0"},
      {op::UpSampling({image, Var("five", {1, 2, 5, 4})}, {.scale = 2}),
       "argument 'arg1': expected an image that a whole factor makes as large "
       "as (1,2,6,8), but for the channels, found (1,2,5,4)"},
      {op::UpSampling({image, Var("more", {1, 3, 3, 4})},
                      {.scale = 2, .multi_input_mode = MultiInputMode::kSum}),
       "as (1,2,6,8), of as many channels, found (1,3,3,4)"},
      {op::UpSampling({image, {}},
                      {.scale = 2, .sample_type = SampleType::kBilinear}),
       "attribute 'num_filter': expected the number of channels of data, found "
       "0"},
      {op::UpSampling(
           {image, {}},
           {.scale = 2, .sample_type = SampleType::kBilinear, .num_filter = 3}),
       "argument 'data': expected shape (?,3,?,?), found (1,2,3,4)"},
      {op::UpSampling({image, {}}, {.scale = int64_t{1} << 40,
                                    .sample_type = SampleType::kBilinear,
                                    .num_filter = 2}),
       "attribute 'scale': expected at most 1048576, found 1099511627776"},
      {op::UpSampling(
           {image, Var("filter", {2, 1, 3, 4})},
           {.scale = 2, .sample_type = SampleType::kBilinear, .num_filter = 2}),
       "argument 'weight': expected shape (2,1,4,4), found (2,1,3,4)"},
      {op::RavelMultiIndex(x, {.shape = {2, 3}}),
       "argument 'data': expected shape (2,6), found (4,6)"},
      {op::RavelMultiIndex(x, {}),
       "attribute 'shape': expected one dimension or more, found unknown"},
      {op::UnravelIndex(x, {.shape = {2, 0}}),
       "attribute 'shape': expected dimensions of 1 or more behind the first "
       "one, found 0"},
      {op::UnravelIndex(x, {.shape = {int64_t{1} << 40, int64_t{1} << 40}}),
       "attribute 'shape'"},
      {op::FillElement0Index(x, Var("values", {5}), Var("index", {4})),
       "argument 'mhs': expected shape (4,), found (5,)"},
      {op::SoftmaxActivation(x, {.mode = SoftmaxMode::kChannel}),
       "argument 'data': expected three dimensions or more, found (4,6)"},
      {op::Linspace(b_, {.start = 0, .stop = 1, .num = -1}),
       "attribute 'num': expected 0 or more, found -1"},
      {op::Arange(b_, {.start = 3, .stop = 1}),
       "attribute 'stop': expected a number behind 3"},
      {op::Eye(b_, {.N = -1}), "attribute 'N': expected 0 or more, found -1"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(Shapes({c.symbol}), HasSubstr(c.message));
  }
}

// A file may say anything, which must not take any memory.
TEST_F(MoveTest, HugeNumbersOfInputsAreRefused) {
  constexpr int64_t kMany = int64_t{1} << 60;
  constexpr char kError[] =
      "attribute 'num_args': expected 1 to 262144 inputs, found "
      "1152921504606846976";
  const Symbol x = Var("x", {1, 2});
  EXPECT_THAT(Shapes({b_.Add("Concat", {x}, ConcatAttrs{.num_args = kMany})}),
              HasSubstr(kError));
  EXPECT_THAT(Shapes({b_.Add("add_n", {x}, AddNAttrs{.num_args = kMany})}),
              HasSubstr(kError));
}

}  // namespace
}  // namespace minnow
