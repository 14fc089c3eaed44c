// Kernels: the functions that compute operators.
//
// A kernel is a plain function. Its parameter types say what it takes:
//
//   template <typename T>
//   absl::Status Square(const RunContext& context, const NoAttrs& attrs,
//                       Dense<const T> x, Dense<T> out);
//
//   .kernels = {KernelOf<Square<float>>(), KernelOf<Square<double>>()}
//
// The views stand for the node's inputs in order, then for its outputs. An
// input that the operator mutates or updates is written in place (its view is
// not const), and its new value is no argument of its own. A `ListOf<View>`
// takes all inputs that the other parameters leave.
//
// A node of an operator with groups (see OpDef) runs each of its kernels once
// for all groups that take it. Such a kernel takes these as `Groups`, and after
// them what all groups share:
//
//   absl::Status Update(const RunContext&, const MultiSgdUpdateAttrs&,
//                       Groups<Dense<float>, Dense<const float>> groups);
//
// Where work can be done once, at bind, it goes into a struct that `prepare`
// makes from attributes and shapes, and that the kernel takes after the
// attributes:
//
//   absl::StatusOr<Product> PrepareProduct(const Attrs& attrs,
//                                          absl::Span<const Shape> shapes);
//   absl::Status Multiply(const RunContext&, const NoAttrs&, const Product&,
//                         Dense<const float> x, ...);
//
//   KernelOf<Multiply, PrepareProduct>()
#ifndef MINNOW_GRAPH_KERNEL_H_
#define MINNOW_GRAPH_KERNEL_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "minnow/core/arithmetic.h"
#include "minnow/core/attrs.h"
#include "minnow/core/philox.h"
#include "minnow/core/shape.h"
#include "minnow/core/thread_pool.h"
#include "minnow/core/view.h"

namespace minnow {

struct Kernel;

// Computes elements of an array when they are needed.
struct ElementsProducer {
  const void* state = nullptr;
  void (*make)(const void* state, int64_t begin, int64_t end) = nullptr;

  // Whether there is anything to be computed.
  bool is_set() const { return make != nullptr; }
  // The elements [begin, end). REQUIRES: is_set().
  void operator()(int64_t begin, int64_t end) const { make(state, begin, end); }
};

// Takes elements of an array when they have been computed. Several threads may
// call it at once, also in blocks of a ThreadPool. It changes variables at
// once: what has been given is final, and an error afterwards breaks the
// executor.
struct ElementsConsumer {
  const void* state = nullptr;
  void (*take)(const void* state, int64_t begin, int64_t end,
               const void* elements) = nullptr;

  // Whether anybody wants them.
  bool is_set() const { return take != nullptr; }
  // The elements [begin, end) of the array lie at `elements`. REQUIRES:
  // is_set().
  void operator()(int64_t begin, int64_t end, const void* elements) const {
    take(state, begin, end, elements);
  }
};

// What a kernel may use beside its arguments.
struct RunContext {
  ThreadPool* threads = nullptr;
  bool training = false;
  RandomKey random;
  // As many bytes as the prepared state asked for, aligned to 64.
  absl::Span<std::byte> workspace;
  // What `prepare` made, or null.
  const void* prepared = nullptr;
  // The groups of the node that the call is for.
  absl::Span<const int32_t> groups;
  // The kernel that runs: one function may be that of many kernels.
  const Kernel* kernel = nullptr;
  // For the first argument of a kernel that reads blocks.
  ElementsProducer produce;
  // For the last argument of a kernel that writes blocks.
  ElementsConsumer consume;
};

// The type of one kernel argument.
struct ArgType {
  DType dtype;
  StorageType storage;
  bool writes;
  bool is_list;
  // Of an elementwise kernel: one element may count for all.
  bool repeats = false;
};

// The types of the arguments of a kernel: a list that is a literal, so that a
// kernel is one, and the kernels of an operator are a table in the program.
class ArgTypes {
 public:
  static constexpr size_t kMaxSize = 16;

