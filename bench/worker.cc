// Minnow's half of the protocol that bench/peers/protocol.py describes: does
// steps of a work on request, and says how long they took.
//
//   minnow_bench_worker minnow 2      # The library, on two threads.
//   minnow_bench_worker plain 2       # What the machine allows: bench/plain.h.

#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "minnow/bench/embedding_work.h"
#include "minnow/bench/op_works.h"
#include "minnow/bench/plain.h"
#include "minnow/bench/row_works.h"
#include "minnow/bench/works.h"
#include "minnow/core/status.h"
#include "minnow/executor/profile.h"
#include "rapidjson/document.h"

namespace minnow {
namespace {

// A work that is ready: one step of it. It may set a note for the reader.
using Step = std::function<absl::Status(std::string& note)>;

// Keeps the object that has the step alive.
template <typename T>
absl::StatusOr<Step> StepOf(absl::StatusOr<T> work) {
  if (!work.ok()) return work.status();
  auto shared = std::make_shared<T>(*std::move(work));
  return Step([shared](std::string&) -> absl::Status {
    if constexpr (std::is_void_v<decltype(shared->Run())>) {
      shared->Run();
      return absl::OkStatus();
    } else {
      return shared->Run();
    }
  });
}

struct Request {
  std::string work;
  int64_t size = 0;
  int64_t steps = 0;
};

absl::StatusOr<Request> ParseRequest(const std::string& line) {
  rapidjson::Document json;
  json.Parse<rapidjson::kParseIterativeFlag>(line.data(), line.size());
  if (json.HasParseError() || !json.IsObject() || !json.HasMember("work") ||
      !json["work"].IsString() || !json.HasMember("size") ||
      !json["size"].IsInt64() || !json.HasMember("steps") ||
      !json["steps"].IsInt64()) {
    return absl::InvalidArgumentError(absl::StrCat(
        R"(expected {"work": "...", "size": n, "steps": n}, found )", line));
  }
  return Request{json["work"].GetString(), json["size"].GetInt64(),
                 json["steps"].GetInt64()};
}

// The most memory that this process has had at once, in bytes; 0 where the
// system does not tell.
int64_t PeakMemory() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    int64_t kilobytes = 0;
    if (word == "VmHWM:" && status >> kilobytes) return kilobytes * 1024;
  }
  return 0;
}
// Makes it begin anew, with the memory of now.
void ForgetPeakMemory() { std::ofstream("/proc/self/clear_refs") << "5"; }

class Worker {
 public:
  Worker(bool plain, int threads) : plain_(plain), threads_(threads) {}

  // The answer to a line of input.
  absl::StatusOr<std::string> Answer(const std::string& line) {
    MINNOW_ASSIGN_OR_RETURN(const Request request, ParseRequest(line));
    if (request.work != work_ || request.size != size_) {
      step_ = nullptr;  // Frees the arrays of the work before.
      ForgetPeakMemory();
      memory_before_ = PeakMemory();
      MINNOW_ASSIGN_OR_RETURN(step_, MakeStep(request));
      work_ = request.work;
      size_ = request.size;
    }
    if (step_ == nullptr) return std::string(R"({"unsupported": true})");
    std::string note;
    const int64_t begin = Profile::Now();
    for (int64_t i = 0; i < request.steps; ++i) {
      MINNOW_RETURN_IF_ERROR(step_(note));
    }
    const double seconds = static_cast<double>(Profile::Now() - begin) * 1e-9;
    if (absl::StartsWith(request.work, "embedding")) {
      note = absl::StrFormat(
          "%.2f GB at peak",
          static_cast<double>(PeakMemory() - memory_before_) * 1e-9);
    }
    if (note.empty()) return absl::StrFormat(R"({"seconds": %.9f})", seconds);
    return absl::StrFormat(R"({"seconds": %.9f, "note": "%s"})", seconds, note);
  }

