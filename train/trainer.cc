#include "minnow/train/trainer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"
#include "minnow/graph/infer.h"

namespace minnow {
namespace {

constexpr absl::string_view kData = "data";
constexpr absl::string_view kLabel = "label";

// Arrays for a batch of `size` examples: as the graph says, or if it says
// nothing as the examples are.
absl::StatusOr<Shape> BatchShape(const Graph& graph, const Dataset& data,
                                 int64_t size) {
  const int32_t id = graph.Find(kData);
  if (id < 0 || !graph.nodes[id].is_variable() || graph.Find(kLabel) < 0) {
    return absl::InvalidArgumentError(
        "a training step: expected variables 'data' and 'label', found none");
  }
  Shape shape = graph.nodes[id].variable().shape;
  if (!shape.known_rank()) {
    shape = Shape{size};
    for (size_t i = 1; i < data.features.shape().rank(); ++i) {
      shape.push_back(data.features.shape()[i]);
    }
  }
  if (shape.rank() > 0 && shape[0] == Shape::kUnknown) shape.set(0, size);
  const bool fits = shape.known() && shape.rank() > 0 && shape[0] == size &&
                    shape.CheckedBytes(DType::kFloat32).ok() &&
                    shape.num_elements() == size * data.example_size();
  if (!fits) {
    return absl::InvalidArgumentError(absl::StrCat(
        "variable 'data': expected ", size, " examples of ",
        data.example_size(), " features, found shape ", shape.ToString()));
  }
  return shape;
}

// Output 0 must be probabilities for each example and class.
absl::Status CheckOutput(const Executor& executor, int64_t batch,
                         int64_t classes) {
  const bool fits = executor.num_outputs() > 0 &&
                    executor.Output(0).dtype() == DType::kFloat32 &&
                    executor.Output(0).shape().rank() == 2 &&
                    executor.Output(0).shape()[0] == batch &&
                    executor.Output(0).shape()[1] >= classes;
  if (fits) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "a training step: expected output 0 to be probabilities (", batch, ",",
      classes, ") float32, found ",
      executor.num_outputs() > 0 ? executor.Output(0).Describe() : "none"));
}

NamedAttr AttrOf(const SlotValue& slot) {
  if (slot.values.size() == 1) return {slot.attribute, slot.values[0]};
  AttrList list;
  for (double value : slot.values) list.push_back(value);
  return {slot.attribute, std::move(list)};
}

absl::StatusOr<SlotValue> SlotOf(const SavedSlot& saved) {
  absl::StatusOr<std::vector<double>> values =
      AttrFromValue<std::vector<double>>(saved.attr.value);
  if (!values.ok()) {
    return Annotate(values.status(),
                    absl::StrCat("slot ", saved.node, ".", saved.attr.name));
  }
  return SlotValue{saved.node, saved.attr.name, *std::move(values)};
}

}  // namespace

Trainer::Trainer(const Graph& graph, const TrainerOptions& options,
                 Executor executor, Batches batches, NDArray features,
                 NDArray labels)
    : graph_(graph),
      options_(options),
      executor_(std::move(executor)),
      batches_(std::move(batches)),
      features_(std::move(features)),
      labels_(std::move(labels)) {}

absl::StatusOr<Trainer> Trainer::Create(const Graph& step, const Dataset* data,
                                        const TrainerOptions& options) {
  Checkpoint start;
  start.graph = step;
  start.seed = options.seed;
  return Restore(start, data, options);
}

absl::StatusOr<Trainer> Trainer::Restore(const Checkpoint& checkpoint,
                                         const Dataset* data,
                                         TrainerOptions options) {
  options.seed = checkpoint.seed;
  MINNOW_ASSIGN_OR_RETURN(
      Batches batches, Batches::Create(data, {.batch_size = options.batch_size,
                                              .seed = options.seed}));
  MINNOW_RETURN_IF_ERROR(batches.Seek({checkpoint.epoch, checkpoint.position}));
  MINNOW_ASSIGN_OR_RETURN(const Shape shape, BatchShape(checkpoint.graph, *data,
                                                        options.batch_size));
  MINNOW_ASSIGN_OR_RETURN(NDArray features,
                          NDArray::Zeros(shape, DType::kFloat32));
  MINNOW_ASSIGN_OR_RETURN(
      NDArray labels,
      NDArray::Zeros(Shape{options.batch_size}, DType::kFloat32));
  BindOptions bind = {.training = true,
                      .seed = options.seed,
                      .threads = options.threads,
                      .profile = options.profile};
  for (const SavedArray& saved : checkpoint.arrays) {
    bind.variables[saved.name] = saved.array;
  }
  bind.variables[kData] = features;
  bind.variables[kLabel] = labels;
  MINNOW_ASSIGN_OR_RETURN(Executor executor,
                          Executor::Bind(checkpoint.graph, std::move(bind)));
  MINNOW_RETURN_IF_ERROR(
      CheckOutput(executor, options.batch_size, data->num_classes));
  for (const SavedSlot& saved : checkpoint.slots) {
    MINNOW_ASSIGN_OR_RETURN(const SlotValue slot, SlotOf(saved));
    MINNOW_RETURN_IF_ERROR(executor.RestoreSlots({slot}));
  }
  executor.set_num_runs(checkpoint.run);
  Trainer trainer(checkpoint.graph, options, std::move(executor),
                  std::move(batches), std::move(features), std::move(labels));
  trainer.step_ = checkpoint.step;
  return trainer;
}