  constexpr ArgTypes() = default;
  // REQUIRES: at most kMaxSize, as in all that follows.
  constexpr ArgTypes(std::initializer_list<ArgType> types) {
    for (const ArgType& type : types) push_back(type);
  }

  constexpr void push_back(const ArgType& type) { types_.at(size_++) = type; }
  // Longer by as many of this type as are missing.
  constexpr void extend(size_t size, const ArgType& type) {
    while (size_ < size) push_back(type);
  }

  constexpr size_t size() const { return size_; }
  constexpr ArgType& operator[](size_t i) { return types_[i]; }
  constexpr const ArgType& operator[](size_t i) const { return types_[i]; }
  constexpr const ArgType& front() const { return types_[0]; }
  constexpr const ArgType& back() const { return types_[size_ - size_t{1}]; }
  constexpr ArgType* begin() { return types_.data(); }
  constexpr ArgType* end() { return types_.data() + size_; }
  constexpr const ArgType* begin() const { return types_.data(); }
  constexpr const ArgType* end() const { return types_.data() + size_; }

 private:
  std::array<ArgType, kMaxSize> types_ = {};
  uint8_t size_ = 0;
};

// What was prepared at bind, and the scratch memory that it needs in a run.
struct Prepared {
  std::shared_ptr<const void> state;
  int64_t workspace_bytes = 0;
  // The floating-point operations of a run, where they are what it costs.
  double flops = 0;
};

// An argument of a function on elements: elements that follow one another, or
// one that counts for all.
struct ElementsRef {
  void* data;
  bool repeated;
};

struct Kernel {
  // Inputs, then outputs. With groups: those of one group, then shared ones.
  ArgTypes args = {};
  absl::Status (*run)(const RunContext& context, const void* attrs,
                      absl::Span<const ArrayRef* const> args) = nullptr;
  // The kernel applies only where this holds. Null: always.
  bool (*when)(const Attrs& attrs) = nullptr;
  // Whether it may be chosen for inputs that had to be converted to dense. Not
  // so where its result is not that of the dense kernel, as in lazy updates.
  bool for_fallback = true;
  // `shapes` are those of the arguments, `types` are `args`. Null: nothing to
  // prepare.
  absl::StatusOr<Prepared> (*prepare)(const Attrs& attrs,
                                      absl::Span<const Shape> shapes,
                                      const ArgTypes& types) = nullptr;
  // What was prepared, together with what is made of the arguments that keep
  // their values for all runs; the others are null. Called at bind, when these
  // have their values. It needs no more workspace. Null: nothing to be made.
  absl::StatusOr<Prepared> (*keep)(const RunContext& context,
                                   absl::Span<const ArrayRef* const> args) =
      nullptr;
  // Of an elementwise kernel: n elements of each argument. See
  // elementwise_kernel.h.
  void (*elements)(const void* attrs, const ElementsRef* args,
                   int64_t n) = nullptr;
  // Of an elementwise kernel that is one operation of float or double, on two
  // inputs, or on one and a number: a chain of them stays in registers.
  Arithmetic arithmetic = Arithmetic::kNone;
  double (*number)(const void* attrs) = nullptr;

  // Whether it reads its first argument in blocks of elements that follow one
  // another, all of them once. It then has `context.produce` make those of a
  // block before it reads them: see fusion.h. Null: it does not.
  bool (*reads_blocks)(const void* prepared) = nullptr;
  // Whether it had better make its last argument in blocks of elements that
  // follow one another, each element once, if a step that can run on blocks is
  // all that reads them. It then gives each block to `context.consume`, from
  // wherever it has made it; what it leaves in the argument itself does not
  // matter. Null: it does not.
  bool (*writes_blocks)(const void* prepared) = nullptr;

  constexpr Kernel When(bool (*condition)(const Attrs& attrs)) && {
    when = condition;
    return *this;
  }
  constexpr Kernel NotForFallback() && {
    for_fallback = false;
    return *this;
  }
};

// The arguments of some groups of a node, as views.
template <typename... Views>
class Groups {
 public:
  // `args` are those of the groups, one after the other.
  Groups(absl::Span<const ArrayRef* const> args,
         absl::Span<const int32_t> numbers)
      : args_(args), numbers_(numbers) {}