 private:
  // Null if there is no such work.
  absl::StatusOr<Step> MakeStep(const Request& request) const {
    const int64_t size = request.size;
    absl::string_view op = request.work;
    if (absl::ConsumePrefix(&op, "op:")) return MakeOpStep(std::string(op));
    if (request.work == "sgd_mom") {
      return plain_ ? StepOf(PlainSgdMom::Create(size, threads_))
                    : StepOf(SgdMomStep(size, threads_));
    }
    if (request.work == "mlp") {
      return plain_ ? StepOf(PlainMlp::Create(size, threads_))
                    : StepOf(MlpStep(size, threads_));
    }
    if (request.work == "convolution" && !plain_) {
      return StepOf(ConvolutionStep(size, threads_));
    }
    if (request.work == "lazy") {
      return plain_ ? StepOf(PlainRowUpdate::Create(size, threads_))
                    : RowStep(RowUpdateMode::kLazy, size);
    }
    if (request.work == "standard" && !plain_) {
      return RowStep(RowUpdateMode::kStandard, size);
    }
    if (request.work == "deferred" && !plain_) {
      return RowStep(RowUpdateMode::kDeferred, size);
    }
    if (request.work == "embedding" && !plain_) {
      return StepOf(EmbeddingStep(/*deferred=*/false, size, threads_));
    }
    if (request.work == "embedding_deferred" && !plain_) {
      return StepOf(EmbeddingStep(/*deferred=*/true, size, threads_));
    }
    if (request.work == "many" && !plain_) {
      return StepOf(ManyUpdates(size, threads_));
    }
    if (request.work == "weight" && !plain_) {
      return StepOf(WeightStep(size, /*fuse=*/true, threads_));
    }
    if (request.work == "weight_apart" && !plain_) {
      return StepOf(WeightStep(size, /*fuse=*/false, threads_));
    }
    if (request.work == "pointwise" && !plain_) {
      return StepOf(PointwiseChain(Pointwise::kArithmetic, size, threads_));
    }
    if (request.work == "pointwise_tanh" && !plain_) {
      return StepOf(PointwiseChain(Pointwise::kTanh, size, threads_));
    }
    if (request.work == "dispatch" && !plain_) {
      return StepOf(AdditionChain(size, threads_));
    }
    if (request.work == "train" && !plain_) {
      return Step([size, threads = threads_](std::string& note) {
        const absl::StatusOr<double> accuracy =
            TrainFashionMnist(size, threads);
        if (accuracy.ok()) note = absl::StrFormat("%.1f %%", 100 * *accuracy);
        return accuracy.status();
      });
    }
    return Step();
  }

  absl::StatusOr<Step> MakeOpStep(const std::string& op) const {
    if (!plain_) return StepOf(OpStep(op, threads_));
    MINNOW_ASSIGN_OR_RETURN(PlainOp plain, PlainOp::Create(op, threads_));
    if (!plain.exists()) return Step();
    return StepOf(absl::StatusOr<PlainOp>(std::move(plain)));
  }

  absl::StatusOr<Step> RowStep(RowUpdateMode mode, int64_t rows) const {
    return StepOf(RowUpdateStep(mode, rows, threads_));
  }

  bool plain_;
  int threads_;
  std::string work_;
  int64_t size_ = 0;
  int64_t memory_before_ = 0;
  Step step_;
};

int Serve(int argc, char** argv) {
  const std::string name = argc > 1 ? argv[1] : "";
  int threads = 0;
  if (argc != 3 || (name != "minnow" && name != "plain") ||
      !absl::SimpleAtoi(argv[2], &threads) || threads < 1) {
    std::cerr << "usage: minnow_bench_worker minnow|plain THREADS\n";
    return 2;
  }
  Worker worker(name == "plain", threads);
  std::cout << R"({"name": ")" << name << R"("})" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    const absl::StatusOr<std::string> answer = worker.Answer(line);
    if (!answer.ok()) {
      std::cerr << "minnow_bench_worker: " << answer.status().message() << "\n";
      return 1;
    }
    std::cout << *answer << std::endl;
  }
  return 0;
}

}  // namespace
}  // namespace minnow

int main(int argc, char** argv) { return minnow::Serve(argc, argv); }
