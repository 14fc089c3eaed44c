#include "minnow/proto/checkpoint.h"

#include <algorithm>
#include <bit>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "minnow/core/status.h"
#include "minnow/proto/attr_codec.h"
#include "minnow/proto/checkpoint.pb.h"
#include "minnow/proto/checks.h"
#include "minnow/proto/record_file.h"

namespace minnow {
namespace {

static_assert(std::endian::native == std::endian::little,
              "arrays are written as they lie in memory");

// As in PNG: the first byte is no text, and a transfer that changes line ends
// changes the last ones.
constexpr absl::string_view kMagic = "\x89minnow\n";
constexpr absl::string_view kHead = "HEAD", kGraph = "GRPH", kArray = "ARRY",
                            kData = "DATA", kTail = "TAIL";

constexpr int64_t kChunkBytes = int64_t{16} << 20;
constexpr int64_t kMaxHeadBytes = int64_t{64} << 20;
constexpr int64_t kMaxArrayDefBytes = int64_t{1} << 20;

absl::Status CheckName(absl::string_view name,
                       absl::flat_hash_set<std::string>& names) {
  MINNOW_RETURN_IF_ERROR(CheckUtf8("name of an array", name));
  if (names.insert(std::string(name)).second) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("two arrays are named '", name, "'"));
}

absl::StatusOr<std::string> EncodeHead(const Checkpoint& checkpoint) {
  CheckpointDef def;
  def.set_version(kCheckpointVersion);
  def.set_num_arrays(static_cast<int64_t>(checkpoint.arrays.size()));
  def.set_step(checkpoint.step);
  def.set_epoch(checkpoint.epoch);
  def.set_position(checkpoint.position);
  def.set_seed(checkpoint.seed);
  def.set_run(checkpoint.run);
  for (const SavedSlot& slot : checkpoint.slots) {
    MINNOW_RETURN_IF_ERROR(CheckUtf8("node of a slot", slot.node));
    SlotDef& slot_def = *def.add_slots();
    slot_def.set_node(slot.node);
    MINNOW_RETURN_IF_ERROR(
        Annotate(EncodeAttr(slot.attr, *slot_def.mutable_attr()),
                 absl::StrCat("slot of node '", slot.node, "'")));
  }
  for (const auto& [key, value] : checkpoint.metadata) {
    MINNOW_RETURN_IF_ERROR(CheckUtf8("key of metadata", key));
    MINNOW_RETURN_IF_ERROR(
        CheckUtf8(absl::StrCat("metadata '", key, "'"), value));
    AnnotationDef& entry = *def.add_metadata();
    entry.set_key(key);
    entry.set_value(value);
  }
  if (static_cast<int64_t>(def.ByteSizeLong()) > kMaxHeadBytes) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "expected at most ", kMaxHeadBytes, " bytes of slots and metadata"));
  }
  return def.SerializeAsString();
}

absl::StatusOr<Checkpoint> DecodeHead(const std::string& bytes,
                                      int64_t& num_arrays) {
  CheckpointDef def;
  if (!def.ParseFromString(bytes)) {
    return absl::DataLossError("the head is no CheckpointDef");
  }
  if (def.version() < 1 || def.version() > kCheckpointVersion) {
    return absl::InvalidArgumentError(absl::StrCat(
        "version of the checkpoint: expected at most ", kCheckpointVersion,
        ", found ", def.version(), ": a newer program wrote it"));
  }
  MINNOW_RETURN_IF_ERROR(CheckKnownFields(def));
  num_arrays = def.num_arrays();
  Checkpoint checkpoint;
  checkpoint.step = def.step();
  checkpoint.epoch = def.epoch();
  checkpoint.position = def.position();
  checkpoint.seed = def.seed();
  checkpoint.run = def.run();
  for (const SlotDef& slot : def.slots()) {
    MINNOW_RETURN_IF_ERROR(CheckKnownFields(slot));
    MINNOW_RETURN_IF_ERROR(CheckUtf8("node of a slot", slot.node()));
    absl::StatusOr<NamedAttr> attr = DecodeAttr(slot.attr());
    if (!attr.ok()) {
      return Annotate(attr.status(),
                      absl::StrCat("slot of node '", slot.node(), "'"));
    }
    checkpoint.slots.push_back({slot.node(), *std::move(attr)});
  }
  for (const AnnotationDef& entry : def.metadata()) {
    MINNOW_RETURN_IF_ERROR(CheckKnownFields(entry));
    MINNOW_RETURN_IF_ERROR(CheckUtf8("key of metadata", entry.key()));
    MINNOW_RETURN_IF_ERROR(
        CheckUtf8(absl::StrCat("metadata '", entry.key(), "'"), entry.value()));
    checkpoint.metadata.emplace_back(entry.key(), entry.value());
  }
  return checkpoint;
}

