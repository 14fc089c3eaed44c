#include "minnow/tests/op_harness.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>

#include "absl/strings/str_cat.h"
#include "minnow/core/convert.h"
#include "minnow/graph/graph.h"

namespace minnow {
namespace {

// Memory of an argument with sentinels on both sides.
class GuardedArray {
 public:
  GuardedArray(const Shape& shape, DType dtype)
      : dims_(shape.dims().begin(), shape.dims().end()),
        dtype_(dtype),
        size_(shape.num_elements()),
        bytes_(2 * kGuard + static_cast<size_t>(size_) * DTypeSize(dtype),
               kSentinel) {}

  void* data() { return bytes_.data() + kGuard; }
  ArrayRef ref() { return {data(), size_, dims_, nullptr}; }
  DType dtype() const { return dtype_; }
  void Store(absl::Span<const double> values) {
    StoreValues(values, dtype_, data());
  }
  TestArray Load() { return LoadFrom(data()); }
  // As if the elements lay elsewhere.
  TestArray LoadFrom(const void* data) const {
    return {Shape(absl::MakeConstSpan(dims_)), LoadValues(data, dtype_, size_),
            dtype_};
  }
  bool intact() const {
    for (size_t i = 0; i < kGuard; ++i) {
      if (bytes_[i] != kSentinel || bytes_[bytes_.size() - 1 - i] != kSentinel)
        return false;
    }
    return true;
  }

 private:
  // A multiple of every alignment; more than the widest vector.
  static constexpr size_t kGuard = 128;
  static constexpr uint8_t kSentinel = 0xA5;

  std::vector<int64_t> dims_;
  DType dtype_;
  int64_t size_;
  std::vector<uint8_t> bytes_;
};

// What inference says of a node of the row.
struct NodeTypes {
  std::vector<Shape> shapes;  // Inputs, then all outputs.
  std::vector<std::optional<DType>> dtypes;
};

template <typename T>
std::vector<T*> Pointers(std::vector<T>& values, size_t begin, size_t end) {
  std::vector<T*> pointers;
  for (size_t i = begin; i < end; ++i) pointers.push_back(&values[i]);
  return pointers;
}

absl::StatusOr<NodeTypes> Infer(const OpDef& op, const OpCase& c,
                                absl::Span<const Shape> shapes,
                                absl::Span<const DType> dtypes) {
  Node node;
  node.op = &op;
  node.name = "test";
  node.attrs = c.attrs;
  const size_t inputs = c.inputs.size();
  const size_t all =
      inputs + op.outputs.Count(c.attrs) + NumMutated(op, c.attrs);
  NodeTypes types;
  types.shapes.assign(shapes.begin(), shapes.end());
  types.shapes.resize(all);
  types.dtypes.assign(dtypes.begin(), dtypes.end());
  types.dtypes.resize(all);
  const auto shape_inputs = Pointers(types.shapes, 0, inputs);
  const auto shape_outputs = Pointers(types.shapes, inputs, all);
  ShapeInference shape(node, shape_inputs, shape_outputs);
  MINNOW_RETURN_IF_ERROR(op.shape(shape));
  const auto dtype_inputs = Pointers(types.dtypes, 0, inputs);
  const auto dtype_outputs = Pointers(types.dtypes, inputs, all);
  DTypeInference dtype(node, dtype_inputs, dtype_outputs);
  MINNOW_RETURN_IF_ERROR(op.dtype(dtype));
  return types;
}

// For each visible output, then for each hidden one: the input whose new value
// it is, or -1.
std::vector<int> UpdatedInputs(const OpDef& op, const Attrs& attrs) {
  std::vector<int> updated, mutated;
  const auto defs = op.inputs.For(attrs);
  for (size_t i = 0; i < defs.size(); ++i) {
    if (defs[i].access == Access::kUpdate) updated.push_back(i);
    if (defs[i].access == Access::kMutate) mutated.push_back(i);
  }
  updated.resize(op.outputs.Count(attrs), -1);
  updated.insert(updated.end(), mutated.begin(), mutated.end());
  return updated;
}

std::vector<Shape> ShapesOf(absl::Span<const TestArray> arrays) {
  std::vector<Shape> shapes;
  for (const TestArray& x : arrays) shapes.push_back(x.shape);
  return shapes;
}

// Half a step of the type at 1 is a half of it; the smallest step is `denorm`.
struct Precision {
  double epsilon = 0;
  double denorm = 0;
};

Precision PrecisionOf(DType dtype) {
  switch (dtype) {
    case DType::kFloat32:
      return {0x1p-23, 0x1p-149};
    case DType::kFloat64:
      return {0x1p-52, 0x1p-1074};
    case DType::kFloat16:
      return {0x1p-10, 0x1p-24};
    case DType::kBFloat16:
      return {0x1p-7, 0x1p-133};
    default:
      return {};
  }
}

}  // namespace

void StoreValues(absl::Span<const double> values, DType dtype, void* data) {
  VisitDType(dtype, [&]<typename T>() {
    T* out = static_cast<T*>(data);
    for (size_t i = 0; i < values.size(); ++i) {
      if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
        out[i] = static_cast<T>(Convert<int64_t>(values[i]));
      } else {
        out[i] = Convert<T>(values[i]);
      }
    }
  });
}

