#include "minnow/proto/graph_codec.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/arena.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/text_format.h"
#include "minnow/core/status.h"
#include "minnow/proto/graph_def.h"

namespace minnow {
namespace {

using google::protobuf::Arena;
using google::protobuf::TextFormat;
using google::protobuf::io::ArrayInputStream;
using google::protobuf::io::CodedInputStream;

constexpr int64_t kProtobufLimit = std::numeric_limits<int32_t>::max();

// Passes over one field; false if it is not whole, or of a wire type that no
// field of a GraphDef has. Sets `length` to the bytes of its content.
bool SkipField(CodedInputStream& input, int64_t& length) {
  constexpr uint32_t kVarint = 0, kLengthDelimited = 2;
  const uint32_t tag = input.ReadTag();
  length = 0;
  if (tag == 0) return false;
  if ((tag & 7) == kVarint) {
    uint64_t value;
    return input.ReadVarint64(&value);
  }
  int size;
  if ((tag & 7) != kLengthDelimited || !input.ReadVarintSizeAsInt(&size)) {
    return false;
  }
  length = size;
  return input.Skip(size);
}

// Keeps the first error. Without a collector protobuf prints to stderr.
class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, int column, const std::string& message) override {
    if (!message_.empty()) return;
    message_ = absl::StrCat(": line ", line + 1, ", column ", column + 1, ": ",
                            message);
  }
  absl::Status status() const {
    return absl::InvalidArgumentError(
        absl::StrCat("expected the text of a graph", message_));
  }

 private:
  std::string message_;
};

// Prints `bytes` with its UTF-8 as it is, since all of ours is text.
class Utf8Printer : public TextFormat::FastFieldValuePrinter {
 public:
  void PrintBytes(const std::string& text,
                  TextFormat::BaseTextGenerator* generator) const override {
    generator->PrintLiteral("\"");
    generator->PrintString(absl::Utf8SafeCEscape(text));
    generator->PrintLiteral("\"");
  }
};

absl::Status CheckSize(absl::string_view bytes,
                       const ParseGraphOptions& options) {
  const int64_t limit = std::min(options.max_bytes, kProtobufLimit);
  const int64_t size = static_cast<int64_t>(bytes.size());
  if (size <= limit) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      "expected a graph of at most ", limit, " bytes, found ", size));
}

}  // namespace

absl::StatusOr<std::string> SerializeGraph(const Graph& graph) {
  std::string bytes;
  MINNOW_RETURN_IF_ERROR(EncodeGraph(graph, [&](const GraphDef& piece) {
    if (static_cast<int64_t>(bytes.size() + piece.ByteSizeLong()) >
        kProtobufLimit) {
      return absl::ResourceExhaustedError(
          "the graph takes more than the 2 GiB of a protobuf file");
    }
    piece.AppendToString(&bytes);
    return absl::OkStatus();
  }));
  return bytes;
}

absl::StatusOr<Graph> ParseGraph(absl::string_view bytes,
                                 std::shared_ptr<const OpRegistry> registry,
                                 const ParseGraphOptions& options) {
  MINNOW_RETURN_IF_ERROR(CheckSize(bytes, options));
  const int size = static_cast<int>(bytes.size());
  CodedInputStream input(reinterpret_cast<const uint8_t*>(bytes.data()), size);
  GraphDefReader reader(std::move(registry));
  GraphDef piece;  // Used again and again: it keeps its memory.
  for (int begin = 0; begin < size; begin = input.CurrentPosition()) {
    int64_t length;
    const bool whole = SkipField(input, length);
    if (length > options.max_node_bytes) {
      return absl::ResourceExhaustedError(
          absl::StrCat("byte ", begin, ": expected a node of at most ",
                       options.max_node_bytes, " bytes, found ", length));
    }
    if (!whole || !piece.ParseFromArray(bytes.data() + begin,
                                        input.CurrentPosition() - begin)) {
      return absl::DataLossError(absl::StrCat(
          "byte ", begin, ", after ", reader.num_nodes(),
          " nodes: the file was cut off or damaged, or is no minnow graph"));
    }
    MINNOW_RETURN_IF_ERROR(reader.Add(piece));
  }
  return reader.Finish();
}

absl::StatusOr<std::string> GraphToText(const Graph& graph) {
  TextFormat::Printer printer;
  printer.SetDefaultFieldValuePrinter(new Utf8Printer);  // Takes it over.
  std::string text, text_of_piece;
  MINNOW_RETURN_IF_ERROR(EncodeGraph(graph, [&](const GraphDef& piece) {
    printer.PrintToString(piece, &text_of_piece);
    text += text_of_piece;
    return absl::OkStatus();
  }));
  return text;
}

absl::StatusOr<Graph> GraphFromText(absl::string_view text,
                                    std::shared_ptr<const OpRegistry> registry,
                                    const ParseGraphOptions& options) {
  MINNOW_RETURN_IF_ERROR(CheckSize(text, options));
  ArrayInputStream input(text.data(), static_cast<int>(text.size()));
  Arena arena;
  GraphDef& def = *Arena::CreateMessage<GraphDef>(&arena);
  FirstError error;
  TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  if (!parser.Parse(&input, &def)) return error.status();
  GraphDefReader reader(std::move(registry));
  MINNOW_RETURN_IF_ERROR(reader.Add(def));
  return reader.Finish();
}

}  // namespace minnow
