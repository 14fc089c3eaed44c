#include "minnow/proto/graph_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "minnow/graph/builder.h"
#include "minnow/ops/builtin.h"
#include "minnow/ops/sgd.h"
#include "minnow/proto/graph.pb.h"
#include "minnow/tests/graph_codec_samples.h"
#include "minnow/tests/sanitized.h"

namespace minnow {
namespace {

using ::testing::HasSubstr;

// An attribute of every type.
struct SampleAttrs {
  Required<int64_t> count;
  bool flag = false;
  float f = 0.5f;
  double d = 0.25;
  std::string text = "none";
  std::optional<int64_t> axis = {};
  std::vector<int64_t> kernel = {};
  std::vector<float> lrs = {};
  Shape shape = {};
  DType dtype = DType::kFloat32;

  static auto Fields() {
    using A = SampleAttrs;
    return std::tuple(
        Field("count", &A::count, ""), Field("flag", &A::flag, ""),
        Field("f", &A::f, ""), Field("d", &A::d, ""),
        Field("text", &A::text, ""), Field("axis", &A::axis, ""),
        Field("kernel", &A::kernel, ""), Field("lrs", &A::lrs, ""),
        Field("shape", &A::shape, ""), Field("dtype", &A::dtype, ""));
  }
};

// sample: random, two outputs; touch: mutates its second input; tick: one
// input, nothing else.
std::shared_ptr<const OpRegistry> TestOps() {
  auto ops = std::make_shared<OpRegistry>(*BuiltinOps());
  const auto any_shape = [](ShapeInference&) { return absl::OkStatus(); };
  EXPECT_EQ(ops->Add({.name = "sample",
                      .aliases = {"_sample"},
                      .doc = "For tests.",
                      .attrs = AttrsTypeOf<SampleAttrs>(),
                      .inputs = {"a", "b"},
                      .outputs = {"x", "y"},
                      .shape = any_shape,
                      .random = true,
                      .version = 3}),
            absl::OkStatus());
  EXPECT_EQ(ops->Add({.name = "touch",
                      .doc = "For tests.",
                      .inputs = {"a", {"state", Access::kMutate}},
                      .shape = any_shape}),
            absl::OkStatus());
  EXPECT_EQ(ops->Add({.name = "tick",
                      .doc = "For tests.",
                      .inputs = {"a"},
                      .shape = any_shape}),
            absl::OkStatus());
  return ops;
}

void ExpectSame(const Graph& a, const Graph& b) {
  ASSERT_EQ(a.nodes.size(), b.nodes.size());
  for (size_t i = 0; i < a.nodes.size(); ++i) {
    SCOPED_TRACE(a.nodes[i].Describe());
    EXPECT_EQ(a.nodes[i].op, b.nodes[i].op);
    EXPECT_EQ(a.nodes[i].name, b.nodes[i].name);
    EXPECT_TRUE(a.nodes[i].attrs == b.nodes[i].attrs);
    EXPECT_EQ(a.nodes[i].inputs, b.nodes[i].inputs);
    EXPECT_EQ(a.nodes[i].annotations, b.nodes[i].annotations);
    EXPECT_EQ(a.nodes[i].stream, b.nodes[i].stream);
  }
  EXPECT_EQ(a.outputs, b.outputs);
  EXPECT_EQ(a.updates, b.updates);
}

template <typename T>
T Pick(std::mt19937& random, const std::vector<T>& from) {
  return from[random() % from.size()];
}

Graph RandomGraph(std::mt19937& random,
                  std::shared_ptr<const OpRegistry> registry) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  GraphBuilder b(std::move(registry));
  std::vector<Symbol> values, states;
  const auto value = [&] { return Pick(random, values); };
  const auto annotations = [&]() -> std::vector<Annotation> {
    if (random() % 2 == 0) return {};
    return {{"__lr_mult__", "0.1"}, {"größe", absl::StrCat("\n\"", random())}};
  };
  for (int i = 0; i < 30; ++i) {
    switch (values.empty() ? 0 : random() % 5) {
      case 0:
        values.push_back(b.Variable(
            absl::StrCat("v", i),
            {.shape = Pick<Shape>(random, {{}, {0}, {3, -1}, Shape::Scalar()}),
             .dtype = Pick<std::optional<DType>>(random, {{}, DType::kBool}),
             .stype = Pick<std::optional<StorageType>>(random,
                                                       {{}, StorageType::kCsr}),
             .init = Pick<std::optional<Initializer>>(
                 random, {{}, Initializer::Normal(0.3)})},
            annotations()));
        break;
      case 1:
        values.push_back(b.Add(
            "sample", {value(), value()},
            SampleAttrs{
                .count = static_cast<int64_t>(random()) - (int64_t{1} << 31),
                .flag = random() % 2 == 0,
                .f = Pick<float>(random, {0.1f, -kInf, 1e-40f, 3e38f, -0.0f}),
                .d = Pick<double>(random, {0.1, 5e-324, 1e308, 1.0 / 3}),
                .text = Pick<std::string>(random, {"", "é\t\\", "None", "(1,"}),
                .axis = Pick<std::optional<int64_t>>(random, {{}, -1}),
                .kernel = Pick<std::vector<int64_t>>(random, {{}, {3}, {3, 0}}),
                .lrs = Pick<std::vector<float>>(random, {{}, {0.1f, 1e9f}}),
                .shape = Pick<Shape>(random, {{}, {-1, 2}, Shape::Scalar()}),
                .dtype =
                    Pick<DType>(random, {DType::kFloat32, DType::kBFloat16})},
            {.annotations = annotations()}));
        values.push_back(b.Output(values.back(), 1));
        break;
      case 2:
        states.push_back(b.Variable(absl::StrCat("s", i)));
        values.push_back(b.Add("touch", {value(), states.back()}));
        break;
      case 3:
        values.push_back(
            op::SgdUpdate(value(), value(), {.lr = 0.1f, .wd = 1e-4f}));
        break;
      default:
        values.push_back(b.Add("tick", {value()}));
    }
  }
  return *b.Build({values.back(), value(), value()});
}

TEST(GraphCodecTest, RandomGraphsComeBackWithTheSameBytes) {
  std::mt19937 random(1);
  const auto ops = TestOps();
  for (int i = 0; i < 50; ++i) {
    const Graph graph = RandomGraph(random, ops);
    const absl::StatusOr<std::string> bytes = SerializeGraph(graph);
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    const absl::StatusOr<Graph> parsed = ParseGraph(*bytes, ops);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    ExpectSame(graph, *parsed);
    EXPECT_EQ(*SerializeGraph(*parsed), *bytes);

    const absl::StatusOr<std::string> text = GraphToText(graph);
    ASSERT_TRUE(text.ok()) << text.status();
    const absl::StatusOr<Graph> from_text = GraphFromText(*text, ops);
    ASSERT_TRUE(from_text.ok()) << from_text.status() << *text;
    EXPECT_EQ(*SerializeGraph(*from_text), *bytes);
    EXPECT_EQ(*GraphToText(*from_text), *text);
  }
}

TEST(GraphCodecTest, BytesAreThoseOfProtobuf) {
  const std::string bytes = *SerializeGraph(SgdStep());
  GraphDef def;
  ASSERT_TRUE(def.ParseFromString(bytes));
  EXPECT_EQ(def.SerializeAsString(), bytes);
  EXPECT_EQ(def.version(), kGraphVersion);
  EXPECT_EQ(def.entries(), 4 + 1 + 2);
  EXPECT_EQ(def.nodes(3).op(), "sgd_mom_update");
}

TEST(GraphCodecTest, TextIsReadable) {
  EXPECT_EQ(*GraphToText(SgdStep()), R"(entries: 7
version: 1
nodes {
  name: "w"
  attrs {
    name: "shape"
    list_value {
      items {
        int_value: 2
      }
      items {
        int_value: -1
      }
    }
  }
  attrs {
    name: "init"
    text_value: "[\"xavier\", {\"rnd_type\": \"uniform\", \"factor_type\": \"avg\", \"magnitude\": 3}]"
  }
}
nodes {
  name: "g"
}
nodes {
  name: "m"
}
nodes {
  op: "sgd_mom_update"
  name: "step"
  attrs {
    name: "lr"
    float_value: 0.1
  }
  attrs {
    name: "momentum"
    float_value: 0.9
  }
  attrs {
    name: "wd"
    float_value: 0
  }
  attrs {
    name: "rescale_grad"
    float_value: 1
  }
  attrs {
    name: "clip_gradient"
    float_value: -1
  }
  attrs {
    name: "lazy_update"
    bool_value: true
  }
  inputs {
  }
  inputs {
    node: 1
  }
  inputs {
    node: 2
  }
  op_version: 1
}
outputs {
  node: 3
}
updates {
  variable: 2
  value {
    node: 3
    output: 1
  }
}
updates {
  value {
    node: 3
  }
}
)");
}

TEST(GraphCodecTest, TextMayBeWrittenByHand) {
  // Comments, other types of values, defaults and `entries` left out.
  const absl::StatusOr<Graph> graph = GraphFromText(R"(
      version: 1  # The first.
      nodes { name: "größe" }
      nodes { name: 'g' }
      nodes { op: "sgd_update" name: "step"
              attrs { name: "lr" text_value: "0.5" }
              attrs { name: "lazy_update" int_value: 0 }
              inputs { node: 0 } inputs { node: 1 } }
      outputs { node: 2 })",
                                                    BuiltinOps());
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(graph->nodes[0].name, "größe");
  const auto& attrs = graph->nodes[2].attrs.As<SgdUpdateAttrs>();
  EXPECT_EQ(attrs.lr.get(), 0.5f);
  EXPECT_FALSE(attrs.lazy_update);
  EXPECT_EQ(attrs.rescale_grad, 1);
}