std::vector<double> LoadValues(const void* data, DType dtype, int64_t n) {
  std::vector<double> values;
  VisitDType(dtype, [&]<typename T>() {
    const T* x = static_cast<const T*>(data);
    for (int64_t i = 0; i < n; ++i) values.push_back(Convert<double>(x[i]));
  });
  return values;
}

std::vector<DType> ArgDTypes(const OpDef& op, const Kernel& kernel,
                             size_t count) {
  std::vector<DType> dtypes;
  if (op.groups.size > 0) {
    const size_t groups = op.groups.Count(count);
    for (size_t i = 0; i < groups * op.groups.size; ++i) {
      dtypes.push_back(kernel.args[i % op.groups.size].dtype);
    }
    for (size_t i = op.groups.size; i < kernel.args.size(); ++i) {
      dtypes.push_back(kernel.args[i].dtype);
    }
    return dtypes;
  }
  for (const ArgType& arg : kernel.args) {
    const size_t repeat = arg.is_list ? count + 1 - kernel.args.size() : 1;
    dtypes.insert(dtypes.end(), repeat, arg.dtype);
  }
  return dtypes;
}

std::vector<const Kernel*> KernelsOf(const OpDef& op, const OpCase& c) {
  std::vector<const Kernel*> kernels;
  const std::vector<int> updated = UpdatedInputs(op, c.attrs);
  size_t count = c.inputs.size();
  for (size_t i = 0; i < op.outputs.Count(c.attrs); ++i) {
    count += updated[i] < 0;
  }
  std::vector<Shape> shapes;
  for (const TestInput& input : c.inputs) shapes.push_back(input.shape);
  for (const Kernel& kernel : op.kernels) {
    bool fits = kernel.when == nullptr || kernel.when(c.attrs);
    bool has_list = false;
    for (const ArgType& arg : kernel.args) {
      fits &= arg.storage == StorageType::kDense;
      fits &= !c.only_floating || IsFloating(arg.dtype);
      has_list |= arg.is_list;
    }
    if (op.groups.size == 0) {
      fits &= has_list ? kernel.args.size() <= count + 1
                       : kernel.args.size() == count;
    }
    if (!fits) continue;
    const std::vector<DType> dtypes = ArgDTypes(op, kernel, count);
    const auto types =
        Infer(op, c, shapes, absl::MakeSpan(dtypes).first(c.inputs.size()));
    if (!types.ok()) continue;
    // The outputs that are arguments of their own, in order.
    size_t arg = c.inputs.size();
    for (size_t i = 0; i < op.outputs.Count(c.attrs); ++i) {
      if (updated[i] >= 0) continue;
      fits &= types->dtypes[c.inputs.size() + i] == dtypes[arg++];
    }
    if (fits) kernels.push_back(&kernel);
  }
  return kernels;
}

namespace {

TestArray MakeInput(const TestInput& input, DType dtype, const Shape& shape,
                    uint64_t seed) {
  std::mt19937_64 random(seed);
  TestArray array{.shape = shape, .dtype = dtype};
  const auto n = static_cast<size_t>(shape.num_elements());
  for (size_t i = 0; i < n; ++i) {
    double x;
    if (input.values.empty()) {
      const double u = static_cast<double>(random() >> 11) * 0x1p-53;
      x = input.low + u * (input.high - input.low);
    } else {
      x = input.values[i % input.values.size()];
    }
    array.values.push_back(IsFloating(dtype) ? x : std::floor(x));
  }
  // Rounded, as the kernel will see them.
  VisitDType(dtype, [&]<typename T>() {
    for (double& x : array.values) x = Convert<double>(Convert<T>(x));
  });
  return array;
}

}  // namespace

std::vector<TestArray> MakeInputs(absl::Span<const TestInput> inputs,
                                  absl::Span<const DType> dtypes) {
  std::vector<TestArray> arrays;
  for (size_t i = 0; i < inputs.size(); ++i) {
    arrays.push_back(MakeInput(inputs[i], dtypes[i], inputs[i].shape, i));
  }
  return arrays;
}

std::vector<TestArray> MakeInputs(absl::Span<const TestInput> inputs,
                                  absl::Span<const DType> dtypes,
                                  const Shape& shape) {
  std::vector<TestArray> arrays;
  for (size_t i = 0; i < inputs.size(); ++i) {
    arrays.push_back(MakeInput(inputs[i], dtypes[i], shape, i));
  }
  return arrays;
}