  size_t size() const { return numbers_.size(); }
  // The number of the group among all of the node.
  int32_t number(size_t i) const { return numbers_[i]; }
  // Calls f(view...) with the arguments of a group.
  template <typename F>
  auto Visit(size_t i, F&& f) const {
    return [&]<size_t... k>(std::index_sequence<k...>) {
      return f(ViewTraits<Views>::Of(*args_[i * sizeof...(Views) + k])...);
    }
    (std::index_sequence_for<Views...>());
  }

 private:
  absl::Span<const ArrayRef* const> args_;
  absl::Span<const int32_t> numbers_;
};

namespace internal {

// The position of the list among the views; their number if there is none.
template <typename... Views>
constexpr size_t ListPosition() {
  size_t position = 0;
  bool found = false;
  ((found = found || ViewTraits<Views>::kIsList, position += !found), ...);
  return position;
}

// A view whose element type is a value, which the kernel that runs has.
template <typename V>
concept AnyView = requires {
  ViewTraits<V>::kNumber;
};

// The argument i of a call as a view. A list takes what the others leave.
template <size_t i, typename V, typename... Views>
V GetView(const RunContext& context, absl::Span<const ArrayRef* const> args) {
  constexpr size_t kCount = sizeof...(Views);
  constexpr size_t kList = ListPosition<Views...>();
  if constexpr (AnyView<V>) {
    static_assert(i < kList, "a view of any type stands before the list");
    return ViewTraits<V>::Of(*args[i], context.kernel->args[i].dtype);
  } else if constexpr (i == kList) {
    return V(args.subspan(i, args.size() - (kCount - 1)));
  } else if constexpr (i > kList) {
    return ViewTraits<V>::Of(*args[args.size() - (kCount - i)]);
  } else {
    return ViewTraits<V>::Of(*args[i]);
  }
}

template <typename... Views>
constexpr ArgTypes ArgTypesOf() {
  static_assert((size_t{0} + ... + ViewTraits<Views>::kIsList) <= 1,
                "a kernel takes at most one list");
  return {ArgType{ViewTraits<Views>::kDType, ViewTraits<Views>::kStorage,
                  ViewTraits<Views>::kWrites, ViewTraits<Views>::kIsList}...};
}

// How a kernel's function takes the arguments of a call: as views.
template <typename... Views>
struct Arguments {
  static constexpr ArgTypes Types() { return ArgTypesOf<Views...>(); }

  template <typename F>
  static absl::Status Pass(F&& f, const RunContext& context,
                           absl::Span<const ArrayRef* const> args) {
    return [&]<size_t... i>(std::index_sequence<i...>) {
      return f(GetView<i, Views, Views...>(context, args)...);
    }
    (std::index_sequence_for<Views...>());
  }
};

// As groups of views, and views of what all groups share.
template <typename... Views, typename... Shared>
struct Arguments<Groups<Views...>, Shared...> {
  static constexpr ArgTypes Types() {
    return ArgTypesOf<Views..., Shared...>();
  }

