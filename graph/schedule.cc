#include "minnow/graph/schedule.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <utility>

#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"

namespace minnow {
namespace {

// Decides step by step; the members are what is known so far.
class Scheduler {
 public:
  Scheduler(const Graph& graph, const ValueIndex& index,
            const KernelChoice& choice)
      : graph_(graph),
        index_(index),
        choice_(choice),
        kept_(static_cast<size_t>(index.size())),
        readers_(static_cast<size_t>(index.size())),
        tied_(static_cast<size_t>(index.size()), -1),
        last_in_(graph.nodes.size(), -1) {
    const size_t num_values = static_cast<size_t>(index.size());
    schedule_.constant.assign(graph.nodes.size(), false);
    schedule_.shares.assign(num_values, -1);
    schedule_.copied_from.assign(num_values, -1);
    schedule_.variable.assign(num_values, -1);
  }

  Schedule Run() {
    FindTiesAndReaders();
    FindFailures();
    for (size_t i = 0; i < graph_.updates.size(); ++i) PlaceUpdate(i);
    ShareTiedValues();
    Order();
    RemoveUnread();
    for (size_t i = 0; i < graph_.updates.size(); ++i) {
      const Update& update = graph_.updates[i];
      if (schedule_.variable[index_[update.value]] != update.variable) {
        schedule_.commits.push_back(static_cast<int32_t>(i));
      }
    }
    return std::move(schedule_);
  }

 private:
  enum Class { kEarly, kEarlyWrites, kUpdates, kRest };

  void FindTiesAndReaders() {
    for (NodeOutput x : graph_.outputs) kept_[index_[x]] = true;
    for (const Update& update : graph_.updates) {
      kept_[index_[update.value]] = true;
    }
    for (size_t id = 0; id < graph_.nodes.size(); ++id) {
      const Node& node = graph_.nodes[id];
      if (node.is_variable()) {
        schedule_.variable[index_.first(id)] = static_cast<int32_t>(id);
        continue;
      }
      const auto defs = node.op->inputs.For(node.attrs);
      const std::vector<int32_t> new_values = node.NewValues();
      for (size_t i = 0; i < node.inputs.size(); ++i) {
        const int32_t input = index_[node.inputs[i]];
        if (defs[i].access == Access::kUnread) continue;
        readers_[input].push_back(static_cast<int32_t>(id));
        if (new_values[i] >= 0) tied_[index_.first(id) + new_values[i]] = input;
      }
    }
  }

  // Puts the new value of a variable into its memory, with all values on the
  // way from the variable to it that are made in place.
  void PlaceUpdate(size_t i) {
    const Update& update = graph_.updates[i];
    const int32_t variable = index_.first(update.variable);
    const int32_t value = index_[update.value];
    if (schedule_.variable[value] >= 0) return;  // It is another one's, too.
    std::vector<int32_t> chain = {value};
    while (tied_[chain.back()] >= 0) chain.push_back(tied_[chain.back()]);
    if (chain.back() == variable) {
      for (size_t k = 0; k + 1 < chain.size(); ++k) {
        if (k > 0 && kept_[chain[k]]) return;
        if (schedule_.variable[chain[k]] >= 0) return;
      }
      for (int32_t link : chain) schedule_.variable[link] = update.variable;
    } else if (MayWriteInto(update)) {
      schedule_.variable[value] = update.variable;
    } else {
      return;
    }
    last_in_[update.variable] = value;
  }

  // Whether the node may write the new value while it reads the old one. What
  // an operator that may fail needs writes no variable before its time.
  bool MayWriteInto(const Update& update) const {
    const int32_t id = update.value.node;
    const Node& node = graph_.nodes[id];
    if (node.is_variable() || before_failure_[id]) return false;
    if (choice_.storages[index_[update.value]] != StorageType::kDense) {
      return false;
    }
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (node.inputs[i].node != update.variable) continue;
      const auto same = [&](const InplacePair& pair) {
        return pair.input == i && pair.output == update.value.output;
      };
      if (tied_[index_[update.value]] >= 0 ||
          std::none_of(node.op->inplace.begin(), node.op->inplace.end(),
                       same)) {
        return false;
      }
    }
    return true;
  }

  // A tied value takes over the memory of its input, if that is going the same
  // way: both into the same variable, or neither into one.
  void ShareTiedValues() {
    for (size_t value = 0; value < tied_.size(); ++value) {
      const int32_t input = tied_[value];
      if (input < 0) continue;
      const bool same_place =
          schedule_.variable[value] == schedule_.variable[input];
      if (same_place && !kept_[input]) {
        schedule_.shares[value] = input;
      } else {
        schedule_.copied_from[value] = input;
      }
    }
  }