absl::StatusOr<std::vector<TestArray>> RunKernel(
    const OpDef& op, const Kernel& kernel, const OpCase& c,
    absl::Span<const TestArray> inputs, const KernelRun& options) {
  std::vector<DType> input_dtypes;
  for (const TestArray& x : inputs) input_dtypes.push_back(x.dtype);
  MINNOW_ASSIGN_OR_RETURN(NodeTypes types,
                          Infer(op, c, ShapesOf(inputs), input_dtypes));
  const std::vector<int> updated = UpdatedInputs(op, c.attrs);

  // Arguments: inputs, then the outputs that no input becomes.
  std::vector<GuardedArray> arrays;
  std::vector<Shape> shapes = ShapesOf(inputs);
  for (const TestArray& x : inputs) {
    arrays.emplace_back(x.shape, x.dtype);
    arrays.back().Store(x.values);
  }
  std::vector<size_t> place;  // Of each output among the arrays.
  for (size_t i = 0; i < updated.size(); ++i) {
    const size_t value = inputs.size() + i;
    if (updated[i] >= 0) {
      place.push_back(static_cast<size_t>(updated[i]));
      continue;
    }
    if (!types.shapes[value].known() || !types.dtypes[value].has_value()) {
      return absl::InternalError(
          absl::StrCat("output ", i, " is not inferred"));
    }
    shapes.push_back(types.shapes[value]);
    place.push_back(arrays.size());
    arrays.emplace_back(types.shapes[value], *types.dtypes[value]);
  }
  std::vector<ArrayRef> refs;
  for (GuardedArray& x : arrays) refs.push_back(x.ref());
  std::vector<bool> written(arrays.size());
  for (size_t i : place) written[i] = true;
  if (options.inplace.has_value()) {
    refs[place[options.inplace->output]].values =
        arrays[options.inplace->input].data();
    written[options.inplace->input] = true;
  }
  std::vector<const ArrayRef*> args;
  for (const ArrayRef& ref : refs) args.push_back(&ref);

  RunContext context;
  context.threads = options.threads;
  context.training = c.training;
  std::vector<int32_t> groups(
      op.groups.size == 0 ? 0 : op.groups.Count(inputs.size()));
  std::iota(groups.begin(), groups.end(), 0);
  context.groups = groups;
  Prepared prepared;
  if (kernel.prepare != nullptr) {
    MINNOW_ASSIGN_OR_RETURN(prepared,
                            kernel.prepare(c.attrs, shapes, kernel.args));
  }
  const Shape workspace_shape{prepared.workspace_bytes};
  GuardedArray workspace(workspace_shape, DType::kUInt8);
  context.kernel = &kernel;
  context.prepared = prepared.state.get();
  context.workspace =
      absl::MakeSpan(static_cast<std::byte*>(workspace.data()),
                     static_cast<size_t>(prepared.workspace_bytes));
  MINNOW_RETURN_IF_ERROR(kernel.run(context, c.attrs.get(), args));

  std::vector<TestArray> results;
  for (size_t i : place) {
    results.push_back(arrays[i].LoadFrom(refs[i].values));
  }
  for (size_t i = 0; i < arrays.size(); ++i) {
    if (!arrays[i].intact()) {
      return absl::InternalError(
          absl::StrCat("written outside of argument ", i));
    }
    if (written[i]) continue;
    GuardedArray before(inputs[i].shape, inputs[i].dtype);
    before.Store(inputs[i].values);
    if (std::memcmp(before.data(), arrays[i].data(),
                    inputs[i].values.size() * DTypeSize(inputs[i].dtype)) !=
        0) {
      return absl::InternalError(absl::StrCat("input ", i, " was written"));
    }
  }
  if (!workspace.intact()) {
    return absl::InternalError("written outside of the workspace");
  }
  return results;
}

std::string Compare(const OpCase& c, absl::Span<const TestArray> expected,
                    absl::Span<const TestArray> found) {
  if (expected.size() != found.size()) {
    return absl::StrCat("the formula has ", expected.size(),
                        " outputs, the operator ", found.size());
  }
  for (size_t k = 0; k < expected.size(); ++k) {
    const TestArray& got = found[k];
    if (expected[k].shape.known_rank() && expected[k].shape != got.shape) {
      return absl::StrCat("output ", k, ": expected shape ",
                          expected[k].shape.ToString(), ", found ",
                          got.shape.ToString());
    }
    if (expected[k].values.size() != got.values.size()) {
      return absl::StrCat("output ", k, ": expected ",
                          expected[k].values.size(), " elements, found ",
                          got.values.size());
    }
    // As the type holds them.
    GuardedArray rounded(got.shape, got.dtype);
    rounded.Store(expected[k].values);
    const std::vector<double> held = rounded.Load().values;
    const Precision precision = PrecisionOf(got.dtype);
    for (size_t i = 0; i < held.size(); ++i) {
      const double want =
          precision.epsilon == 0 ? held[i] : expected[k].values[i];
      const double value = got.values[i];
      const bool same =
          value == held[i] || (std::isnan(value) && std::isnan(want));
      const double allowed =
          c.tolerance * (precision.epsilon * (std::fabs(want) + c.magnitude) +
                         precision.denorm);
      if (same || std::fabs(value - want) <= allowed) continue;
      return absl::StrCat("output ", k, " ", DTypeName(got.dtype), "[", i,
                          "]: expected ", want, ", found ", value,
                          ", difference ", value - want, " of ", allowed);
    }
  }
  return "";
}

}  // namespace minnow
