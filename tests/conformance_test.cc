// Runs the conformance cases: graphs of MXNet with the arrays it computed.
//
// What is pending stands in data/conformance_pending.txt: operators that minnow
// has not got yet (no case that has one is run), and single cases, as
// "folder/case", that do not pass yet. The list must be exact: an operator that
// has come, or a case that passes, must leave it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "absl/strings/match.h"
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

absl::Status Mismatch(absl::string_view what, absl::string_view expected,
                      absl::string_view found) {
  if (expected == found) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat(what, ": expected ", expected, ", found ", found));
}

absl::Status CheckNear(const NDArray& expected, const NDArray& found,
                       bool same_storage, double rtol, double atol) {
  MINNOW_RETURN_IF_ERROR(
      Mismatch("shape", expected.shape().ToString(), found.shape().ToString()));
  MINNOW_RETURN_IF_ERROR(
      Mismatch("dtype", DTypeName(expected.dtype()), DTypeName(found.dtype())));
  if (same_storage) {
    MINNOW_RETURN_IF_ERROR(Mismatch("storage",
                                    StorageTypeName(expected.storage()),
                                    StorageTypeName(found.storage())));
  }
  const std::vector<double> a = ToDoubles(expected);
  const std::vector<double> b = ToDoubles(found);
  for (size_t i = 0; i < a.size(); ++i) {
    if (IsNear(b[i], a[i], rtol, atol)) continue;
    return Mismatch(absl::StrCat("element ", i), AttrText(AttrScalar(a[i])),
                    AttrText(AttrScalar(b[i])));
  }
  return absl::OkStatus();
}