absl::Status WriteChunks(RecordWriter& out, const void* data, int64_t bytes) {
  const char* from = static_cast<const char*>(data);
  for (int64_t done = 0; done < bytes; done += kChunkBytes) {
    const int64_t size = std::min(kChunkBytes, bytes - done);
    MINNOW_RETURN_IF_ERROR(out.Write(
        kData, absl::string_view(from + done, static_cast<size_t>(size))));
  }
  return absl::OkStatus();
}

absl::Status WriteNumbers(RecordWriter& out,
                          absl::Span<const int64_t> numbers) {
  return WriteChunks(out, numbers.data(),
                     static_cast<int64_t>(numbers.size() * sizeof(int64_t)));
}

absl::Status WriteArray(RecordWriter& out, const SavedArray& saved) {
  const NDArray& array = saved.array;
  ArrayDef def;
  def.set_name(saved.name);
  const absl::string_view dtype = DTypeName(array.dtype());
  const absl::string_view storage = StorageTypeName(array.storage());
  def.set_dtype(dtype.data(), dtype.size());
  def.set_storage(storage.data(), storage.size());
  for (int64_t dim : array.shape().dims()) def.add_shape(dim);
  def.set_state(saved.role == Role::kState);
  def.set_num_indices(static_cast<int64_t>(array.indices().size()));
  MINNOW_RETURN_IF_ERROR(out.Write(kArray, def.SerializeAsString()));
  MINNOW_RETURN_IF_ERROR(WriteNumbers(out, array.indptr()));
  MINNOW_RETURN_IF_ERROR(WriteNumbers(out, array.indices()));
  return WriteChunks(out, array.raw(), array.num_bytes());
}

// Fills `to` from chunks of any size.
absl::Status ReadChunks(RecordReader& in, absl::Span<std::byte> to) {
  while (!to.empty()) {
    MINNOW_ASSIGN_OR_RETURN(const int64_t size, in.ReadInto(kData, to));
    to.remove_prefix(static_cast<size_t>(size));
  }
  return absl::OkStatus();
}

// An error if the file has not got this many elements more: nothing is
// allocated on the word of a file alone.
absl::Status CheckLeft(const RecordReader& in, absl::string_view what,
                       int64_t count, size_t size) {
  if (count >= 0 && count <= in.bytes_left() / static_cast<int64_t>(size)) {
    return absl::OkStatus();
  }
  return absl::DataLossError(
      absl::StrCat(what, ": expected ", count, " elements of ", size,
                   " bytes after byte ", in.offset(), ", found ",
                   in.bytes_left(), " bytes: the file was cut off or damaged"));
}

absl::StatusOr<std::vector<int64_t>> ReadNumbers(RecordReader& in,
                                                 absl::string_view what,
                                                 int64_t count) {
  MINNOW_RETURN_IF_ERROR(CheckLeft(in, what, count, sizeof(int64_t)));
  std::vector<int64_t> numbers(static_cast<size_t>(count));
  MINNOW_RETURN_IF_ERROR(ReadChunks(
      in, absl::MakeSpan(reinterpret_cast<std::byte*>(numbers.data()),
                         numbers.size() * sizeof(int64_t))));
  return numbers;
}

absl::StatusOr<NDArray> ReadValues(RecordReader& in, const Shape& shape,
                                   DType dtype) {
  MINNOW_ASSIGN_OR_RETURN(const int64_t bytes, shape.CheckedBytes(dtype));
  MINNOW_RETURN_IF_ERROR(
      CheckLeft(in, "values", shape.num_elements(), DTypeSize(dtype)));
  MINNOW_ASSIGN_OR_RETURN(NDArray values, NDArray::Zeros(shape, dtype));
  const absl::Span<std::byte> raw =
      absl::MakeSpan(values.raw(), static_cast<size_t>(bytes));
  MINNOW_RETURN_IF_ERROR(ReadChunks(in, raw));
  if (dtype == DType::kBool &&
      std::any_of(raw.begin(), raw.end(),
                  [](std::byte b) { return b > std::byte{1}; })) {
    return absl::DataLossError("values: expected bools of 0 or 1");
  }
  return values;
}

absl::StatusOr<NDArray> ReadArrayOf(RecordReader& in, const ArrayDef& def) {
  MINNOW_RETURN_IF_ERROR(CheckKnownFields(def));
  MINNOW_ASSIGN_OR_RETURN(const DType dtype, ParseDType(def.dtype()));
  MINNOW_ASSIGN_OR_RETURN(const StorageType storage,
                          ParseStorageType(def.storage()));
  const Shape shape(
      absl::MakeConstSpan(def.shape().data(), def.shape().size()));
  if (storage == StorageType::kDense) return ReadValues(in, shape, dtype);
  // Neither a matrix without rows nor a scalar gets past this.
  if (shape.rank() < 1 || (storage == StorageType::kCsr && shape.rank() != 2)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "no array of type ", def.storage(), " has shape ", shape.ToString()));
  }
  std::vector<int64_t> indptr;
  Shape values_shape{def.num_indices()};
  if (storage == StorageType::kCsr) {
    MINNOW_RETURN_IF_ERROR(CheckLeft(in, "indptr", shape[0], sizeof(int64_t)));
    MINNOW_ASSIGN_OR_RETURN(indptr, ReadNumbers(in, "indptr", shape[0] + 1));
  } else {
    for (int64_t dim : shape.dims().subspan(1)) values_shape.push_back(dim);
  }
  MINNOW_ASSIGN_OR_RETURN(std::vector<int64_t> indices,
                          ReadNumbers(in, "indices", def.num_indices()));
  MINNOW_ASSIGN_OR_RETURN(const NDArray values,
                          ReadValues(in, values_shape, dtype));
  return storage == StorageType::kCsr
             ? NDArray::Csr(shape, values, std::move(indptr),
                            std::move(indices))
             : NDArray::RowSparse(shape, values, std::move(indices));
}

