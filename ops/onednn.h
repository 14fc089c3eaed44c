// What users of oneDNN's C interface share: owners of its objects, its status
// as absl::Status, and one thread for what it runs.
//
//   OneDnn<dnnl_engine_t> engine;
//   MINNOW_RETURN_IF_ERROR(OneDnnStatus(
//       dnnl_engine_create(engine.out(), dnnl_cpu, 0), "make an engine"));
#ifndef MINNOW_OPS_ONEDNN_H_
#define MINNOW_OPS_ONEDNN_H_

#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "dnnl.h"

// Of the OpenMP runtime that oneDNN is linked with; <omp.h> belongs to the
// compiler, and clang comes without it.
extern "C" {
int omp_get_max_threads();
void omp_set_num_threads(int num_threads);
}

namespace minnow {

// While it lives, OpenMP has one thread for regions that this thread starts:
// our blocks are the parallelism, and other numbers would change bits.
class SingleOpenMpThread {
 public:
  SingleOpenMpThread() : previous_(omp_get_max_threads()) {
    omp_set_num_threads(1);
  }
  ~SingleOpenMpThread() { omp_set_num_threads(previous_); }
  SingleOpenMpThread(const SingleOpenMpThread&) = delete;
  SingleOpenMpThread& operator=(const SingleOpenMpThread&) = delete;

 private:
  int previous_;
};

// "oneDNN could not <what>: status 3".
inline absl::Status OneDnnStatus(dnnl_status_t status, absl::string_view what) {
  if (status == dnnl_success) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(
      "oneDNN could not ", what, ": status ", static_cast<int>(status)));
}

// Keeps the first error.
inline void KeepError(dnnl_status_t status, dnnl_status_t& first) {
  if (first == dnnl_success) first = status;
}

inline int64_t OneDnnBytes(const dnnl_memory_desc_t& desc) {
  return static_cast<int64_t>(dnnl_memory_desc_get_size(&desc));
}

inline int64_t OneDnnFloats(const dnnl_memory_desc_t& desc) {
  return OneDnnBytes(desc) / static_cast<int64_t>(sizeof(float));
}

namespace internal {

inline void DestroyOneDnn(dnnl_engine_t x) { dnnl_engine_destroy(x); }
inline void DestroyOneDnn(dnnl_stream_t x) { dnnl_stream_destroy(x); }
inline void DestroyOneDnn(dnnl_memory_t x) { dnnl_memory_destroy(x); }
inline void DestroyOneDnn(dnnl_primitive_t x) { dnnl_primitive_destroy(x); }
inline void DestroyOneDnn(dnnl_primitive_desc_t x) {
  dnnl_primitive_desc_destroy(x);
}
inline void DestroyOneDnn(dnnl_primitive_attr_t x) {
  dnnl_primitive_attr_destroy(x);
}

}  // namespace internal

// Owns an object of oneDNN: its handles are pointers.
template <typename Handle>
class OneDnn {
 public:
  OneDnn() = default;
  ~OneDnn() {
    if (handle_ != nullptr) internal::DestroyOneDnn(handle_);
  }
  OneDnn(OneDnn&& other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)) {}
  OneDnn& operator=(OneDnn&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }

  Handle get() const { return handle_; }
  bool exists() const { return handle_ != nullptr; }
  // For a function that makes the object. REQUIRES: it does not exist yet.
  Handle* out() { return &handle_; }

 private:
  Handle handle_ = nullptr;
};

}  // namespace minnow

#endif  // MINNOW_OPS_ONEDNN_H_
