// What an operator is: the facts that graph passes and the executor rely on.
//
// An operator is a value, written as a table of named facts:
//
//   OpDef SquareOp() {
//     return {
//         .name = "square",
//         .doc = "out = x * x",
//         .inputs = {"data"},
//         .shape = SameShape,
//         .gradient = [](const GradientContext& node) -> std::vector<Symbol> {
//           return {2.0f * node.input(0) * node.head(0)};
//         },
//         .kernels = {KernelOf<Square<float>>(), KernelOf<Square<double>>()},
//     };
//   }
#ifndef MINNOW_GRAPH_OP_DEF_H_
#define MINNOW_GRAPH_OP_DEF_H_

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "minnow/core/attrs.h"
#include "minnow/graph/inference.h"
#include "minnow/graph/kernel.h"
#include "minnow/graph/symbol.h"

namespace minnow {

// How an operator treats an input.
enum class Access : uint8_t {
  kRead,
  kUnread,  // Only its shape and type matter, or its gradient does: it need not
            // be bound.
  kMutate,  // State, changed in place; its new value is a hidden output.
  kUpdate,  // Its new value is an output: of the first input that is updated
            // the first output, and so on. The executor copies the input first
            // where its old value is still needed, so kernels work in place.
};

// Whether kernels write to such an input.
constexpr bool IsWritten(Access access) {
  return access == Access::kMutate || access == Access::kUpdate;
}

// What a variable at this input is for: something the user gives, or state that
// starts with zeros, or what the input says, and is kept along (MXNet's
// auxiliary state).
enum class Role : uint8_t { kArgument, kState };

// What an input may be if the updates of a variable are deferred (see
// ops/deferred.h), so that some of its rows are out of date.
enum class Rows : uint8_t {
  kCurrent,   // All rows must be up to date.
  kDeferred,  // The operator knows what rows have missed; where it changes them
              // the new value is deferred as well.
  kFlushed,   // The same, but the new value is up to date.
};

struct InputDef {
  InputDef(const char* name, Access access = Access::kRead);  // NOLINT
  InputDef(std::string name, Access access);
  InputDef(std::string name, Access access, Role role)
      : name(std::move(name)), access(access), role(role) {}

  InputDef Takes(Rows rows_taken) && {
    rows = rows_taken;
    return std::move(*this);
  }
  InputDef StartsWith(double value) && {
    initial_value = value;
    return std::move(*this);
  }

  std::string name;
  Access access;
  Role role;
  Rows rows = Rows::kCurrent;
  // Of a state whose variable has no initializer: what its elements start with.
  double initial_value = 0;
};

// The inputs of an operator: a list, or a function of the attributes where
// these decide how many there are.
class InputDefs {
 public:
  using Function = std::vector<InputDef> (*)(const Attrs& attrs);

  InputDefs() = default;
  InputDefs(std::initializer_list<InputDef> fixed) : fixed_(fixed) {}
  InputDefs(Function function) : function_(function) {}  // NOLINT
  // Inputs of which only the number is known: arg0, arg1, ...
  explicit InputDefs(size_t count);

  // The inputs of one node; to be used where it stands.
  class View {
   public:
    explicit View(absl::Span<const InputDef> fixed) : inputs_(fixed) {}
    explicit View(std::vector<InputDef> own)
        : own_(std::move(own)), inputs_(own_) {}
    View(const View&) = delete;
    View& operator=(const View&) = delete;
    size_t size() const { return inputs_.size(); }
    const InputDef& operator[](size_t i) const { return inputs_[i]; }
    auto begin() const { return inputs_.begin(); }
    auto end() const { return inputs_.end(); }

   private:
    std::vector<InputDef> own_;
    absl::Span<const InputDef> inputs_;
  };
  View For(const Attrs& attrs) const {
    return function_ == nullptr ? View(absl::MakeConstSpan(fixed_))
                                : View(function_(attrs));
  }
  bool variadic() const { return function_ != nullptr; }

 private:
  std::vector<InputDef> fixed_;
  Function function_ = nullptr;
};

// The names of the outputs, without the hidden ones.
class OutputDefs {
 public:
  using Function = std::vector<std::string> (*)(const Attrs& attrs);

