// What every operator must satisfy, over the table of op_cases.h.
#include <algorithm>
#include <cctype>
#include <cmath>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "minnow/core/simd.h"
#include "minnow/executor/executor.h"
#include "minnow/graph/gradient.h"
#include "minnow/ops/builtin.h"
#include "minnow/proto/graph_codec.h"
#include "minnow/tests/central_difference.h"
#include "minnow/tests/op_cases.h"
#include "minnow/tests/op_harness.h"
#include "minnow/tests/sanitized.h"

namespace minnow {
namespace {

const OpDef& OpOf(const OpCase& c) { return *BuiltinOps()->Find(c.op); }

std::string KernelName(const Kernel& kernel) {
  std::string name;
  for (const ArgType& arg : kernel.args) {
    absl::StrAppend(&name, name.empty() ? "" : ",", DTypeName(arg.dtype));
  }
  return name;
}

std::vector<DType> InputDTypes(const Kernel& kernel, const OpCase& c,
                               const OpDef& op) {
  size_t outputs = op.outputs.Count(c.attrs);
  for (const InputDef& input : op.inputs.For(c.attrs)) {
    outputs -= input.access == Access::kUpdate;
  }
  std::vector<DType> dtypes = ArgDTypes(op, kernel, c.inputs.size() + outputs);
  dtypes.resize(c.inputs.size());
  return dtypes;
}

TEST(OpTableTest, BuiltinOpsAreConsistent) {
  const auto ops = MakeBuiltinOps();
  EXPECT_TRUE(ops.ok()) << ops.status();
}

TEST(OpTableTest, EveryKernelOfEveryOperatorHasARow) {
  std::set<const Kernel*> covered;
  std::set<std::string> ops;
  for (const OpCase& c : AllOpCases()) {
    ASSERT_NE(BuiltinOps()->Find(c.op), nullptr) << c;
    ops.insert(c.op);
    for (const Kernel* kernel : KernelsOf(OpOf(c), c)) covered.insert(kernel);
  }
  for (const auto& op : BuiltinOps()->ops()) {
    EXPECT_TRUE(ops.contains(op->name)) << op->name << " has no row";
    for (const Kernel& kernel : op->kernels) {
      if (std::any_of(kernel.args.begin(), kernel.args.end(),
                      [](const ArgType& arg) {
                        return arg.storage != StorageType::kDense;
                      })) {
        continue;
      }
      EXPECT_TRUE(covered.contains(&kernel))
          << op->name << ": no row runs the kernel " << KernelName(kernel);
    }
  }
}

TEST(OpTableTest, EveryOperatorIsDocumented) {
  for (const auto& op : BuiltinOps()->ops()) {
    EXPECT_FALSE(op->doc.empty()) << op->name;
    for (const FieldInfo& field : op->attrs->fields) {
      EXPECT_FALSE(field.doc.empty()) << op->name << "." << field.name;
    }
  }
}

class OpTest : public testing::TestWithParam<OpCase> {
 protected:
  const OpCase& c() const { return GetParam(); }
  const OpDef& op() const { return OpOf(c()); }
  std::vector<DType> DTypes(const Kernel& kernel) const {
    return InputDTypes(kernel, c(), op());
  }

