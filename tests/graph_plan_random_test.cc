// Plans of random graphs: what runs in place and in shared memory computes the
// same bits as an interpreter that gives every value a buffer of its own.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "minnow/core/buffer.h"
#include "minnow/executor/executor.h"
#include "minnow/graph/builder.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/sgd.h"

namespace minnow {
namespace {

constexpr int64_t kSide = 4;
const Shape kShape = {kSide, kSide};
using Values = std::vector<float>;

absl::Status CheckedCopy(const RunContext&, const NoAttrs&,
                         Dense<const float> x, Dense<float> out) {
  for (float value : x.values) {
    if (std::isnan(value)) return absl::OutOfRangeError("no number");
  }
  std::copy(x.values.begin(), x.values.end(), out.values.begin());
  return absl::OkStatus();
}

// Exchanges its inputs, both in place.
absl::Status Exchange(const RunContext&, const NoAttrs&, Dense<float> x,
                      Dense<float> y) {
  std::swap_ranges(x.values.begin(), x.values.end(), y.values.begin());
  return absl::OkStatus();
}

// Two outputs, either of which may lie in the input.
absl::Status Twice(const RunContext&, const NoAttrs&, Dense<const float> x,
                   Dense<float> same, Dense<float> negative) {
  for (int64_t i = 0; i < x.size(); ++i) {
    const float value = x.values[i];
    same.values[i] = value;
    negative.values[i] = -value;
  }
  return absl::OkStatus();
}

struct MixState {
  int64_t workspace_bytes = 64;
};

absl::StatusOr<MixState> PrepareMix(const Attrs&, absl::Span<const Shape>) {
  return MixState();
}

// An element depends on others. A consumer gets the last block first; what lies
// in the output itself, or in the scratch memory, is no number.
absl::Status Mix(const RunContext& context, const NoAttrs&, const MixState&,
                 Dense<const float> x, Dense<const float> y, Dense<float> out) {
  constexpr int64_t kBlock = 3;
  constexpr float kNoNumber = std::numeric_limits<float>::quiet_NaN();
  const int64_t n = x.size();
  std::memset(context.workspace.data(), -1, context.workspace.size());
  const auto element = [&](int64_t i) {
    return 0.5f * x.values[(i + 5) % n] + 0.25f * y.values[n - 1 - i];
  };
  if (!context.consume.is_set()) {
    for (int64_t i = 0; i < n; ++i) out.values[i] = element(i);
    return absl::OkStatus();
  }
  for (int64_t end = n; end > 0; end -= kBlock) {
    const int64_t begin = std::max<int64_t>(0, end - kBlock);
    for (int64_t i = begin; i < end; ++i) out.values[i - begin] = element(i);
    context.consume(begin, end, out.data());
    std::fill(out.values.begin(), out.values.end(), kNoNumber);
  }
  return absl::OkStatus();
}

std::shared_ptr<const OpRegistry> Ops() {
  Kernel mix = KernelOf<Mix, PrepareMix>();
  mix.writes_blocks = [](const void*) { return true; };
  auto ops = std::make_shared<OpRegistry>(*BuiltinOps());
  for (OpDef& op : std::vector<OpDef>{
           {.name = "checked_copy",
   .doc = "out = data",
   .inputs = {"data"},
   .shape = SameShape,
   .inplace = {{0, 0}},
   .kernels = {KernelOf<CheckedCopy>()},
   .fails_on_data = true},
           {.name = "exchange",
           .doc = "x, out = y, x",
           .inputs = {{"x", Access::kMutate}, {"y", Access::kUpdate}},
           .shape = SameShape,
           .kernels = {KernelOf<Exchange>()}},
           {.name = "mix",
           .doc = "out = x and y in another order",
           .inputs = {"x", "y"},
           .shape = SameShape,
           .kernels = {mix}},
           {.name = "twice",
           .doc = "same, negative = data, -data",
           .inputs = {"data"},
           .outputs = {"same", "negative"},
           .shape = SameShape,
           .inplace = {{0, 0}, {0, 1}},
           .kernels = {KernelOf<Twice>()}}}) {
    EXPECT_TRUE(ops->Add(std::move(op)).ok());
  }
  return ops;
}

class RandomGraph {
 public:
  explicit RandomGraph(uint32_t seed) : random_(seed), b_(Ops()) {
    for (int i = 0; i < 5; ++i) {
      variables_.push_back(b_.Variable(absl::StrCat("v", i)));
    }
    values_ = variables_;
    const size_t nodes = 3 + Below(20);
    for (size_t i = 0; i < nodes; ++i) AddNode();
    for (Symbol variable : variables_) {
      const Symbol value = Any();
      if (Updated(variable) || value.at == variable.at) continue;
      if (Below(3) == 0) b_.Update(variable, value);
    }
    ExchangeTwo();
  }