// Samples: rows of one distribution each. Bounds are wide enough for any of the
// cases' distributions, and narrow enough to tell a wrong parameter.
absl::Status CheckDistribution(const rapidjson::Value& stat,
                               const NDArray& out) {
  const size_t n = stat["n_per_row"].GetUint();
  const std::vector<double> values = ToDoubles(out);
  const auto means = stat["mean"].GetArray();
  const auto variances = stat["var"].GetArray();
  MINNOW_RETURN_IF_ERROR(Mismatch("samples", absl::StrCat(n * means.Size()),
                                  absl::StrCat(values.size())));
  for (rapidjson::SizeType row = 0; row < means.Size(); ++row) {
    double mean = 0, variance = 0;
    for (size_t i = 0; i < n; ++i) mean += values[row * n + i];
    mean /= static_cast<double>(n);
    for (size_t i = 0; i < n; ++i) {
      variance += std::pow(values[row * n + i] - mean, 2);
    }
    variance /= static_cast<double>(n);
    const double expected_mean = means[row].GetDouble();
    const double expected = variances[row].GetDouble();
    const double root = std::sqrt(static_cast<double>(n));
    const double rounding = 0.01 * std::abs(expected_mean) + 1e-6;
    if (!IsNear(mean, expected_mean, 0,
                6 * std::sqrt(expected) / root + rounding) ||
        !IsNear(variance, expected, 0, 15 * expected / root + rounding)) {
      return Mismatch(absl::StrCat("mean, variance of row ", row),
                      absl::StrCat(expected_mean, ", ", expected),
                      absl::StrCat(mean, ", ", variance));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckSamples(const Description& description,
                          absl::Span<const NamedArray> results) {
  const auto outputs = description["outputs"].GetArray();
  for (rapidjson::SizeType i = 0; i < outputs.Size(); ++i) {
    const std::string name = absl::StrCat("out:", i);
    const NDArray* out = FindArray(results, name);
    if (out == nullptr) return Mismatch(name, "an array", "nothing");
    Shape shape = Shape::Scalar();
    for (const auto& dim : outputs[i]["shape"].GetArray()) {
      shape.push_back(dim.GetInt64());
    }
    MINNOW_RETURN_IF_ERROR(Mismatch(
        name,
        absl::StrCat(shape.ToString(), " ", outputs[i]["dtype"].GetString()),
        absl::StrCat(out->shape().ToString(), " ", DTypeName(out->dtype()))));
  }
  return CheckDistribution(description["stat"], *FindArray(results, "out:0"));
}

// OK if the case gives what MXNet gives.
absl::Status CheckCase(const fs::path& path) {
  const Description description(path);
  MINNOW_ASSIGN_OR_RETURN(std::vector<NamedArray> results,
                          RunCase(path, description.Options()));
  if (description.Flag("statistical")) {
    return CheckSamples(description, results);
  }
  MINNOW_ASSIGN_OR_RETURN(std::vector<NamedArray> expected,
                          ReadParamsFile(path / "outputs.params"));
  for (const auto& [name, array] : expected) {
    const NDArray* found = FindArray(results, name);
    if (found == nullptr) return Mismatch(name, "an array", "nothing");
    MINNOW_RETURN_IF_ERROR(Annotate(
        CheckNear(array, *found, !absl::StartsWith(name, "grad:"),
                  description.Number("rtol"), description.Number("atol")),
        name));
  }
  return absl::OkStatus();
}

// OK if the case is refused.
absl::Status CheckError(const fs::path& path) {
  return RunCase(path, Description(path).Options()).ok()
             ? Mismatch("run", "an error", "success")
             : absl::OkStatus();
}

std::set<std::string> ReadPending() {
  absl::StatusOr<std::string> text = ReadFile(kPending);
  EXPECT_TRUE(text.ok()) << text.status();
  // Lines that begin with # are comments.
  return absl::StrSplit(text.value_or(""), '\n', [](absl::string_view line) {
    return !line.empty() && !absl::StartsWith(line, "#");
  });
}

void CheckFolder(const fs::path& folder,
                 absl::Status (*check)(const fs::path&)) {
  const std::set<std::string> listed = ReadPending();
  std::vector<std::string> pending;
  const std::vector<fs::path> cases = FoldersIn(folder);
  for (const fs::path& path : cases) {
    SCOPED_TRACE(path);
    absl::StatusOr<Graph> graph = LoadCase(path);
    if (graph.ok() && !graph->unknown_ops.empty()) {
      pending.push_back(path.filename());
      continue;
    }
    const absl::Status status = check(path);
    if (listed.contains(absl::StrCat(folder.filename().string(), "/",
                                     path.filename().string()))) {
      pending.push_back(path.filename());
      EXPECT_FALSE(status.ok()) << "it passes: take it off " << kPending;
    } else {
      EXPECT_TRUE(status.ok()) << status;
    }
  }
  if (pending.empty()) return;
  GTEST_SKIP() << pending.size() << " of " << cases.size()
               << " cases are pending: " << absl::StrJoin(pending, ", ");
}

class ConformanceTest : public testing::TestWithParam<std::string> {};

TEST_P(ConformanceTest, CasesGiveWhatMxnetGives) {
  CheckFolder(fs::path(kCases) / GetParam(), CheckCase);
}

INSTANTIATE_TEST_SUITE_P(Cases, ConformanceTest,
                         testing::ValuesIn(OperatorsIn(kCases)),
                         [](const auto& test_info) { return test_info.param; });

class ConformanceErrorTest : public testing::TestWithParam<std::string> {};

TEST_P(ConformanceErrorTest, WhatMxnetRefusesIsRefused) {
  CheckFolder(fs::path(kErrors) / GetParam(), CheckError);
}

INSTANTIATE_TEST_SUITE_P(Errors, ConformanceErrorTest,
                         testing::ValuesIn(OperatorsIn(kErrors)),
                         [](const auto& test_info) { return test_info.param; });

TEST(ConformancePendingTest, OperatorsOnTheListAreThoseThatAreMissing) {
  std::set<std::string> missing;
  for (const char* root : {kCases, kErrors}) {
    for (const fs::path& folder : FoldersIn(root)) {
      for (const fs::path& path : FoldersIn(folder)) {
        absl::StatusOr<Graph> graph = LoadCase(path);
        if (!graph.ok()) continue;
        for (const auto& op : graph->unknown_ops) missing.insert(op->name);
      }
    }
  }
  std::set<std::string> listed = ReadPending();
  for (auto it = listed.begin(); it != listed.end();) {
    if (!absl::StrContains(*it, '/')) {
      ++it;
      continue;
    }
    EXPECT_TRUE(fs::exists(fs::path(kCases) / *it) ||
                fs::exists(fs::path(kErrors) / *it))
        << *it;
    it = listed.erase(it);
  }
  EXPECT_EQ(absl::StrJoin(missing, "\n"), absl::StrJoin(listed, "\n"))
      << "the first are the operators that " << kPending << " should list";
}

}  // namespace
}  // namespace minnow
