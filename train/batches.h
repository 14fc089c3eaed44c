// Batches of a data set, in a shuffled order that depends on the seed and the
// number of the epoch alone.
//
//   MINNOW_ASSIGN_OR_RETURN(
//       Batches batches, Batches::Create(&data, {.batch_size = 64, .seed =
//       1}));
//   while (batches.next_size() > 0) {
//     MINNOW_RETURN_IF_ERROR(batches.Next(features, labels));
//     ...                                       // One step.
//   }
//   batches.StartEpoch(1);
//
// A checkpoint keeps position(); Seek() goes on from there with the same
// batches as if there had been no break.
#ifndef MINNOW_TRAIN_BATCHES_H_
#define MINNOW_TRAIN_BATCHES_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "minnow/core/ndarray.h"
#include "minnow/train/dataset.h"

namespace minnow {

struct BatchOptions {
  int64_t batch_size = 64;
  // Else the examples come in their own order.
  bool shuffle = true;
  uint64_t seed = 0;
  // Training drops the examples that do not fill a batch, other ones in each
  // epoch. Evaluation takes them, as a last and smaller batch.
  bool drop_remainder = true;
};

// Where a run stands in its data.
struct BatchPosition {
  int64_t epoch = 0;
  int64_t example = 0;  // Examples of this epoch that have been handed out.
  bool operator==(const BatchPosition&) const = default;
};

class Batches {
 public:
  // Starts epoch 0. `data` is not copied and must live as long.
  static absl::StatusOr<Batches> Create(const Dataset* data,
                                        const BatchOptions& options);

  int64_t batches_per_epoch() const;
  // Examples in the next batch; 0 at the end of the epoch.
  int64_t next_size() const;

  // Writes the next batch. Both arrays are dense float32: `features` of the
  // shape (next_size(), ...), with as many elements as these examples have,
  // and `labels` of the shape (next_size(),). An error, and no step forward,
  // if they are not, or at the end of the epoch.
  absl::Status Next(const NDArray& features, const NDArray& labels);

  void StartEpoch(int64_t epoch);

  const BatchPosition& position() const { return position_; }
  // An error if the position is none of this data set.
  absl::Status Seek(const BatchPosition& position);

 private:
  Batches(const Dataset* data, const BatchOptions& options);

  // Examples of an epoch that are handed out.
  int64_t examples_per_epoch() const;

  const Dataset* data_;
  BatchOptions options_;
  std::vector<uint32_t> order_;
  BatchPosition position_;
};

}  // namespace minnow

#endif  // MINNOW_TRAIN_BATCHES_H_