  absl::StatusOr<Graph> Build() {
    std::vector<Symbol> outputs;
    for (size_t i = Below(4); i-- > 0;) outputs.push_back(Any());
    return b_.Build(outputs);
  }

 private:
  size_t Below(size_t n) { return random_() % n; }
  Symbol Any() { return values_[Below(values_.size())]; }
  bool Updated(Symbol variable) {
    return b_.Latest(variable).at != variable.at;
  }
  Symbol AnyState() { return b_.Latest(variables_[Below(variables_.size())]); }

  void AddNode() {
    static constexpr const char* kUnary[] = {"tanh", "negative", "_copy",
                                             "checked_copy", "softsign"};
    static constexpr const char* kBinary[] = {"elemwise_add", "elemwise_mul",
                                              "broadcast_sub", "dot", "add_n"};
    switch (Below(10)) {
      case 0:
      case 1:
        values_.push_back(b_.Add(kUnary[Below(5)], {Any()}));
        break;
      case 2:
      case 3:
        AddBinary(kBinary[Below(5)]);
        break;
      case 4:
        AddUpdate(Any());
        break;
      case 5: {
        const Symbol next =
            op::SgdMomUpdate(Any(), Any(), AnyState(),
                             {.lr = 0.25f, .momentum = 0.5f, .wd = 0.1f});
        values_.push_back(next);
        values_.push_back(b_.NewValue(next, 2));
        break;
      }
      case 6: {
        const Symbol next = b_.Add("exchange", {AnyState(), Any()});
        values_.push_back(next);
        values_.push_back(b_.NewValue(next, 0));
        break;
      }
      case 7:
        for (Symbol x : b_.Outputs(b_.Add("twice", {Any()}), 2)) {
          values_.push_back(x);
        }
        break;
      case 8:
      case 9: {
        const Symbol mixed = b_.Add("mix", {Any(), Any()});
        if (Below(2) == 0) {
          values_.push_back(mixed);
        } else {
          AddUpdate(mixed);
        }
        break;
      }
    }
  }

  void AddBinary(const char* op) {
    if (absl::string_view(op) == "add_n") {
      const NamedAttr count = {"num_args", int64_t{3}};
      values_.push_back(b_.AddParsed(op, {Any(), Any(), Any()}, {count}));
      return;
    }
    const Symbol x = b_.Add(op, {Any(), Any()});
    // Bounded, so that no value grows without end.
    values_.push_back(Below(2) == 0 ? b_.Add("tanh", {x}) : x);
    values_.push_back(b_.Add("softsign", {x}));
  }

  // Of any value, or of a variable that takes the result.
  void AddUpdate(Symbol grad) {
    const Symbol variable = variables_[Below(variables_.size())];
    const bool in_place = Below(2) == 0;
    const Symbol weight = in_place ? b_.Latest(variable) : Any();
    const bool out = in_place || !Updated(variable);
    values_.push_back(op::SgdUpdate(weight, grad, {.lr = 0.5f, .wd = 0.25f},
                                    {.out = out ? variable : Symbol{}}));
  }

  void ExchangeTwo() {
    std::vector<Symbol> free;
    for (Symbol variable : variables_) {
      if (!Updated(variable)) free.push_back(variable);
    }
    if (free.size() < 2) return;
    b_.Update(free[0], free[1]);
    b_.Update(free[1], free[0]);
  }

  std::mt19937 random_;
  GraphBuilder b_;
  std::vector<Symbol> variables_, values_;
};

// Runs nodes in the order of the graph; nothing shares memory.
class Interpreter {
 public:
  Interpreter(const Graph& graph,
              absl::flat_hash_map<std::string, Values> state)
      : graph_(graph), state_(std::move(state)) {}

  void Run() {
    absl::flat_hash_map<NodeOutput, Values> values;
    for (size_t id = 0; id < graph_.nodes.size(); ++id) {
      const Node& node = graph_.nodes[id];
      const int32_t n = static_cast<int32_t>(id);
      if (node.is_variable()) {
        values[{n, 0}] = state_[node.name];
      } else {
        RunNode(n, values);
      }
    }
    outputs_.clear();
    for (NodeOutput x : graph_.outputs) outputs_.push_back(values[x]);
    for (const Update& update : graph_.updates) {
      state_[graph_.nodes[update.variable].name] = values[update.value];
    }
  }

