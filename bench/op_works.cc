#include "minnow/bench/op_works.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "minnow/core/file.h"
#include "minnow/core/simd.h"
#include "minnow/core/status.h"
#include "minnow/graph/builder.h"
#include "minnow/ops/builtin.h"
#include "rapidjson/document.h"

namespace minnow {
namespace {

// The entry of this name, in a document that holds nothing else.
absl::StatusOr<rapidjson::Document> FindEntry(const std::string& name) {
  MINNOW_ASSIGN_OR_RETURN(const std::string text, ReadFile(MINNOW_OP_WORKS));
  rapidjson::Document all;
  all.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  if (all.HasParseError() || !all.IsArray()) {
    return absl::InvalidArgumentError("op_works.json: expected an array");
  }
  for (const auto& entry : all.GetArray()) {
    if (entry["name"].GetString() != name) continue;
    rapidjson::Document found;
    found.CopyFrom(entry, found.GetAllocator());
    return found;
  }
  return absl::NotFoundError(
      absl::StrCat("op_works.json: there is no work '", name, "'"));
}

absl::StatusOr<NDArray> RandomInput(const rapidjson::Value& input,
                                    std::mt19937_64& random) {
  Shape shape = Shape::Scalar();
  float high = 1;
  if (input.IsObject() && input.HasMember("high")) {
    high = input["high"].GetFloat();
  }
  for (const auto& dim :
       (input.IsObject() ? input["shape"] : input).GetArray()) {
    shape.push_back(dim.GetInt64());
  }
  MINNOW_ASSIGN_OR_RETURN(const NDArray array,
                          NDArray::Zeros(shape, DType::kFloat32));
  std::uniform_real_distribution<float> uniform(0, high);
  for (float& x : array.values<float>()) x = uniform(random);
  return array;
}

}  // namespace

absl::StatusOr<Executor> OpStep(const std::string& name, int threads) {
  MINNOW_ASSIGN_OR_RETURN(const rapidjson::Document entry, FindEntry(name));
  GraphBuilder b(BuiltinOps());
  BindOptions options = {.threads = threads};
  std::mt19937_64 random(1);
  std::vector<Symbol> inputs;
  for (const auto& input : entry["inputs"].GetArray()) {
    const std::string variable = absl::StrCat("x", inputs.size());
    MINNOW_ASSIGN_OR_RETURN(options.variables[variable],
                            RandomInput(input, random));
    inputs.push_back(b.Variable(variable));
  }
  std::vector<NamedAttr> attrs;
  if (entry.HasMember("attrs")) {
    for (const auto& attr : entry["attrs"].GetObject()) {
      attrs.push_back(
          {attr.name.GetString(), std::string(attr.value.GetString())});
    }
  }
  const Symbol out = b.AddParsed(entry["op"].GetString(), inputs, attrs);
  MINNOW_ASSIGN_OR_RETURN(const Graph graph, b.Build({out}));
  return Executor::Bind(graph, std::move(options));
}

absl::StatusOr<PlainOp> PlainOp::Create(const std::string& name, int threads) {
  MINNOW_ASSIGN_OR_RETURN(const rapidjson::Document entry, FindEntry(name));
  PlainOp plain;
  if (!entry.HasMember("plain")) return plain;
  const auto& bound = *entry["plain"].MemberBegin();
  const std::string kind = bound.name.GetString();
  plain.run_ = kind == "read" ? Read : kind == "memcpy" ? Copy : Negate;
  for (NDArray* array : {&plain.from_, &plain.to_}) {
    MINNOW_ASSIGN_OR_RETURN(
        *array, NDArray::Zeros({bound.value.GetInt64()}, DType::kFloat32));
    const absl::Span<float> values = array->values<float>();
    std::fill(values.begin(), values.end(), 1.0f);
  }
  plain.threads_ = std::make_unique<ThreadPool>(threads);
  return plain;
}

void PlainOp::Run() {
  const int64_t size = from_.num_elements();
  const float* from = from_.values<float>().data();
  float* to = to_.values<float>().data();
  ParallelFor(*threads_, size, size / threads_->num_threads() + 1,
              [&](int64_t begin, int64_t end) {
                run_(end - begin, from + begin, to + begin);
              });
}

void PlainOp::Copy(int64_t n, const float* from, float* to) {
  std::memcpy(to, from, static_cast<size_t>(n) * sizeof(float));
}

// Of a loop that copies, compilers make a call of memcpy.
void PlainOp::Negate(int64_t n, const float* from, float* to) {
  Vectorize([=]() MINNOW_INLINE {
    for (int64_t i = 0; i < n; ++i) to[i] = -from[i];
  });
}

void PlainOp::Read(int64_t n, const float* from, float* to) {
  Vectorize([=]() MINNOW_INLINE {
    // As many lanes as keep the adders busy.
    float sums[128] = {};
    int64_t i = 0;
    for (; i + 128 <= n; i += 128) {
      for (int64_t k = 0; k < 128; ++k) sums[k] += from[i + k];
    }
    for (; i < n; ++i) sums[0] += from[i];
    float sum = 0;
    for (float x : sums) sum += x;
    to[0] = sum;
  });
}

}  // namespace minnow