int64_t Trainer::epoch() const {
  return batches_.position().epoch + (batches_.next_size() == 0);
}

absl::Status Trainer::Step() {
  if (batches_.next_size() == 0) {
    batches_.StartEpoch(batches_.position().epoch + 1);
  }
  if (batches_.position().example == 0) metrics_ = ClassificationMetrics();
  MINNOW_RETURN_IF_ERROR(batches_.Next(features_, labels_));
  const double rate = options_.learning_rate.At(step_);
  if (rate != rate_) {
    MINNOW_RETURN_IF_ERROR(executor_.SetAll("lr", rate));
    rate_ = rate;
  }
  MINNOW_RETURN_IF_ERROR(executor_.Run());
  metrics_.Add(executor_.Output(0), labels_);
  ++step_;
  return absl::OkStatus();
}

absl::StatusOr<ClassificationMetrics> Trainer::Evaluate(
    const Dataset& data) const {
  constexpr int64_t kBatch = 1000;
  MINNOW_ASSIGN_OR_RETURN(
      Batches batches,
      Batches::Create(&data, {.batch_size = std::min(kBatch, data.size()),
                              .shuffle = false,
                              .drop_remainder = false}));
  // The forward pass alone, on the same weights.
  BindOptions bind = {.outputs = {{0}},
                      .updates = {std::vector<std::string>()},
                      .seed = options_.seed,
                      .threads = options_.threads};
  for (const std::string& name : executor_.VariableNames()) {
    MINNOW_ASSIGN_OR_RETURN(bind.variables[name], executor_.Variable(name));
  }
  ClassificationMetrics metrics;
  std::optional<Executor> forward;
  NDArray features, labels;
  while (batches.next_size() > 0) {
    const int64_t size = batches.next_size();
    if (!forward.has_value() || labels.num_elements() != size) {
      // A smaller batch at the end.
      MINNOW_ASSIGN_OR_RETURN(const Shape shape,
                              BatchShape(graph_, data, size));
      MINNOW_ASSIGN_OR_RETURN(features, NDArray::Zeros(shape, DType::kFloat32));
      MINNOW_ASSIGN_OR_RETURN(labels,
                              NDArray::Zeros(Shape{size}, DType::kFloat32));
      bind.variables[kData] = features;
      bind.variables[kLabel] = labels;
      MINNOW_ASSIGN_OR_RETURN(forward, Executor::Bind(graph_, bind));
      MINNOW_RETURN_IF_ERROR(CheckOutput(*forward, size, data.num_classes));
    }
    MINNOW_RETURN_IF_ERROR(batches.Next(features, labels));
    MINNOW_RETURN_IF_ERROR(forward->Run());
    metrics.Add(forward->Output(0), labels);
  }
  return metrics;
}

Checkpoint Trainer::Save() const {
  Checkpoint checkpoint;
  checkpoint.graph = graph_;
  const auto states = graph_.FindStates();
  for (size_t id = 0; id < graph_.nodes.size(); ++id) {
    const Node& node = graph_.nodes[id];
    if (!node.is_variable() || node.name == kData || node.name == kLabel) {
      continue;
    }
    absl::StatusOr<NDArray> array = executor_.Variable(node.name);
    if (!array.ok()) continue;  // Nothing that runs needs it.
    checkpoint.arrays.push_back({node.name, *std::move(array),
                                 states[id] ? Role::kState : Role::kArgument});
  }
  for (const SlotValue& slot : executor_.SlotValues()) {
    checkpoint.slots.push_back({slot.node, AttrOf(slot)});
  }
  checkpoint.step = step_;
  checkpoint.epoch = batches_.position().epoch;
  checkpoint.position = batches_.position().example;
  checkpoint.seed = options_.seed;
  checkpoint.run = executor_.num_runs();
  return checkpoint;
}

}  // namespace minnow