  const std::vector<Values>& outputs() const { return outputs_; }
  const absl::flat_hash_map<std::string, Values>& state() const {
    return state_;
  }

 private:
  void RunNode(int32_t id, absl::flat_hash_map<NodeOutput, Values>& values) {
    const Node& node = graph_.nodes[id];
    const auto kernel = std::find_if(
        node.op->kernels.begin(), node.op->kernels.end(), [](const Kernel& k) {
          return k.args[0].dtype == DType::kFloat32 &&
                 k.args[0].storage == StorageType::kDense;
        });
    ASSERT_NE(kernel, node.op->kernels.end()) << node.Describe();
    const auto defs = node.op->inputs.For(node.attrs);
    std::vector<Values> buffers;
    std::vector<NodeOutput> is_value;  // Of each buffer; none for an input.
    int32_t updated = 0;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      buffers.push_back(values[node.inputs[i]]);
      switch (defs[i].access) {
        case Access::kRead:
        case Access::kUnread:
          is_value.push_back({});
          break;
        case Access::kUpdate:
          is_value.push_back({id, updated++});
          break;
        case Access::kMutate:
          is_value.push_back({id, node.hidden_output(i)});
          break;
      }
    }
    const int32_t visible = static_cast<int32_t>(node.num_visible_outputs());
    for (int32_t i = updated; i < visible; ++i) {
      buffers.push_back(Values(kSide * kSide, -7));
      is_value.push_back({id, i});
    }
    std::vector<ArrayRef> refs;
    for (Values& buffer : buffers) {
      refs.push_back({buffer.data(), kSide * kSide, kShape.dims(), nullptr});
    }
    std::vector<const ArrayRef*> args;
    for (const ArrayRef& ref : refs) args.push_back(&ref);
    Prepared prepared;
    if (kernel->prepare != nullptr) {
      const std::vector<Shape> shapes(args.size(), kShape);
      prepared = *kernel->prepare(node.attrs, shapes, kernel->args);
    }
    Buffer workspace = *Buffer::Allocate(prepared.workspace_bytes);
    RunContext context;
    context.threads = &threads_;
    context.kernel = &*kernel;
    context.prepared = prepared.state.get();
    context.workspace = absl::MakeSpan(
        workspace.data(), static_cast<size_t>(prepared.workspace_bytes));
    ASSERT_TRUE(kernel->run(context, node.attrs.get(), args).ok());
    for (size_t i = 0; i < buffers.size(); ++i) {
      if (is_value[i].node >= 0) values[is_value[i]] = std::move(buffers[i]);
    }
  }

