// Reads the includes of all folders and fails on an arrow that the layering of
// docs/design.md does not have.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace minnow {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// For each folder, the folders that it may include, beside itself.
const std::map<std::string, std::set<std::string>>& AllowedArrows() {
  static const auto* const allowed = [] {
    const std::set<std::string> graph = {"core"};
    const std::set<std::string> middle = {"core", "graph"};
    const std::set<std::string> joining = {"core", "graph", "ops", "executor",
                                           "proto"};
    std::set<std::string> top = joining;
    top.insert({"train", "interop"});
    return new std::map<std::string, std::set<std::string>>{
        {"core", {}},         {"graph", graph},  {"ops", middle},
        {"executor", middle}, {"proto", middle}, {"train", joining},
        {"interop", joining}, {"tools", top},    {"examples", top},
        {"bench", top},       {"tests", top},
    };
  }();
  return *allowed;
}

// The path between quotes of `#include "..."` or `import "..."` (of a .proto);
// empty for other lines.
absl::string_view IncludedPath(absl::string_view line) {
  line = absl::StripLeadingAsciiWhitespace(line);
  if (absl::ConsumePrefix(&line, "#")) {
    line = absl::StripLeadingAsciiWhitespace(line);
    if (!absl::ConsumePrefix(&line, "include")) return "";
  } else if (absl::ConsumePrefix(&line, "import ")) {
    line = absl::StripLeadingAsciiWhitespace(line);
    absl::ConsumePrefix(&line, "public ");
  } else {
    return "";
  }
  line = absl::StripLeadingAsciiWhitespace(line);
  if (!absl::ConsumePrefix(&line, "\"") && !absl::ConsumePrefix(&line, "<")) {
    return "";
  }
  return line.substr(0, line.find_first_of("\">"));
}

// What is wrong with including `included` from a file of `folder`; empty if
// nothing is.
std::string ArrowError(const std::string& folder, absl::string_view included) {
  const std::string first(included.substr(0, included.find('/')));
  const auto& allowed = AllowedArrows();
  if (first != "minnow") {
    // Around the check: core/dtype.h or ../core/dtype.h.
    const bool ours = first == "." || first == ".." || allowed.contains(first);
    return ours ? "expected a path that begins with minnow/" : "";
  }
  const std::vector<std::string> parts = absl::StrSplit(included, '/');
  const std::string& target = parts[1];
  if (!allowed.contains(target)) {
    return absl::StrCat("there is no folder ", target);
  }
  const std::set<std::string>& targets = allowed.at(folder);
  if (target == folder || targets.contains(target)) return "";
  return absl::StrCat(
      "no arrow ", folder, " -> ", target, "; ", folder, " may include ",
      targets.empty() ? "nothing else" : absl::StrJoin(targets, ", "));
}

// "graph/graph.h:12: includes minnow/ops/sgd.h: no arrow graph -> ops; ..."
// for each wrong include of a file, whose path begins with its folder.
std::vector<std::string> CheckIncludes(const std::string& path,
                                       absl::string_view text) {
  const std::string folder = path.substr(0, path.find('/'));
  if (!AllowedArrows().contains(folder)) {
    return {absl::StrCat(path, ": the layering has no folder ", folder)};
  }
  std::vector<std::string> errors;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    const absl::string_view included = IncludedPath(line);
    if (included.empty()) continue;
    const std::string error = ArrowError(folder, included);
    if (error.empty()) continue;
    errors.push_back(
        absl::StrCat(path, ":", number, ": includes ", included, ": ", error));
  }
  return errors;
}

bool IsSource(const fs::path& path) {
  const std::set<std::string> endings = {".h", ".cc", ".proto"};
  return endings.contains(path.extension().string());
}