  OutputDefs(std::initializer_list<const char*> fixed)
      : fixed_(fixed.begin(), fixed.end()) {}
  OutputDefs(Function function) : function_(function) {}  // NOLINT
  explicit OutputDefs(size_t count);                      // out0, out1, ...

  std::vector<std::string> For(const Attrs& attrs) const {
    return function_ == nullptr ? fixed_ : function_(attrs);
  }
  size_t Count(const Attrs& attrs) const {
    return function_ == nullptr ? fixed_.size() : function_(attrs).size();
  }
  bool variadic() const { return function_ != nullptr; }

 private:
  std::vector<std::string> fixed_;
  Function function_ = nullptr;
};

// What the gradient of one node is built from.
class GradientContext {
 public:
  GradientContext(GraphBuilder& builder, int32_t node,
                  absl::Span<const Symbol> heads, absl::Span<const bool> wanted)
      : builder_(&builder), node_(node), heads_(heads), wanted_(wanted) {}

  GraphBuilder& builder() const { return *builder_; }
  template <typename A>
  const A& attrs() const {
    return untyped_attrs().As<A>();
  }
  // By value: the nodes of the builder move when it grows.
  Attrs untyped_attrs() const;

  size_t num_inputs() const;
  Symbol input(size_t i) const;
  Symbol output(size_t i) const;
  // The gradient of an output; omitted if none flows to it, which cannot be
  // where the operator has one output.
  Symbol head(size_t i) const { return heads_[i]; }
  // Whether anybody asks for the gradient of this input.
  bool wanted(size_t i) const { return wanted_[i]; }

 private:
  GraphBuilder* builder_;
  int32_t node_;
  absl::Span<const Symbol> heads_;
  absl::Span<const bool> wanted_;
};

// Returns the gradient of each input; an omitted one is zero.
using GradientFn = std::vector<Symbol> (*)(const GradientContext& node);

// The output may lie in the memory of the input: each of its elements depends
// on no element of the input but the one at its own place.
struct InplacePair {
  uint8_t input;
  uint8_t output;
};

// Inputs that come in groups of `size`, such as weight, gradient and state,
// followed by `num_shared` that all groups share. Each group has a kernel of
// its own, so that one with a row_sparse gradient leaves the others alone. All
// outputs are new values of inputs, as many in each group.
struct GroupDef {
  size_t size = 0;
  size_t num_shared = 0;

  // How many groups there are among so many inputs.
  size_t Count(size_t num_inputs) const {
    return size == 0 || num_inputs < num_shared
               ? 1
               : (num_inputs - num_shared) / size;
  }
};

struct OpDef {
  // As in MXNet, with other names that MXNet has for it.
  std::string name;
  std::vector<std::string> aliases = {};
  // First the formula.
  std::string doc;
  const AttrsType* attrs = AttrsTypeOf<NoAttrs>();
  InputDefs inputs;
  OutputDefs outputs = {"out"};
  InferShapeFn shape = nullptr;
  InferDTypeFn dtype = SameDType;
  GradientFn gradient = nullptr;  // Null where the operator has none.
  std::vector<InplacePair> inplace = {};
  // For transpose_folding.h. Whether it does nothing but swap the last two axes
  // of its input, which has so many.
  bool (*is_transpose)(const Attrs& attrs, size_t rank) = nullptr;
  // The attributes with which it reads an input, which has so many axes, with
  // the last two swapped; none where there are none.
  std::optional<Attrs> (*with_transposed)(const Attrs& attrs, size_t input,
                                          size_t rank) = nullptr;
  GroupDef groups = {};  // None: all inputs belong to one kernel.
  std::vector<Kernel> kernels = {};
  // It draws random numbers: its nodes have streams and are never merged.
  bool random = false;
  // A run can fail because of the values of its inputs.
  bool fails_on_data = false;
  // Counts changes of meaning; a file of a later version is refused.
  int64_t version = 1;
  // A placeholder for an operator that the registry lacks: it can be loaded and
  // printed, not bound.
  bool unknown = false;
};

// The number of hidden outputs of a node: its mutated inputs.
size_t NumMutated(const OpDef& op, const Attrs& attrs);

// A placeholder of this many inputs and outputs; its nodes keep their
// attributes as they stand in the file.
OpDef UnknownOp(absl::string_view name, size_t num_inputs, size_t num_outputs);

}  // namespace minnow

#endif  // MINNOW_GRAPH_OP_DEF_H_