  ThreadPool threads_{2};
};

// Suites of the rows to which their tests apply.
class ElementwiseOpTest : public OpTest {};
class ThreadedOpTest : public OpTest {};
class GradientOpTest : public OpTest {};

TEST_P(OpTest, AgreesWithItsFormula) {
  const auto kernels = KernelsOf(op(), c());
  EXPECT_FALSE(kernels.empty());
  for (const Kernel* kernel : kernels) {
    SCOPED_TRACE(KernelName(*kernel));
    const auto inputs = MakeInputs(c().inputs, DTypes(*kernel));
    const auto found =
        RunKernel(op(), *kernel, c(), inputs, {.threads = &threads_});
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_EQ(Compare(c(), c().formula(inputs), *found), "");
  }
}

TEST_P(OpTest, IsTheSameAfterSavingAndLoading) {
  GraphBuilder b(BuiltinOps());
  std::vector<Symbol> inputs;
  for (size_t i = 0; i < c().inputs.size(); ++i) {
    inputs.push_back(b.Variable(absl::StrCat("x", i)));
  }
  const auto graph =
      b.Build({b.Add(c().op, inputs, c().attrs, {.name = "node"})});
  ASSERT_TRUE(graph.ok()) << graph.status();
  const auto bytes = SerializeGraph(*graph);
  const auto text = GraphToText(*graph);
  ASSERT_TRUE(bytes.ok() && text.ok());
  for (const auto& loaded :
       {ParseGraph(*bytes, BuiltinOps()), GraphFromText(*text, BuiltinOps())}) {
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    const Node& node = loaded->nodes[loaded->Find("node")];
    EXPECT_EQ(node.op, &op());
    EXPECT_TRUE(node.attrs == c().attrs) << *text;
    EXPECT_EQ(*SerializeGraph(*loaded), *bytes);
  }
}

// All lengths around the vector widths, with every instruction set: what a test
// of small or round sizes does not see.
TEST_P(ElementwiseOpTest, EveryLengthOnEveryInstructionSet) {
  for (const Kernel* kernel : KernelsOf(op(), c())) {
    SCOPED_TRACE(KernelName(*kernel));
    for (int64_t n = 0; n <= 70; ++n) {
      const auto inputs = MakeInputs(c().inputs, DTypes(*kernel), {n});
      const auto expected = c().formula(inputs);
      for (Isa isa : SupportedIsas()) {
        const ScopedIsa scoped(isa);
        const auto found =
            RunKernel(op(), *kernel, c(), inputs, {.threads = &threads_});
        ASSERT_TRUE(found.ok()) << found.status();
        ASSERT_EQ(Compare(c(), expected, *found), "")
            << "length " << n << ", instruction set " << static_cast<int>(isa);
      }
    }
  }
}

TEST_P(OpTest, WorksInPlaceWhereItSaysSo) {
  for (const Kernel* kernel : KernelsOf(op(), c())) {
    SCOPED_TRACE(KernelName(*kernel));
    const auto inputs = MakeInputs(c().inputs, DTypes(*kernel));
    for (const InplacePair& pair : op().inplace) {
      const auto apart =
          RunKernel(op(), *kernel, c(), inputs, {.threads = &threads_});
      ASSERT_TRUE(apart.ok()) << apart.status();
      const TestArray& input = inputs[pair.input];
      const TestArray& output = (*apart)[pair.output];
      if (input.values.size() != output.values.size() ||
          DTypeSize(input.dtype) != DTypeSize(output.dtype)) {
        continue;
      }
      const auto in_place = RunKernel(op(), *kernel, c(), inputs,
                                      {.threads = &threads_, .inplace = pair});
      ASSERT_TRUE(in_place.ok()) << in_place.status();
      EXPECT_EQ(Compare(c(), *apart, *in_place), "");
    }
  }
}

// All kernels of a row, or, under sanitizers, the first one: the others divide
// their work as it does.
std::vector<const Kernel*> ThreadedKernels(const OpCase& c) {
  std::vector<const Kernel*> kernels = KernelsOf(OpOf(c), c);
  if (kSanitized) kernels.resize(std::min<size_t>(kernels.size(), 1));
  return kernels;
}

TEST_P(ThreadedOpTest, HasTheSameBitsForAnyNumberOfThreads) {
  std::vector<TestInput> large = c().inputs;
  for (size_t i = 0; i < large.size(); ++i) {
    // Three blocks and a part of one.
    large[i].shape = c().elementwise ? Shape{100003} : c().large[i];
  }
  ThreadPool one_thread(1);
  std::vector<std::unique_ptr<ThreadPool>> pools;
  for (int threads : kSanitized ? std::vector{3} : std::vector{2, 3, 8}) {
    pools.push_back(std::make_unique<ThreadPool>(threads));
  }
  for (const Kernel* kernel : ThreadedKernels(c())) {
    SCOPED_TRACE(KernelName(*kernel));
    const auto inputs = MakeInputs(large, DTypes(*kernel));
    const auto one =
        RunKernel(op(), *kernel, c(), inputs, {.threads = &one_thread});
    ASSERT_TRUE(one.ok()) << one.status();
    if (!kSanitized) {
      ASSERT_EQ(Compare(c(), c().formula(inputs), *one), "");
    }
    for (const auto& pool : pools) {
      const auto more =
          RunKernel(op(), *kernel, c(), inputs, {.threads = pool.get()});
      ASSERT_TRUE(more.ok()) << more.status();
      for (size_t k = 0; k < one->size(); ++k) {
        EXPECT_EQ((*one)[k].values, (*more)[k].values)
            << "output " << k << ", " << pool->num_threads() << " threads";
      }
    }
  }
}

// The gradients of a row in float64, by the graph's Gradient(), with everything
// to evaluate it at other points.
class GradientCheck {
 public:
  GradientCheck(const OpCase& c, const OpDef& op, const Kernel& kernel) {
    const std::vector<DType> dtypes = InputDTypes(kernel, c, op);
    inputs_ = MakeInputs(c.inputs, dtypes);
    GraphBuilder b(BuiltinOps());
    std::vector<Symbol> symbols, wrt;
    for (size_t i = 0; i < inputs_.size(); ++i) {
      symbols.push_back(Bind(b, absl::StrCat("x", i), inputs_[i]));
      arrays_.push_back(bound_[absl::StrCat("x", i)]);
      wrt_.push_back(c.inputs[i].differentiable &&
                     inputs_[i].dtype == DType::kFloat64);
      if (wrt_.back()) wrt.push_back(symbols.back());
    }
    const Symbol node = b.Add(op.name, symbols, c.attrs);
    num_outputs_ = op.outputs.Count(c.attrs);
    std::vector<Symbol> roots = b.Outputs(node, num_outputs_);
    ThreadPool threads(1);
    const auto outputs =
        *RunKernel(op, kernel, c, inputs_, {.threads = &threads});
    std::vector<Symbol> head_symbols;
    for (size_t k = 0; k < num_outputs_; ++k) {
      const TestInput head{.shape = outputs[k].shape, .low = 0.5, .high = 1.5};
      heads_.push_back(MakeInputs({head}, {outputs[k].dtype})[0]);
      head_symbols.push_back(Bind(b, absl::StrCat("head", k), heads_[k]));
    }
    for (Symbol g : Gradient(b, roots, head_symbols, wrt)) roots.push_back(g);
    const auto graph = b.Build(roots, {.updates = false});
    status_ = graph.status();
    if (!status_.ok()) return;
    // Heads through which nothing flows are not part of the graph.
    absl::erase_if(bound_, [&](const auto& variable) {
      return graph->Find(variable.first) < 0;
    });
    auto executor =
        Executor::Bind(*graph, {.variables = bound_, .training = c.training});
    status_ = executor.status();
    if (!status_.ok()) return;
    executor_.emplace(*std::move(executor));
    status_ = executor_->Run();
    // Later runs are for other inputs.
    size_t output = num_outputs_;
    gradients_.resize(inputs_.size());
    for (size_t i = 0; i < inputs_.size(); ++i) {
      if (!wrt_[i]) continue;
      const NDArray gradient = *executor_->Output(output++).ToDense();
      const auto values = gradient.values<double>();
      gradients_[i].assign(values.begin(), values.end());
    }
  }

