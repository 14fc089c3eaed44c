#include "minnow/executor/profile.h"

#include <algorithm>
#include <chrono>
#include <tuple>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "minnow/graph/print.h"

namespace minnow {
namespace {

struct Label {
  std::string name, category;
};

// Of the arrays that the step, or those that run together, reads and writes.
int64_t DenseBytes(const Plan& plan, size_t step) {
  absl::flat_hash_map<std::tuple<ValuePlace::Kind, int32_t, int64_t>, int64_t>
      arrays;
  const size_t end = plan.EndOfFused(step);
  for (size_t i = step; i < end; ++i) {
    for (int32_t value : plan.steps[i].args) {
      if (plan.storages[value] != StorageType::kDense) continue;
      const ValuePlace& place = plan.places[value];
      int64_t& bytes = arrays[{place.kind, place.variable, place.offset}];
      bytes = std::max(bytes, plan.types.DenseBytes(value));
    }
  }
  // What is consumed by blocks stays in the cache.
  if (end > step + 1 && plan.steps[step + 1].fusion == Fusion::kConsumer) {
    const ValuePlace& place = plan.places[plan.steps[step].args.back()];
    arrays.erase({place.kind, place.variable, place.offset});
  }
  int64_t sum = 0;
  for (const auto& [place, bytes] : arrays) sum += bytes;
  return sum;
}

// That the kernels of the step, or of those that run together, know of.
double Flops(const Plan& plan, size_t step) {
  double flops = 0;
  const size_t end = plan.EndOfFused(step);
  for (size_t i = step; i < end; ++i) {
    flops += plan.steps[i].prepared.flops;
  }
  return flops;
}

Label LabelOf(const Plan& plan, size_t step) {
  const PlanStep& planned = plan.steps[step];
  if (planned.node < 0) return {planned.note, "copy"};
  const Node& node = plan.graph.nodes[planned.node];
  const size_t end = plan.EndOfFused(step);
  const size_t num_fused = end - step;
  if (num_fused == 1) return {node.name, node.op->name};
  const Node& last = plan.graph.nodes[plan.steps[end - 1].node];
  return {absl::StrCat(node.name, " .. ", last.name),
          absl::StrCat(num_fused, " fused")};
}

// A JSON string: names may hold anything.
std::string Json(absl::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      json += absl::StrFormat("\\u%04x", c);
    } else {
      json += c;
    }
  }
  return json + "\"";
}

}  // namespace

int64_t Profile::Now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::string Profile::ToChromeTrace(const Plan& plan) const {
  const int64_t start = events_.empty() ? 0 : events_[0].begin;
  std::string json = "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[";
  absl::flat_hash_map<size_t, Label> labels;
  for (const Event& event : events_) {
    const auto [found, is_new] = labels.try_emplace(event.step);
    Label& label = found->second;
    if (is_new) label = LabelOf(plan, event.step);
    absl::StrAppendFormat(
        &json,
        "%s\n{\"ph\":\"X\",\"pid\":1,\"tid\":1,\"name\":%s,\"cat\":%s,"
        "\"ts\":%.3f,\"dur\":%.3f}",
        &event == events_.data() ? "" : ",", Json(label.name),
        Json(label.category), static_cast<double>(event.begin - start) * 1e-3,
        static_cast<double>(event.end - event.begin) * 1e-3);
  }
  return json + "\n]}\n";
}

std::string Profile::ToTable(const Plan& plan,
                             const MachineLimits& limits) const {
  struct Total {
    size_t step = 0;
    int64_t calls = 0, time = 0, regions = 0;
  };
  std::vector<Total> totals(plan.steps.size());
  int64_t sum = 0;
  for (const Event& event : events_) {
    Total& total = totals[event.step];
    total.step = event.step;
    ++total.calls;
    total.time += event.end - event.begin;
    total.regions += event.regions;
    sum += event.end - event.begin;
  }
  std::stable_sort(
      totals.begin(), totals.end(),
      [](const Total& a, const Total& b) { return a.time > b.time; });
  std::vector<std::vector<std::string>> rows = {
      {"node", "operator", "calls", "us a call", "share", "regions", "GB/s",
       "GFLOP/s", "of limit"}};
  for (const Total& total : totals) {
    if (total.calls == 0) continue;
    const Label label = LabelOf(plan, total.step);
    const auto calls = static_cast<double>(total.calls);
    const auto time = static_cast<double>(total.time);
    const auto bytes = static_cast<double>(DenseBytes(plan, total.step));
    const double flops = Flops(plan, total.step);
    // What is done in a nanosecond, in a second is so many times 1e9.
    const double calls_per_ns = calls / time;
    rows.push_back(
        {label.name, label.category, absl::StrCat(total.calls),
         absl::StrFormat("%.2f", time * 1e-3 / calls),
         absl::StrFormat("%.1f %%", 100.0 * time / static_cast<double>(sum)),
         absl::StrFormat("%.3g", static_cast<double>(total.regions) / calls),
         absl::StrFormat("%.3g", bytes * calls_per_ns),
         flops == 0 ? "" : absl::StrFormat("%.3g", flops * calls_per_ns),
         absl::StrFormat("%.0f %%", 100e9 * calls_per_ns *
                                        limits.LeastTime(bytes, flops))});
  }
  return AlignColumns(rows);
}

}  // namespace minnow
