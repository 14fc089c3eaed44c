// Runs the conformance cases: graphs of MXNet with the arrays it computed.
//
// A case whose operator minnow has not got yet is pending: it is skipped by
// name, and its operator stands in data/conformance_pending.txt. That list must
// be exact, so that nothing is skipped that could run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "minnow/core/file.h"
#include "minnow/core/status.h"
#include "minnow/interop/mxnet_json.h"
#include "minnow/interop/mxnet_params.h"
#include "minnow/interop/run.h"
#include "minnow/ops/builtin.h"
#include "rapidjson/document.h"

namespace minnow {
namespace {

namespace fs = std::filesystem;

constexpr char kCases[] = MINNOW_BINARY_DIR "/conformance/cases";
constexpr char kErrors[] = MINNOW_BINARY_DIR "/conformance/errors";
constexpr char kPending[] =
    MINNOW_SOURCE_DIR "/tests/data/conformance_pending.txt";

std::vector<fs::path> FoldersIn(const fs::path& folder) {
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory()) folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

std::vector<std::string> OperatorsIn(const char* folder) {
  std::vector<std::string> names;
  for (const fs::path& path : FoldersIn(folder)) {
    names.push_back(path.filename());
  }
  return names;
}

absl::StatusOr<Graph> LoadCase(const fs::path& path) {
  MINNOW_ASSIGN_OR_RETURN(std::string json, ReadFile(path / "symbol.json"));
  return ParseMxnetJson(std::move(json), BuiltinOps());
}

// Operators of the graph that minnow has not got.
std::set<std::string> MissingOperators(const Graph& graph) {
  std::set<std::string> names;
  for (const auto& op : graph.unknown_ops) names.insert(op->name);
  return names;
}

// case.json.
class Description {
 public:
  explicit Description(const fs::path& path) {
    absl::StatusOr<std::string> text = ReadFile(path / "case.json");
    EXPECT_TRUE(text.ok()) << text.status();
    json_.Parse(text.value_or("{}").c_str());
    EXPECT_TRUE(json_.IsObject());
  }

  bool Flag(const char* key) const {
    return json_.HasMember(key) && json_[key].GetBool();
  }
  double Number(const char* key) const { return json_[key].GetDouble(); }
  const rapidjson::Value& operator[](const char* key) const {
    return json_[key];
  }

  RunOptions Options() const {
    RunOptions options;
    options.training = Flag("train");
    options.backward = Flag("backward");
    if (json_.HasMember("grad_req")) {
      for (const auto& entry : json_["grad_req"].GetObject()) {
        const absl::string_view request = entry.value.GetString();
        options.gradient_requests[entry.name.GetString()] =
            request == "null"  ? GradientRequest::kNull
            : request == "add" ? GradientRequest::kAdd
                               : GradientRequest::kWrite;
      }
    }
    if (json_.HasMember("into")) {
      for (const auto& entry : json_["into"].GetObject()) {
        size_t output = 0;
        EXPECT_TRUE(absl::SimpleAtoi(
            absl::StripPrefix(entry.name.GetString(), "out:"), &output));
        options.inplace.emplace_back(
            output, absl::StripPrefix(entry.value.GetString(), "arg:"));
      }
    }
    return options;
  }