absl::StatusOr<SavedArray> ReadArray(RecordReader& in,
                                     absl::flat_hash_set<std::string>& names) {
  MINNOW_ASSIGN_OR_RETURN(const std::string bytes,
                          in.Read(kArray, kMaxArrayDefBytes));
  ArrayDef def;
  if (!def.ParseFromString(bytes)) {
    return absl::DataLossError("the head of an array is no ArrayDef");
  }
  MINNOW_RETURN_IF_ERROR(CheckName(def.name(), names));
  absl::StatusOr<NDArray> array = ReadArrayOf(in, def);
  if (!array.ok()) {
    return Annotate(array.status(), absl::StrCat("array '", def.name(), "'"));
  }
  return SavedArray{def.name(), *std::move(array),
                    def.state() ? Role::kState : Role::kArgument};
}

absl::StatusOr<Checkpoint> ReadRecords(
    const std::string& path, std::shared_ptr<const OpRegistry> registry,
    const ParseGraphOptions& options) {
  MINNOW_ASSIGN_OR_RETURN(RecordReader in, RecordReader::Open(path, kMagic));
  MINNOW_ASSIGN_OR_RETURN(const std::string head,
                          in.Read(kHead, kMaxHeadBytes));
  int64_t num_arrays = 0;
  MINNOW_ASSIGN_OR_RETURN(Checkpoint checkpoint, DecodeHead(head, num_arrays));
  {
    MINNOW_ASSIGN_OR_RETURN(const std::string bytes,
                            in.Read(kGraph, options.max_bytes));
    MINNOW_ASSIGN_OR_RETURN(checkpoint.graph,
                            ParseGraph(bytes, std::move(registry), options));
  }
  absl::flat_hash_set<std::string> names;
  for (int64_t i = 0; i < num_arrays; ++i) {
    MINNOW_ASSIGN_OR_RETURN(SavedArray array, ReadArray(in, names));
    checkpoint.arrays.push_back(std::move(array));
  }
  MINNOW_RETURN_IF_ERROR(in.Read(kTail, 0).status());
  MINNOW_RETURN_IF_ERROR(in.ExpectEnd());
  return checkpoint;
}

absl::Status WriteRecords(const std::string& path,
                          const Checkpoint& checkpoint) {
  // All that can be wrong with the checkpoint is found before the file is made.
  absl::flat_hash_set<std::string> names;
  for (const SavedArray& saved : checkpoint.arrays) {
    MINNOW_RETURN_IF_ERROR(CheckName(saved.name, names));
    if (!saved.array) {
      return absl::InvalidArgumentError(
          absl::StrCat("array '", saved.name, "': found none"));
    }
  }
  MINNOW_ASSIGN_OR_RETURN(const std::string head, EncodeHead(checkpoint));
  MINNOW_ASSIGN_OR_RETURN(const std::string graph,
                          SerializeGraph(checkpoint.graph));
  MINNOW_ASSIGN_OR_RETURN(RecordWriter out, RecordWriter::Create(path, kMagic));
  MINNOW_RETURN_IF_ERROR(out.Write(kHead, head));
  MINNOW_RETURN_IF_ERROR(out.Write(kGraph, graph));
  for (const SavedArray& saved : checkpoint.arrays) {
    MINNOW_RETURN_IF_ERROR(WriteArray(out, saved));
  }
  MINNOW_RETURN_IF_ERROR(out.Write(kTail, ""));
  return out.Commit();
}

}  // namespace

absl::Status WriteCheckpoint(const std::string& path,
                             const Checkpoint& checkpoint) {
  return Annotate(WriteRecords(path, checkpoint),
                  absl::StrCat("checkpoint '", path, "'"));
}

absl::StatusOr<Checkpoint> ReadCheckpoint(
    const std::string& path, std::shared_ptr<const OpRegistry> registry,
    const ParseGraphOptions& options) {
  absl::StatusOr<Checkpoint> checkpoint =
      ReadRecords(path, std::move(registry), options);
  if (checkpoint.ok()) return checkpoint;
  return Annotate(checkpoint.status(), absl::StrCat("checkpoint '", path, "'"));
}

}  // namespace minnow