  template <typename F>
  static absl::Status Pass(F&& f, const RunContext& context,
                           absl::Span<const ArrayRef* const> args) {
    return [&]<size_t... i>(std::index_sequence<i...>) {
      return f(Groups<Views...>(args, context.groups),
               ViewTraits<Shared>::Of(
                   *args[args.size() - sizeof...(Shared) + i])...);
    }
    (std::index_sequence_for<Shared...>());
  }
};

template <auto fn, typename A, typename... Params>
constexpr Kernel MakeKernel(absl::Status (*)(const RunContext&, const A&,
                                             Params...)) {
  return {.args = Arguments<Params...>::Types(),
          .run = [](const RunContext& context, const void* attrs,
                    absl::Span<const ArrayRef* const> args) {
            const auto call = [&](const auto&... views) {
              return fn(context, *static_cast<const A*>(attrs), views...);
            };
            return Arguments<Params...>::Pass(call, context, args);
          }};
}

// A state that was prepared; its members say what else it needs.
template <typename P>
absl::StatusOr<Prepared> Share(absl::StatusOr<P> state) {
  if (!state.ok()) return state.status();
  Prepared prepared;
  if constexpr (requires { state->workspace_bytes; }) {
    prepared.workspace_bytes = state->workspace_bytes;
  }
  if constexpr (requires { state->flops; }) prepared.flops = state->flops;
  prepared.state = std::make_shared<const P>(*std::move(state));
  return prepared;
}

template <auto prepare>
absl::StatusOr<Prepared> Prepare(const Attrs& attrs,
                                 absl::Span<const Shape> shapes,
                                 const ArgTypes& types) {
  if constexpr (requires { prepare(attrs, shapes, types); }) {
    return Share(prepare(attrs, shapes, types));
  } else {
    return Share(prepare(attrs, shapes));
  }
}

template <auto keep, typename P>
constexpr auto KeepOf(absl::StatusOr<P> (*)(
    const RunContext&, const P&, absl::Span<const ArrayRef* const>)) {
  return [](const RunContext& context, absl::Span<const ArrayRef* const> args) {
    return Share(keep(context, *static_cast<const P*>(context.prepared), args));
  };
}

template <auto fn, auto prepare, typename A, typename P, typename... Params>
constexpr Kernel MakePreparedKernel(absl::Status (*)(const RunContext&,
                                                     const A&, const P&,
                                                     Params...)) {
  return {.args = Arguments<Params...>::Types(),
          .run =
              [](const RunContext& context, const void* attrs,
                 absl::Span<const ArrayRef* const> args) {
                const auto call = [&](const auto&... views) {
                  return fn(context, *static_cast<const A*>(attrs),
                            *static_cast<const P*>(context.prepared), views...);
                };
                return Arguments<Params...>::Pass(call, context, args);
              },
          .prepare = Prepare<prepare>};
}

}  // namespace internal

// The kernel that runs `fn`: its signature says when it applies.
template <auto fn>
constexpr Kernel KernelOf() {
  return internal::MakeKernel<fn>(fn);
}

// The same with a state that `prepare` makes at bind; it may take the types of
// the arguments, too. If the state has a member `workspace_bytes`, the kernel
// gets as much scratch memory; a member `flops` is for profiles.
template <auto fn, auto prepare>
constexpr Kernel KernelOf() {
  return internal::MakePreparedKernel<fn, prepare>(fn);
}

// The same; `keep` gives the state once more, with what it has made of
// arguments that keep their values: see Kernel::keep.
//
//   absl::StatusOr<Product> KeepWeight(const RunContext& context,
//                                      const Product& product,
//                                      absl::Span<const ArrayRef* const> args);
template <auto fn, auto prepare, auto keep>
constexpr Kernel KernelOf() {
  Kernel kernel = KernelOf<fn, prepare>();
  kernel.keep = internal::KeepOf<keep>(keep);
  return kernel;
}

// One kernel for each type: KernelsFor(FloatTypes(), []<typename T>() {
//   return KernelOf<Square<T>>(); })
template <typename... T, typename F>
std::vector<Kernel> KernelsFor(Types<T...>, F) {
  static constexpr Kernel kKernels[] = {F().template operator()<T>()...};
  return {std::begin(kKernels), std::end(kKernels)};
}

// The kernels of all parts. Of kernels that are alike, the first one is chosen.
std::vector<Kernel> Joined(std::initializer_list<std::vector<Kernel>> parts);

// Kernels that apply only where the condition holds, too.
std::vector<Kernel> KernelsWhen(bool (*condition)(const Attrs& attrs),
                                std::vector<Kernel> kernels);

}  // namespace minnow

#endif  // MINNOW_GRAPH_KERNEL_H_