  const Graph& graph_;
  absl::flat_hash_map<std::string, Values> state_;
  std::vector<Values> outputs_;
  ThreadPool threads_{1};
};

absl::flat_hash_map<std::string, Values> RandomState(uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> any(-1, 1);
  absl::flat_hash_map<std::string, Values> state;
  for (int i = 0; i < 5; ++i) {
    Values values(kSide * kSide);
    for (float& value : values) value = any(random);
    state[absl::StrCat("v", i)] = std::move(values);
  }
  return state;
}

bool SameBits(const NDArray& array, const Values& expected) {
  return array.num_bytes() ==
             static_cast<int64_t>(expected.size() * sizeof(float)) &&
         std::memcmp(array.raw(), expected.data(),
                     expected.size() * sizeof(float)) == 0;
}

TEST(RandomPlanTest, SameBitsAsAnInterpreterOnAnyNumberOfThreads) {
  int num_consumers = 0;
  for (uint32_t seed = 0; seed < 400; ++seed) {
    const absl::StatusOr<Graph> graph = RandomGraph(seed).Build();
    ASSERT_TRUE(graph.ok()) << seed << ": " << graph.status();
    for (int threads : {1, 2, 3, 8}) {
      if (threads > 1 && seed % 10 != 0) continue;
      Interpreter expected(*graph, RandomState(seed));
      BindOptions options = {.threads = threads};
      for (const auto& [name, values] : RandomState(seed)) {
        if (graph->Find(name) < 0) continue;
        options.variables[name] = *NDArray::FromValues<float>(kShape, values);
      }
      auto executor = Executor::Bind(*graph, options);
      ASSERT_TRUE(executor.ok()) << seed << ": " << executor.status();
      for (const PlanStep& step : executor->plan().steps) {
        num_consumers += step.fusion == Fusion::kConsumer;
      }
      for (int run = 0; run < 2; ++run) {
        expected.Run();
        ASSERT_TRUE(executor->Run().ok());
        for (size_t i = 0; i < executor->num_outputs(); ++i) {
          ASSERT_TRUE(SameBits(executor->Output(i), expected.outputs()[i]))
              << "seed " << seed << ", output " << i << ", run " << run << "\n"
              << executor->plan().ToString();
        }
        for (const auto& [name, array] : options.variables) {
          ASSERT_TRUE(SameBits(array, expected.state().at(name)))
              << "seed " << seed << ", variable " << name << ", run " << run
              << "\n"
              << executor->plan().ToString();
        }
      }
    }
  }
  EXPECT_GT(num_consumers, 100);
}

// Bytes of the arena and the steps in which they are in use: from the one that
// writes them to the last one that reads them.
struct Lifetime {
  int64_t begin, end;
  size_t first, last;
  std::string what;
};

std::vector<Lifetime> Lifetimes(const Plan& plan) {
  const size_t num_steps = plan.steps.size();
  constexpr size_t kNever = static_cast<size_t>(-1);
  std::vector<size_t> first(plan.places.size(), kNever);
  std::vector<size_t> last(plan.places.size(), 0);
  std::vector<Lifetime> lifetimes;
  for (size_t s = 0; s < num_steps; ++s) {
    const PlanStep& step = plan.steps[s];
    const auto write = [&](int32_t value) {
      first[value] = std::min(first[value], s);
      last[value] = std::max(last[value], s);
    };
    if (step.node < 0) {
      last[step.args[0]] = s;
      write(step.args[1]);
      continue;
    }
    for (NodeOutput x : plan.graph.nodes[step.node].inputs) {
      last[plan.index[x]] = s;
    }
    for (int32_t i = 0; i < plan.index.count(step.node); ++i) {
      write(plan.index.first(step.node) + i);
    }
    const int64_t workspace = step.prepared.workspace_bytes;
    if (workspace > 0) {
      lifetimes.push_back({step.workspace_offset,
                           step.workspace_offset + workspace, s, s,
                           "workspace"});
    }
  }
  for (NodeOutput x : plan.graph.outputs) last[plan.index[x]] = num_steps;
  for (size_t value = 0; value < plan.places.size(); ++value) {
    const ValuePlace& place = plan.places[value];
    if (place.kind != ValuePlace::Kind::kArena || first[value] == kNever) {
      continue;
    }
    const int32_t id = static_cast<int32_t>(value);
    lifetimes.push_back({place.offset, place.offset + plan.types.DenseBytes(id),
                         first[value], last[value],
                         absl::StrCat("value ", value)});
  }
  return lifetimes;
}

TEST(RandomPlanTest, NoTwoLiveValuesOverlapInTheArena) {
  for (uint32_t seed = 0; seed < 400; ++seed) {
    const absl::StatusOr<Graph> graph = RandomGraph(seed).Build();
    ASSERT_TRUE(graph.ok()) << seed << ": " << graph.status();
    absl::flat_hash_map<std::string, VariableType> types;
    for (const auto& [name, values] : RandomState(seed)) {
      types[name] = {.shape = kShape};
    }
    const absl::StatusOr<Plan> plan = MakePlan(*graph, types, {});
    ASSERT_TRUE(plan.ok()) << seed << ": " << plan.status();
    EXPECT_LE(plan->lower_bound_bytes, plan->planned_bytes) << seed;
    EXPECT_LE(plan->planned_bytes, plan->unshared_bytes) << seed;
    const std::vector<Lifetime> lifetimes = Lifetimes(*plan);
    for (size_t i = 0; i < lifetimes.size(); ++i) {
      const Lifetime& a = lifetimes[i];
      EXPECT_LE(a.end, plan->planned_bytes);
      for (size_t k = i + 1; k < lifetimes.size(); ++k) {
        const Lifetime& b = lifetimes[k];
        if (a.begin >= b.end || b.begin >= a.end) continue;
        if (a.last < b.first || b.last < a.first) continue;
        // One may be written over the other by the step that reads it last.
        const bool in_place = a.first != b.first && a.begin == b.begin &&
                              a.end == b.end &&
                              (a.last == b.first) != (b.last == a.first);
        EXPECT_TRUE(in_place)
            << "seed " << seed << ": " << a.what << " and " << b.what << "\n"
            << plan->ToString();
      }
    }
  }
}

}  // namespace
}  // namespace minnow
