#include "minnow/executor/arithmetic_run.h"

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "minnow/core/arithmetic_chain.h"
#include "minnow/ops/binary.h"
#include "minnow/ops/builtin.h"

namespace minnow {
namespace {

class ArithmeticRunTest : public testing::Test {
 protected:
  bool Join(const std::string& op, std::vector<const ArrayRef*> args,
            const ScalarAttrs& attrs = {}, DType dtype = DType::kFloat32) {
    for (const Kernel& kernel : BuiltinOps()->Find(op)->kernels) {
      if (kernel.args.front().dtype == dtype &&
          kernel.args.back().dtype == dtype) {
        return run_.Join(kernel, &attrs, args);
      }
    }
    ADD_FAILURE() << op << " has no such kernel";
    return false;
  }

  // An array of 3 elements, or of one that counts for all.
  const ArrayRef* Array(std::vector<float> values) {
    memory_.push_back(std::make_unique<std::vector<float>>(std::move(values)));
    auto ref = std::make_unique<ArrayRef>();
    ref->values = memory_.back()->data();
    ref->size = static_cast<int64_t>(memory_.back()->size());
    refs_.push_back(std::move(ref));
    return refs_.back().get();
  }

  ArithmeticRun run_;
  std::vector<std::unique_ptr<std::vector<float>>> memory_;
  std::vector<std::unique_ptr<ArrayRef>> refs_;
};

TEST_F(ArithmeticRunTest, RunsArithmeticOnOneArray) {
  const ArrayRef *x = Array({1, 2, 4}), *y = Array({0, 0, 0});
  const ArrayRef *z = Array({10, 20, 30}), *half = Array({0.5f});
  const ScalarAttrs two = {.scalar = 2};
  EXPECT_TRUE(Join("_mul_scalar", {x, y}, two));
  EXPECT_TRUE(Join("elemwise_sub", {z, y, y}));
  EXPECT_TRUE(Join("broadcast_mul", {y, half, y}));
  EXPECT_TRUE(Join("_rdiv_scalar", {y, y}, two));
  EXPECT_EQ(run_.size(), 4);
  run_.Run(0, 2);
  const float* const found = static_cast<const float*>(y->values);
  EXPECT_EQ(found[0], 2 / ((10 - 2 * 1.0f) * 0.5f));
  EXPECT_EQ(found[1], 2 / ((20 - 2 * 2.0f) * 0.5f));
  EXPECT_EQ(found[2], 0);
}

TEST_F(ArithmeticRunTest, OtherOperatorsAndTypesDoNotJoin) {
  const ArrayRef *x = Array({1, 2, 4}), *y = Array({0, 0, 0});
  EXPECT_FALSE(Join("tanh", {x, y}));
  EXPECT_FALSE(Join("_plus_scalar", {x, y}, {}, DType::kInt32));
  EXPECT_FALSE(Join("_plus_scalar", {x, y}, {}, DType::kFloat16));
  EXPECT_EQ(run_.size(), 0);
  EXPECT_TRUE(Join("_plus_scalar", {x, y}));
  EXPECT_FALSE(Join("_plus_scalar", {y, y}, {}, DType::kFloat64));
}

TEST_F(ArithmeticRunTest, WhatSomebodyElseNeedsIsWritten) {
  const ArrayRef *x = Array({1, 2, 4}), *y = Array({0, 0, 0});
  const ArrayRef* z = Array({0, 0, 0});
  EXPECT_TRUE(Join("_plus_scalar", {x, y}));
  EXPECT_FALSE(Join("_plus_scalar", {y, z}));     // y stays.
  EXPECT_FALSE(Join("_plus_scalar", {x, y}));     // Not on what is there.
  EXPECT_FALSE(Join("elemwise_mul", {y, y, y}));  // It is needed twice.
}

TEST_F(ArithmeticRunTest, HasItsLimit) {
  const ArrayRef* x = Array({1, 2, 4});
  size_t size = 0;
  while (size < 1000 && Join("_plus_scalar", {x, x})) ++size;
  EXPECT_EQ(size, ArithmeticChain<float>::kCapacity);
}

}  // namespace
}  // namespace minnow