  // The value whose readers must have run before `value` is written, or -1: the
  // one whose memory it takes over.
  int32_t Overwritten(int32_t value) const {
    if (schedule_.shares[value] >= 0) return schedule_.shares[value];
    const int32_t variable = schedule_.variable[value];
    return variable < 0 ? -1 : index_.first(variable);
  }

  // Nodes that may fail on data, and the nodes that these need.
  void FindFailures() {
    before_failure_.resize(graph_.nodes.size());
    for (size_t id = graph_.nodes.size(); id-- > 0;) {
      const Node& node = graph_.nodes[id];
      if (node.is_variable()) continue;
      if (node.op->fails_on_data) before_failure_[id] = true;
      if (!before_failure_[id]) continue;
      for (NodeOutput x : node.inputs) before_failure_[x.node] = true;
    }
  }

  // What may fail, and what has to run before it, comes first, of that what
  // writes variables last; then updates (their gradient is still in the cache,
  // and its memory becomes free), then the rest; within a class in the order of
  // the graph.
  std::vector<int> Classes() const {
    std::vector<int> classes(graph_.nodes.size(), kRest);
    std::vector<int32_t> early;
    const auto add_early = [&](int32_t id) {
      if (graph_.nodes[id].is_variable() || classes[id] < kUpdates) return;
      classes[id] = WritesVariable(id) ? kEarlyWrites : kEarly;
      early.push_back(id);
    };
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      const int32_t id = static_cast<int32_t>(i);
      if (before_failure_[i]) {
        add_early(id);
      } else if (index_.count(i) > 0 && tied_[index_.first(i)] >= 0) {
        classes[i] = std::min<int>(classes[i], kUpdates);
      }
    }
    // Readers of a value that is overwritten early are early, too.
    while (!early.empty()) {
      const int32_t id = early.back();
      early.pop_back();
      for (NodeOutput x : graph_.nodes[id].inputs) add_early(x.node);
      for (int32_t i = 0; i < index_.count(id); ++i) {
        const int32_t old = Overwritten(index_.first(id) + i);
        if (old < 0) continue;
        for (int32_t reader : readers_[old]) add_early(reader);
      }
    }
    return classes;
  }

  bool WritesVariable(int32_t id) const {
    for (int32_t i = 0; i < index_.count(id); ++i) {
      if (schedule_.variable[index_.first(id) + i] >= 0) return true;
    }
    return false;
  }

  void Order() {
    const size_t n = graph_.nodes.size();
    waits_for_.assign(n, 0);
    after_.assign(n, {});
    std::vector<bool> done(n);
    for (size_t id = 0; id < n; ++id) {
      if (graph_.nodes[id].is_variable()) continue;
      for (NodeOutput x : graph_.nodes[id].inputs) {
        if (!graph_.nodes[x.node].is_variable()) {
          AddEdge(x.node, static_cast<int32_t>(id));
        }
      }
    }
    overwrite_waits_.assign(n, 0);
    for (size_t id = 0; id < n; ++id) {
      if (ReadsWhatItChanges(static_cast<int32_t>(id))) GiveUpSharing(id);
      for (int32_t i = 0; i < index_.count(id); ++i) {
        AddOverwriteEdges(static_cast<int32_t>(id), index_.first(id) + i);
      }
    }
    const std::vector<int> classes = Classes();
    using Entry = std::pair<int, int32_t>;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> ready;
    size_t left = 0;
    for (size_t id = 0; id < n; ++id) {
      if (graph_.nodes[id].is_variable()) continue;
      ++left;
      if (waits_for_[id] + overwrite_waits_[id] == 0) {
        ready.push({classes[id], static_cast<int32_t>(id)});
      }
    }
    size_t lowest = 0;  // All nodes below are done.
    for (; left > 0; --left) {
      if (ready.empty()) {
        // A circle: somebody needs the old value only after the new one. The
        // lowest node that is left waits for nothing but such readers.
        while (graph_.nodes[lowest].is_variable() || done[lowest]) ++lowest;
        GiveUpSharing(lowest);
        ready.push({classes[lowest], static_cast<int32_t>(lowest)});
      }
      const int32_t id = ready.top().second;
      ready.pop();
      done[id] = true;
      schedule_.order.push_back(id);
      for (const Edge& edge : after_[id]) {
        int32_t& waits =
            edge.overwrite ? overwrite_waits_[edge.to] : waits_for_[edge.to];
        // A node that gave up waits for no reader any more.
        if (edge.overwrite && waits == 0) continue;
        --waits;
        if (waits_for_[edge.to] + overwrite_waits_[edge.to] == 0) {
          ready.push({classes[edge.to], edge.to});
        }
      }
    }
  }

  struct Edge {
    int32_t to;
    bool overwrite;
  };