  const absl::Status& status() const { return status_; }
  const std::vector<TestArray>& inputs() const { return inputs_; }
  const std::vector<TestArray>& heads() const { return heads_; }
  bool checked(size_t input) const { return wrt_[input]; }

  // As Gradient() has it, for an input that is checked.
  const std::vector<double>& Found(size_t input) const {
    return gradients_[input];
  }

  // The central difference in one element of an input.
  double Difference(size_t input, size_t element) {
    double& x = arrays_[input].values<double>()[element];
    return CentralDifference(x, 1e-5 * std::max(1.0, std::fabs(x)),
                             [&] { return Loss(); });
  }

 private:
  Symbol Bind(GraphBuilder& b, const std::string& name, const TestArray& x) {
    NDArray array = *NDArray::Zeros(x.shape, x.dtype);
    StoreValues(x.values, x.dtype, array.raw());
    bound_[name] = array;
    return b.Variable(name, {.shape = x.shape, .dtype = x.dtype});
  }

  // sum_k <head_k, output_k> at the present inputs.
  double Loss() {
    status_.Update(executor_->Run());
    double loss = 0;
    for (size_t k = 0; k < num_outputs_; ++k) {
      const auto values = executor_->Output(k).values<double>();
      for (size_t i = 0; i < values.size(); ++i) {
        loss += heads_[k].values[i] * values[i];
      }
    }
    return loss;
  }

