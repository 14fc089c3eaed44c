// What a training run leaves for people to look at.
//
//   std::vector<EpochResult> history;
//   WriteFileAtomically("out/curves.svg", CurvesSvg(history));
//   RenderDot(GraphDot(graph), "out/graph.svg");
#ifndef MINNOW_TRAIN_REPORT_H_
#define MINNOW_TRAIN_REPORT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace minnow {

struct EpochResult {
  double train_loss = 0;
  double train_accuracy = 0;
  double test_accuracy = 0;
  bool operator==(const EpochResult&) const = default;
};

// The results as text, to go into a checkpoint, and back.
std::string HistoryToText(absl::Span<const EpochResult> history);
absl::StatusOr<std::vector<EpochResult>> HistoryFromText(
    absl::string_view text);

// Two charts, one above the other: loss, and accuracy in training and test.
std::string CurvesSvg(absl::Span<const EpochResult> history);

// A picture (SVG) by Graphviz. UNAVAILABLE if its program `dot` is not there.
absl::Status RenderDot(const std::string& dot, const std::string& svg_path);

}  // namespace minnow

#endif  // MINNOW_TRAIN_REPORT_H_