  void AddEdge(int32_t from, int32_t to) {
    after_[from].push_back({to, false});
    ++waits_for_[to];
  }

  void AddOverwriteEdges(int32_t id, int32_t value) {
    if (graph_.nodes[id].is_variable()) return;
    const int32_t old = Overwritten(value);
    if (old < 0) return;
    for (int32_t reader : readers_[old]) {
      if (reader == id) continue;
      after_[reader].push_back({id, true});
      ++overwrite_waits_[id];
    }
  }

  // Whether a value that the node changes in place is a second input of it.
  bool ReadsWhatItChanges(int32_t id) const {
    for (int32_t i = 0; i < index_.count(id); ++i) {
      const int32_t old = schedule_.shares[index_.first(id) + i];
      if (old >= 0 &&
          std::count(readers_[old].begin(), readers_[old].end(), id) > 1) {
        return true;
      }
    }
    return false;
  }

  // The node works on copies, and what it was to write into a variable is
  // copied there at the end.
  void GiveUpSharing(size_t id) {
    overwrite_waits_[id] = 0;
    for (int32_t i = 0; i < index_.count(id); ++i) {
      const int32_t value = index_.first(id) + i;
      if (Overwritten(value) < 0) continue;
      const int32_t variable = schedule_.variable[value];
      if (schedule_.shares[value] >= 0) {
        schedule_.copied_from[value] = schedule_.shares[value];
        schedule_.shares[value] = -1;
      }
      schedule_.conflicts.push_back(value);
      if (variable < 0) continue;
      // All that is made from it in place leaves the variable with it.
      for (int32_t v = last_in_[variable]; v != value; v = tied_[v]) {
        schedule_.variable[v] = -1;
      }
      schedule_.variable[value] = -1;
    }
  }

  // What only tells its readers a shape need not run.
  void RemoveUnread() {
    std::vector<bool> runs(graph_.nodes.size());
    for (size_t id = graph_.nodes.size(); id-- > 0;) {
      const Node& node = graph_.nodes[id];
      if (node.is_variable()) continue;
      runs[id] = !node.IsPure() || node.op->fails_on_data;
      for (int32_t i = 0; i < index_.count(id); ++i) {
        const int32_t value = index_.first(id) + i;
        runs[id] = runs[id] || kept_[value] ||
                   std::any_of(readers_[value].begin(), readers_[value].end(),
                               [&](int32_t reader) { return runs[reader]; });
      }
    }
    std::erase_if(schedule_.order, [&](int32_t id) { return !runs[id]; });
  }

  const Graph& graph_;
  const ValueIndex& index_;
  const KernelChoice& choice_;
  // By value: an output, or the new value of a variable, stays until the end.
  std::vector<bool> kept_;
  std::vector<std::vector<int32_t>> readers_;
  std::vector<int32_t> tied_;  // By value: the input of which it is new.
  // By node: of a variable, the value that its update leaves in its memory.
  std::vector<int32_t> last_in_;
  std::vector<bool> before_failure_;  // By node.
  std::vector<int32_t> waits_for_, overwrite_waits_;
  std::vector<std::vector<Edge>> after_;
  Schedule schedule_;
};

}  // namespace

Schedule MakeSchedule(const Graph& graph, const ValueIndex& index,
                      const KernelChoice& choice) {
  return Scheduler(graph, index, choice).Run();
}

absl::StatusOr<Graph> SeparateVariables(Graph graph) {
  std::vector<bool> updated(graph.nodes.size());
  for (const Update& update : graph.updates) updated[update.variable] = true;
  const auto is_updated_variable = [&](NodeOutput x) {
    return static_cast<size_t>(x.node) < updated.size() && updated[x.node] &&
           graph.nodes[x.node].is_variable();
  };
  int64_t counter = 0;
  const auto copy = [&](NodeOutput& x) -> absl::Status {
    MINNOW_ASSIGN_OR_RETURN(const OpDef* identity,
                            graph.registry->Get("_copy"));
    Node node;
    node.op = identity;
    do {
      node.name = absl::StrCat(graph.nodes[x.node].name, "_old", counter++);
    } while (graph.Find(node.name) >= 0);
    node.inputs = {x};
    x = {static_cast<int32_t>(graph.nodes.size()), 0};
    graph.nodes.push_back(std::move(node));
    return absl::OkStatus();
  };
  for (NodeOutput& x : graph.outputs) {
    if (is_updated_variable(x)) MINNOW_RETURN_IF_ERROR(copy(x));
  }
  for (Update& update : graph.updates) {
    if (is_updated_variable(update.value)) {
      MINNOW_RETURN_IF_ERROR(copy(update.value));
    }
  }
  return graph;
}

}  // namespace minnow