TEST(GraphCodecTest, NaNAttributeComesBack) {
  GraphBuilder b(BuiltinOps());
  const Graph graph = *b.Build(
      {op::SgdUpdate(b.Variable("w"), b.Variable("g"), {.lr = std::nanf("")})});
  for (const absl::StatusOr<Graph>& same :
       {ParseGraph(*SerializeGraph(graph), BuiltinOps()),
        GraphFromText(*GraphToText(graph), BuiltinOps())}) {
    ASSERT_TRUE(same.ok()) << same.status();
    EXPECT_TRUE(std::isnan(same->nodes[2].attrs.As<SgdUpdateAttrs>().lr));
  }
}

TEST(GraphCodecTest, EmptyGraph) {
  const absl::StatusOr<Graph> parsed =
      ParseGraph(*SerializeGraph(Graph()), BuiltinOps());
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_TRUE(parsed->nodes.empty());
  EXPECT_THAT(Error(ParseGraph("", BuiltinOps())), HasSubstr("version"));
  EXPECT_THAT(Error(GraphFromText("", BuiltinOps())), HasSubstr("version"));
}

TEST(GraphCodecTest, UnknownOperatorsComeBackWithTheSameBytes) {
  std::mt19937 random(2);
  for (int i = 0; i < 20; ++i) {
    const std::string bytes = *SerializeGraph(RandomGraph(random, TestOps()));
    const absl::StatusOr<Graph> parsed = ParseGraph(bytes, BuiltinOps());
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(*SerializeGraph(*parsed), bytes);
    EXPECT_EQ(
        *SerializeGraph(*GraphFromText(*GraphToText(*parsed), BuiltinOps())),
        bytes);
    for (const Node& node : parsed->nodes) {
      if (node.is_variable()) continue;
      EXPECT_EQ(node.op->unknown, BuiltinOps()->Find(node.op->name) == nullptr);
    }
  }
}

