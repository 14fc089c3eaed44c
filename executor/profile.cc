#include "minnow/executor/profile.h"

#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "minnow/graph/print.h"

namespace minnow {
namespace {

struct Label {
  std::string name, category;
};

Label LabelOf(const Plan& plan, int64_t step) {
  const PlanStep& planned = plan.steps[static_cast<size_t>(step)];
  if (planned.node < 0) return {planned.note, "copy"};
  const Node& node = plan.graph.nodes[planned.node];
  size_t end = static_cast<size_t>(step) + 1;
  while (end < plan.steps.size() && plan.steps[end].fusion != Fusion::kNone)
    ++end;
  const size_t num_fused = end - static_cast<size_t>(step);
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
  for (const Event& event : events_) {
    const Label label = LabelOf(plan, event.step);
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

std::string Profile::ToTable(const Plan& plan) const {
  struct Total {
    int64_t step = 0, calls = 0, time = 0;
  };
  std::vector<Total> totals(plan.steps.size());
  int64_t sum = 0;
  for (const Event& event : events_) {
    Total& total = totals[static_cast<size_t>(event.step)];
    total.step = event.step;
    ++total.calls;
    total.time += event.end - event.begin;
    sum += event.end - event.begin;
  }
  std::stable_sort(
      totals.begin(), totals.end(),
      [](const Total& a, const Total& b) { return a.time > b.time; });
  std::vector<std::vector<std::string>> rows = {
      {"node", "operator", "calls", "us a call", "share"}};
  for (const Total& total : totals) {
    if (total.calls == 0) continue;
    const Label label = LabelOf(plan, total.step);
    rows.push_back(
        {label.name, label.category, absl::StrCat(total.calls),
         absl::StrFormat("%.2f", static_cast<double>(total.time) * 1e-3 /
                                     static_cast<double>(total.calls)),
         absl::StrFormat("%.1f %%", 100.0 * static_cast<double>(total.time) /
                                        static_cast<double>(sum))});
  }
  return AlignColumns(rows);
}

}  // namespace minnow