TEST(IncludeArrowsTest, AllFilesFollowTheLayering) {
  const fs::path root = MINNOW_SOURCE_DIR;
  std::vector<std::string> errors;
  std::set<std::string> seen;
  for (const fs::directory_entry& folder : fs::directory_iterator(root)) {
    const std::string name = folder.path().filename().string();
    // .git, and what .gitignore names.
    if (!folder.is_directory() || absl::StartsWith(name, ".") ||
        name == "build" || name == "out") {
      continue;
    }
    for (const fs::directory_entry& file :
         fs::recursive_directory_iterator(folder)) {
      if (!IsSource(file.path())) continue;
      std::ifstream stream(file.path());
      std::stringstream text;
      text << stream.rdbuf();
      for (std::string& error : CheckIncludes(
               file.path().lexically_relative(root).string(), text.str())) {
        errors.push_back(std::move(error));
      }
      seen.insert(name);
    }
  }
  EXPECT_THAT(errors, IsEmpty()) << absl::StrJoin(errors, "\n");
  for (const auto& [folder, unused] : AllowedArrows()) {
    EXPECT_TRUE(seen.contains(folder)) << "no source was read in " << folder;
  }
}

TEST(IncludeArrowsTest, AcceptsArrowsThatPointDown) {
  EXPECT_THAT(CheckIncludes("ops/sgd.cc",
                            "#include \"minnow/ops/sgd.h\"\n"
                            "#include <vector>\n"
                            "#include \"absl/strings/str_cat.h\"\n"
                            "#include \"minnow/graph/op_def.h\"\n"
                            "#include \"minnow/core/view.h\"\n"),
              IsEmpty());
  EXPECT_THAT(CheckIncludes("tests/x_test.cc",
                            "#include \"minnow/interop/json.h\"\n"
                            "#include \"minnow/train/loop.h\"\n"),
              IsEmpty());
}

TEST(IncludeArrowsTest, NamesFileLineAndArrow) {
  EXPECT_THAT(
      CheckIncludes("graph/graph.h",
                    "// A comment.\n"
                    "#include \"minnow/core/dtype.h\"\n"
                    "  #  include \"minnow/ops/sgd.h\"\n"),
      ElementsAre("graph/graph.h:3: includes minnow/ops/sgd.h: no arrow graph "
                  "-> ops; graph may include core"));
}

TEST(IncludeArrowsTest, FindsEveryKindOfWrongArrow) {
  const auto error = [](const std::string& path, const std::string& line) {
    return absl::StrJoin(CheckIncludes(path, line), "\n");
  };
  EXPECT_THAT(error("core/a.h", "#include \"minnow/graph/graph.h\""),
              HasSubstr("no arrow core -> graph; core may include nothing"));
  EXPECT_THAT(error("ops/a.cc", "#include \"minnow/executor/executor.h\""),
              HasSubstr("no arrow ops -> executor"));
  EXPECT_THAT(error("executor/a.cc", "#include <minnow/proto/codec.h>"),
              HasSubstr("no arrow executor -> proto"));
  EXPECT_THAT(error("proto/a.proto", "import \"minnow/ops/a.proto\";"),
              HasSubstr("no arrow proto -> ops"));
  EXPECT_THAT(error("train/a.cc", "#include \"minnow/interop/json.h\""),
              HasSubstr("no arrow train -> interop"));
  EXPECT_THAT(error("tools/a.cc", "#include \"minnow/tests/matchers.h\""),
              HasSubstr("no arrow tools -> tests"));
  EXPECT_THAT(error("core/a.h", "#include \"minnow/misc/a.h\""),
              HasSubstr("there is no folder misc"));
  EXPECT_THAT(error("core/a.h", "#include \"graph/graph.h\""),
              HasSubstr("begins with minnow/"));
  EXPECT_THAT(error("core/a.h", "#include \"../graph/graph.h\""),
              HasSubstr("begins with minnow/"));
  EXPECT_THAT(error("misc/a.h", ""),
              HasSubstr("misc/a.h: the layering has no folder misc"));
}

}  // namespace
}  // namespace minnow