TEST(GraphCodecTest, NodesOfOneUnknownOperatorShareAPlaceholder) {
  const absl::StatusOr<Graph> graph = GraphFromText(R"(
      version: 1
      nodes { name: "x" }
      nodes { op: "new" name: "a" inputs { } op_version: 7 }
      nodes { op: "new" name: "b" inputs { node: 1 } op_version: 7 }
      nodes { op: "new" name: "c" inputs { node: 2 output: 2 } op_version: 7 }
      outputs { node: 3 })",
                                                    BuiltinOps());
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(graph->unknown_ops.size(), 2);
  EXPECT_EQ(graph->nodes[1].op, graph->nodes[3].op);
  EXPECT_EQ(graph->nodes[2].num_outputs(), 3);
  EXPECT_EQ(graph->nodes[2].op->version, 7);
}

TEST(GraphCodecTest, DamageIsAnErrorOrAValidGraph) {
  std::mt19937 random(3);
  const auto ops = TestOps();
  const Graph graph = RandomGraph(random, ops);
  const std::string binary = *SerializeGraph(graph), text = *GraphToText(graph);
  testing::internal::CaptureStderr();
  int errors = 0;
  for (int i = 0; i < 4000; ++i) {
    const bool as_text = i % 4 == 0;
    std::string bytes = as_text ? text : binary;
    for (uint32_t n = 1 + random() % 3; n > 0; --n) {
      const size_t at = random() % bytes.size();
      switch (random() % 3) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes.erase(at, random() % 8);
          break;
        default:
          bytes.insert(at, bytes.substr(random() % bytes.size(), 8));
      }
    }
    const absl::StatusOr<Graph> parsed =
        as_text ? GraphFromText(bytes, ops) : ParseGraph(bytes, ops);
    if (!parsed.ok()) {
      ++errors;
      continue;
    }
    EXPECT_EQ(ValidateGraph(*parsed), absl::OkStatus());
    EXPECT_TRUE(SerializeGraph(*parsed).ok());
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_GT(errors, 2000);
}

TEST(GraphCodecTest, ChainOfAMillionNodes) {
  constexpr int32_t kNodes = ChainLength(1'000'000);
  const auto ops = TestOps();
  Graph graph;
  graph.nodes.resize(kNodes + 1);
  graph.nodes[0].name = "x";
  graph.nodes[0].attrs = VariableAttrs{};
  const OpDef* tick = ops->Find("tick");
  for (int32_t i = 1; i <= kNodes; ++i) {
    Node& node = graph.nodes[static_cast<size_t>(i)];
    node.op = tick;
    node.name = absl::StrCat("tick", i);
    node.inputs = {{i - 1, 0}};
  }
  graph.outputs = {{kNodes, 0}};
  const absl::StatusOr<std::string> bytes = SerializeGraph(graph);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  const absl::StatusOr<Graph> parsed = ParseGraph(*bytes, ops);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->nodes.size(), graph.nodes.size());
  EXPECT_EQ(parsed->nodes[kNodes - 1].inputs, graph.nodes[kNodes - 1].inputs);
  EXPECT_EQ(parsed->outputs, graph.outputs);

  const absl::StatusOr<Graph> from_text =
      GraphFromText(*GraphToText(*parsed), ops);
  ASSERT_TRUE(from_text.ok()) << from_text.status();
  EXPECT_EQ(*SerializeGraph(*from_text), *bytes);
}

}  // namespace
}  // namespace minnow