  std::vector<TestArray> inputs_, heads_;
  std::vector<bool> wrt_;
  std::vector<std::vector<double>> gradients_;
  std::vector<NDArray> arrays_;
  absl::flat_hash_map<std::string, NDArray> bound_;
  size_t num_outputs_ = 0;
  std::optional<Executor> executor_;
  absl::Status status_;
};

// The first kernel of the row whose floating arguments are all float64.
const Kernel* Float64Kernel(const OpDef& op, const OpCase& c) {
  for (const Kernel* kernel : KernelsOf(op, c)) {
    if (kernel->args.back().dtype == DType::kFloat64 &&
        std::all_of(
            kernel->args.begin(), kernel->args.end(), [](const ArgType& arg) {
              return !IsFloating(arg.dtype) || arg.dtype == DType::kFloat64;
            })) {
      return kernel;
    }
  }
  return nullptr;
}

TEST_P(GradientOpTest, HasTheGradientOfItsFormula) {
  GradientCheck check(c(), op(), *Float64Kernel(op(), c()));
  ASSERT_TRUE(check.status().ok()) << check.status();
  std::vector<TestArray> expected;
  if (c().gradient != nullptr) {
    expected = c().gradient(check.inputs(), check.heads());
  }
  for (size_t i = 0; i < c().inputs.size(); ++i) {
    if (!check.checked(i)) continue;
    const std::vector<double>& found = check.Found(i);
    ASSERT_EQ(found.size(), check.inputs()[i].values.size());
    for (size_t j = 0; j < found.size(); ++j) {
      const double want =
          expected.empty() ? check.Difference(i, j) : expected[i].values[j];
      EXPECT_NEAR(found[j], want, 1e-7 * (1 + std::fabs(want)))
          << "input " << i << ", element " << j;
    }
  }
  EXPECT_TRUE(check.status().ok()) << check.status();
}

std::string CaseName(const testing::TestParamInfo<OpCase>& info) {
  std::string name = absl::StrCat(info.index, "_", info.param.op);
  for (char c : info.param.label) {
    name.push_back(std::isalnum(static_cast<unsigned char>(c)) ? c : '_');
  }
  return name;
}

// The rows for which `holds` does.
std::vector<OpCase> Rows(bool (*holds)(const OpCase& c)) {
  std::vector<OpCase> rows;
  for (OpCase& c : AllOpCases()) {
    if (c.run && holds(c)) rows.push_back(std::move(c));
  }
  return rows;
}

bool HasGradient(const OpCase& c) {
  return OpOf(c).gradient != nullptr && Float64Kernel(OpOf(c), c) != nullptr &&
         std::any_of(c.inputs.begin(), c.inputs.end(),
                     [](const TestInput& x) { return x.differentiable; });
}

INSTANTIATE_TEST_SUITE_P(
    Table, OpTest, testing::ValuesIn(Rows([](const OpCase&) { return true; })),
    CaseName);
INSTANTIATE_TEST_SUITE_P(Table, ElementwiseOpTest,
                         testing::ValuesIn(Rows([](const OpCase& c) {
                           return c.elementwise;
                         })),
                         CaseName);
INSTANTIATE_TEST_SUITE_P(Table, ThreadedOpTest,
                         testing::ValuesIn(Rows([](const OpCase& c) {
                           return c.elementwise || !c.large.empty();
                         })),
                         CaseName);
INSTANTIATE_TEST_SUITE_P(Table, GradientOpTest,
                         testing::ValuesIn(Rows(HasGradient)), CaseName);

}  // namespace
}  // namespace minnow