 private:
  rapidjson::Document json_;
};

absl::StatusOr<std::vector<NamedArray>> RunCase(const fs::path& path,
                                                const RunOptions& options) {
  MINNOW_ASSIGN_OR_RETURN(Graph graph, LoadCase(path));
  MINNOW_ASSIGN_OR_RETURN(std::vector<NamedArray> inputs,
                          ReadParamsFile(path / "inputs.params"));
  return RunGraph(graph, inputs, options);
}

const NDArray* FindArray(absl::Span<const NamedArray> arrays,
                         absl::string_view name) {
  for (const NamedArray& array : arrays) {
    if (array.name == name) return &array.array;
  }
  return nullptr;
}

std::vector<double> ToDoubles(const NDArray& array) {
  absl::StatusOr<NDArray> values = array.Cast(DType::kFloat64);
  EXPECT_TRUE(values.ok()) << values.status();
  if (!values.ok()) return {};
  const absl::Span<double> span = values->values<double>();
  return {span.begin(), span.end()};
}

bool IsNear(double found, double expected, double rtol, double atol) {
  if (std::isnan(expected)) return std::isnan(found);
  return found == expected ||
         std::abs(found - expected) <= atol + rtol * std::abs(expected);
}

void ExpectNear(const NamedArray& expected, const NDArray& found, double rtol,
                double atol) {
  SCOPED_TRACE(expected.name);
  ASSERT_EQ(found.shape().ToString(), expected.array.shape().ToString());
  ASSERT_EQ(DTypeName(found.dtype()), DTypeName(expected.array.dtype()));
  if (!absl::StartsWith(expected.name, "grad:")) {
    EXPECT_EQ(StorageTypeName(found.storage()),
              StorageTypeName(expected.array.storage()));
  }
  const std::vector<double> a = ToDoubles(found);
  const std::vector<double> b = ToDoubles(expected.array);
  for (size_t i = 0; i < b.size(); ++i) {
    ASSERT_TRUE(IsNear(a[i], b[i], rtol, atol))
        << "element " << i << ": expected " << b[i] << ", found " << a[i];
  }
}

// Samples: rows of one distribution each. Bounds are wide enough for any of the
// cases' distributions, and narrow enough to tell a wrong parameter.
void ExpectDistribution(const Description& description, const NDArray& out) {
  const rapidjson::Value& stat = description["stat"];
  const size_t n = stat["n_per_row"].GetUint();
  const std::vector<double> values = ToDoubles(out);
  const auto means = stat["mean"].GetArray();
  const auto variances = stat["var"].GetArray();
  ASSERT_EQ(values.size(), n * means.Size());
  for (rapidjson::SizeType row = 0; row < means.Size(); ++row) {
    SCOPED_TRACE(absl::StrCat("row ", row));
    double mean = 0, variance = 0;
    for (size_t i = 0; i < n; ++i) mean += values[row * n + i];
    mean /= static_cast<double>(n);
    for (size_t i = 0; i < n; ++i) {
      variance += std::pow(values[row * n + i] - mean, 2);
    }
    variance /= static_cast<double>(n);
    const double expected = variances[row].GetDouble();
    const double root = std::sqrt(static_cast<double>(n));
    const double rounding = 0.01 * std::abs(means[row].GetDouble()) + 1e-6;
    EXPECT_NEAR(mean, means[row].GetDouble(),
                6 * std::sqrt(expected) / root + rounding);
    EXPECT_NEAR(variance, expected, 15 * expected / root + rounding);
  }
}

void ExpectCasePasses(const fs::path& path) {
  const Description description(path);
  absl::StatusOr<std::vector<NamedArray>> results =
      RunCase(path, description.Options());
  ASSERT_TRUE(results.ok()) << results.status();
  if (description.Flag("statistical")) {
    const auto outputs = description["outputs"].GetArray();
    for (rapidjson::SizeType i = 0; i < outputs.Size(); ++i) {
      const NDArray* out = FindArray(*results, absl::StrCat("out:", i));
      ASSERT_NE(out, nullptr) << "out:" << i;
      Shape shape = Shape::Scalar();
      for (const auto& dim : outputs[i]["shape"].GetArray()) {
        shape.push_back(dim.GetInt64());
      }
      EXPECT_EQ(out->shape().ToString(), shape.ToString());
      EXPECT_EQ(DTypeName(out->dtype()), outputs[i]["dtype"].GetString());
    }
    ExpectDistribution(description, *FindArray(*results, "out:0"));
    return;
  }
  absl::StatusOr<std::vector<NamedArray>> expected =
      ReadParamsFile(path / "outputs.params");
  ASSERT_TRUE(expected.ok()) << expected.status();
  for (const NamedArray& array : *expected) {
    const NDArray* found = FindArray(*results, array.name);
    ASSERT_NE(found, nullptr) << array.name;
    ExpectNear(array, *found, description.Number("rtol"),
               description.Number("atol"));
  }
}

// Calls `check` with each case of the folder, but for those that are pending,
// which are listed.
void ForEachCase(const fs::path& folder, void (*check)(const fs::path&)) {
  std::vector<std::string> pending;
  const std::vector<fs::path> cases = FoldersIn(folder);
  for (const fs::path& path : cases) {
    SCOPED_TRACE(path);
    absl::StatusOr<Graph> graph = LoadCase(path);
    if (graph.ok() && !MissingOperators(*graph).empty()) {
      pending.push_back(path.filename());
    } else {
      check(path);
    }
  }
  if (pending.empty()) return;
  GTEST_SKIP() << pending.size() << " of " << cases.size()
               << " cases are pending: " << absl::StrJoin(pending, ", ");
}

class ConformanceTest : public testing::TestWithParam<std::string> {};

TEST_P(ConformanceTest, CasesGiveWhatMxnetGives) {
  ForEachCase(fs::path(kCases) / GetParam(), ExpectCasePasses);
}

INSTANTIATE_TEST_SUITE_P(Cases, ConformanceTest,
                         testing::ValuesIn(OperatorsIn(kCases)),
                         [](const auto& test_info) { return test_info.param; });

class ConformanceErrorTest : public testing::TestWithParam<std::string> {};

TEST_P(ConformanceErrorTest, WhatMxnetRefusesIsRefused) {
  ForEachCase(fs::path(kErrors) / GetParam(), [](const fs::path& path) {
    EXPECT_FALSE(RunCase(path, Description(path).Options()).ok());
  });
}

INSTANTIATE_TEST_SUITE_P(Errors, ConformanceErrorTest,
                         testing::ValuesIn(OperatorsIn(kErrors)),
                         [](const auto& test_info) { return test_info.param; });

TEST(ConformancePendingTest, TheListIsExact) {
  std::set<std::string> missing;
  for (const char* root : {kCases, kErrors}) {
    for (const fs::path& folder : FoldersIn(root)) {
      for (const fs::path& path : FoldersIn(folder)) {
        absl::StatusOr<Graph> graph = LoadCase(path);
        if (graph.ok()) missing.merge(MissingOperators(*graph));
      }
    }
  }
  absl::StatusOr<std::string> text = ReadFile(kPending);
  ASSERT_TRUE(text.ok()) << text.status();
  const std::set<std::string> listed =
      absl::StrSplit(*text, '\n', absl::SkipEmpty());
  EXPECT_EQ(absl::StrJoin(missing, "\n"), absl::StrJoin(listed, "\n"))
      << "the first is what " << kPending << " should hold";
}

}  // namespace
}  // namespace minnow
