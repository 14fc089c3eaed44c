#include "minnow/graph/gradient.h"

#include <algorithm>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"

namespace minnow {
namespace {

// What flows back to each value.
class Contributions {
 public:
  explicit Contributions(GraphBuilder& builder) : builder_(builder) {}

  void Add(NodeOutput to, Symbol grad) { grads_[to].push_back(grad); }

  // The sum; omitted if nothing has come. Nothing may be added afterwards.
  Symbol Sum(NodeOutput of) {
    const auto found = grads_.find(of);
    if (found == grads_.end()) return Symbol{};
    std::vector<Symbol>& terms = found->second;
    if (terms.size() > 1) {
      // They came from the last reader to the first.
      std::reverse(terms.begin(), terms.end());
      const NamedAttr count = {"num_args", static_cast<int64_t>(terms.size())};
      terms = {builder_.AddParsed("add_n", terms, {count})};
    }
    return terms[0];
  }

 private:
  GraphBuilder& builder_;
  absl::flat_hash_map<NodeOutput, std::vector<Symbol>> grads_;
};

absl::Status CheckSymbols(const GraphBuilder& builder,
                          absl::Span<const Symbol> symbols,
                          absl::string_view what) {
  for (size_t i = 0; i < symbols.size(); ++i) {
    if (symbols[i].builder != &builder) {
      return absl::InvalidArgumentError(absl::StrCat(
          "gradient: ", what, " ", i,
          symbols[i].omitted() ? " is omitted" : " is of another builder"));
    }
  }
  return absl::OkStatus();
}

// Nodes with an input that depends on one of `wrt`: a gradient passes through
// no others.
std::vector<bool> FindDependents(const GraphBuilder& builder,
                                 absl::Span<const Symbol> wrt) {
  std::vector<bool> depends(static_cast<size_t>(builder.num_nodes()));
  for (Symbol x : wrt) depends[x.at.node] = true;
  for (int32_t id = 0; id < builder.num_nodes(); ++id) {
    for (NodeOutput x : builder.node(id).inputs) {
      if (depends[x.node]) depends[id] = true;
    }
  }
  return depends;
}

}  // namespace

std::vector<Symbol> Gradient(GraphBuilder& builder,
                             absl::Span<const Symbol> heads,
                             absl::Span<const Symbol> head_grads,
                             absl::Span<const Symbol> wrt) {
  std::vector<Symbol> result(wrt.size(), {&builder, {}});
  absl::Status status = CheckSymbols(builder, heads, "head");
  if (status.ok()) status = CheckSymbols(builder, wrt, "wrt");
  if (status.ok() && head_grads.size() > heads.size()) {
    status = absl::InvalidArgumentError(
        absl::StrCat("gradient: expected ", heads.size(),
                     " head gradients, found ", head_grads.size()));
  }
  if (!status.ok()) builder.Fail(status);
  if (!builder.status().ok()) return result;

  const std::vector<bool> depends = FindDependents(builder, wrt);
  Contributions contributions(builder);
  int32_t last = -1;
  for (size_t i = 0; i < heads.size(); ++i) {
    if (!depends[heads[i].at.node]) continue;
    Symbol grad = i < head_grads.size() ? head_grads[i] : Symbol{};
    if (grad.omitted()) grad = builder.Add("ones_like", {heads[i]});
    contributions.Add(heads[i].at, grad);
    last = std::max(last, heads[i].at.node);
  }
  // A node comes after its inputs, so counting down visits all readers of a
  // value before the node that makes it.
  for (int32_t id = last; id >= 0; --id) {
    if (!depends[id] || builder.node(id).is_variable()) continue;
    const size_t num_outputs = builder.node(id).num_outputs();
    std::vector<Symbol> node_heads;
    bool reached = false;
    for (size_t i = 0; i < num_outputs; ++i) {
      node_heads.push_back(contributions.Sum({id, static_cast<int32_t>(i)}));
      reached |= !node_heads.back().omitted();
    }
    const std::vector<NodeOutput> inputs = builder.node(id).inputs;
    // std::vector<bool> has no span.
    const auto wanted = std::make_unique<bool[]>(inputs.size());
    bool any_wanted = false;
    for (size_t i = 0; i < inputs.size(); ++i) {
      wanted[i] = depends[inputs[i].node];
      any_wanted |= wanted[i];
    }
    if (!reached || !any_wanted) continue;
    const OpDef* op = builder.node(id).op;
    if (op->gradient == nullptr) {
      builder.Fail(absl::UnimplementedError(absl::StrCat(
          builder.node(id).Describe(), ": the operator has no gradient")));
      return result;
    }
    const std::vector<Symbol> grads = op->gradient(
        GradientContext(builder, id, node_heads,
                        absl::MakeConstSpan(wanted.get(), inputs.size())));
    if (!builder.status().ok()) return result;
    for (size_t i = 0; i < std::min(inputs.size(), grads.size()); ++i) {
      if (wanted[i] && !grads[i].omitted()) {
        contributions.Add(inputs[i], grads[i]);
      }
    }
  }
  for (size_t i = 0; i < wrt.size(); ++i) {
    result[i] = contributions.Sum(wrt[i].at);
    if (result[i].omitted()) result[i] = builder.Add("zeros_like", {wrt[i]});
  }
  return result;
}

}  // namespace minnow
