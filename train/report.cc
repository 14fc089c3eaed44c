#include "minnow/train/report.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "minnow/core/attr_value.h"
#include "minnow/core/file.h"
#include "minnow/core/status.h"

namespace minnow {
namespace {

struct Curve {
  std::string name, color;
  std::vector<double> values;
};

// A step between ticks that gives about five of them: 1, 2 or 5 times a power
// of ten.
double TickStep(double range) {
  const double power = std::pow(10, std::floor(std::log10(range / 5)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (range / (factor * power) <= 6) return factor * power;
  }
  return 10 * power;
}

// Whether an axis can have a value on it; those of a run that diverged stand at
// the upper edge.
bool CanShow(double value) { return std::abs(value) < 1e9; }

// One chart, drawn into the rectangle whose upper left corner is (x, y).
class Chart {
 public:
  Chart(double x, double y, double width, double height)
      : x_(x), y_(y), width_(width), height_(height) {}

  std::string Draw(absl::string_view title, absl::string_view number_format,
                   absl::Span<const Curve> curves) {
    SetRange(curves);
    std::string svg = Text(x_, y_ - 12, "start", 14, title);
    DrawGrid(number_format, svg);
    double legend = x_ + width_;
    for (size_t i = curves.size(); i-- > 0;) {
      const Curve& curve = curves[i];
      std::string points;
      for (size_t k = 0; k < curve.values.size(); ++k) {
        absl::StrAppendFormat(&points, "%.1f,%.1f ", PixelX(k),
                              PixelY(curve.values[k]));
        absl::StrAppendFormat(
            &svg, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n",
            PixelX(k), PixelY(curve.values[k]), curve.color);
      }
      absl::StrAppendFormat(&svg,
                            "<polyline points=\"%s\" fill=\"none\" "
                            "stroke=\"%s\" stroke-width=\"2\"/>\n",
                            points, curve.color);
      svg += Text(legend, y_ - 12, "end", 12, curve.name, curve.color);
      legend -= 8.0 * static_cast<double>(curve.name.size()) + 12;
    }
    return svg;
  }

 private:
  void SetRange(absl::Span<const Curve> curves) {
    low_ = INFINITY;
    high_ = -INFINITY;
    for (const Curve& curve : curves) {
      epochs_ = std::max(epochs_, curve.values.size());
      for (double value : curve.values) {
        if (!CanShow(value)) continue;
        low_ = std::min(low_, value);
        high_ = std::max(high_, value);
      }
    }
    if (!(low_ < high_)) {
      low_ = std::isfinite(low_) ? low_ - 0.5 : 0;
      high_ = low_ + 1;
    }
    tick_ = TickStep(high_ - low_);
    low_ = std::floor(low_ / tick_) * tick_;
    high_ = std::ceil(high_ / tick_) * tick_;
  }

  void DrawGrid(absl::string_view number_format, std::string& svg) const {
    const auto format = absl::ParsedFormat<'f'>::New(number_format);
    const int ticks = static_cast<int>(std::lround((high_ - low_) / tick_));
    for (int i = 0; i <= ticks; ++i) {
      const double value = low_ + i * tick_;
      absl::StrAppendFormat(&svg,
                            "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" "
                            "y2=\"%.1f\" stroke=\"#dddddd\"/>\n",
                            x_, x_ + width_, PixelY(value), PixelY(value));
      svg += Text(x_ - 8, PixelY(value) + 4, "end", 11,
                  absl::StrFormat(*format, value));
    }
    const size_t every = epochs_ / 11 + 1;
    for (size_t k = 0; k < epochs_; k += every) {
      svg +=
          Text(PixelX(k), y_ + height_ + 18, "middle", 11, absl::StrCat(k + 1));
    }
    svg += Text(x_ + width_ / 2, y_ + height_ + 36, "middle", 12, "epoch");
  }

  double PixelX(size_t epoch) const {
    const double last = std::max<double>(1, static_cast<double>(epochs_) - 1);
    return x_ + width_ * static_cast<double>(epoch) / last;
  }
  double PixelY(double value) const {
    const double shown = CanShow(value) ? value : high_;
    return y_ + height_ * (high_ - shown) / (high_ - low_);
  }

  static std::string Text(double x, double y, absl::string_view anchor,
                          int size, absl::string_view text,
                          absl::string_view color = "#333333") {
    return absl::StrFormat(
        "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" font-size=\"%d\" "
        "fill=\"%s\">%s</text>\n",
        x, y, anchor, size, color, text);
  }

  double x_, y_, width_, height_;
  size_t epochs_ = 0;
  double low_ = 0, high_ = 1, tick_ = 1;
};

}  // namespace

std::string HistoryToText(absl::Span<const EpochResult> history) {
  std::string text;
  for (const EpochResult& epoch : history) {
    absl::StrAppend(&text, AttrText(AttrScalar(epoch.train_loss)), " ",
                    AttrText(AttrScalar(epoch.train_accuracy)), " ",
                    AttrText(AttrScalar(epoch.test_accuracy)), "\n");
  }
  return text;
}

absl::StatusOr<std::vector<EpochResult>> HistoryFromText(
    absl::string_view text) {
  std::vector<EpochResult> history;
  for (absl::string_view line :
       absl::StrSplit(text, '\n', absl::SkipWhitespace())) {
    const std::vector<absl::string_view> numbers = absl::StrSplit(line, ' ');
    if (numbers.size() != 3) return ExpectedFound("three numbers", line);
    EpochResult epoch;
    MINNOW_ASSIGN_OR_RETURN(epoch.train_loss, ParseDouble(numbers[0]));
    MINNOW_ASSIGN_OR_RETURN(epoch.train_accuracy, ParseDouble(numbers[1]));
    MINNOW_ASSIGN_OR_RETURN(epoch.test_accuracy, ParseDouble(numbers[2]));
    history.push_back(epoch);
  }
  return history;
}

std::string CurvesSvg(absl::Span<const EpochResult> history) {
  Curve loss = {"training", "#1f6fb4", {}};
  Curve train = {"training", "#1f6fb4", {}}, test = {"test", "#c0504d", {}};
  for (const EpochResult& epoch : history) {
    loss.values.push_back(epoch.train_loss);
    train.values.push_back(100 * epoch.train_accuracy);
    test.values.push_back(100 * epoch.test_accuracy);
  }
  std::string svg =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"640\" height=\"620\" "
      "viewBox=\"0 0 640 620\" font-family=\"Helvetica, Arial, sans-serif\">\n"
      "<rect width=\"640\" height=\"620\" fill=\"white\"/>\n";
  svg += Chart(70, 50, 540, 210).Draw("Loss", "%.2f", {loss});
  svg += Chart(70, 350, 540, 210).Draw("Accuracy, %", "%.1f", {train, test});
  return svg + "</svg>\n";
}

absl::Status RenderDot(const std::string& dot, const std::string& svg_path) {
  const std::string source = svg_path + ".dot";
  MINNOW_RETURN_IF_ERROR(WriteFileAtomically(source, dot));
  const std::string picture = svg_path + ".part";
  const std::string output = "-o" + picture;
  std::vector<std::string> words = {"dot", "-Tsvg", output, source};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null",
                                   O_WRONLY, 0);
  pid_t child = 0;
  const int error =
      posix_spawnp(&child, "dot", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  int result = 0;
  const bool ran = error == 0 && waitpid(child, &result, 0) == child &&
                   WIFEXITED(result) && WEXITSTATUS(result) == 0 &&
                   std::rename(picture.c_str(), svg_path.c_str()) == 0;
  unlink(source.c_str());
  unlink(picture.c_str());
  if (ran) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(
      svg_path, ": expected a picture by Graphviz, found ",
      error != 0 ? absl::StrCat("no program dot (", std::strerror(error), ")")
                 : "that its program dot failed"));
}

}  // namespace minnow
