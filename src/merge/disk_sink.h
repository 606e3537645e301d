// A merge's way to disk: tiles go to their absolute place in the shards; one background thread asks
// the kernel to write finished ranges back while the workers go on, and syncs and renames full
// shards.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "checkpoint/output_folder.h"
#include "merge/executor.h"
#include "merge/write_queue.h"

namespace mod::merge {

class DiskSink : public Sink {
 public:
  struct Options {
    bool hash = true;               // SHA-256 of every tensor
    bool drop_cache = false;        // give finished output back to the page cache's other users
    bool write_back = true;         // ask the kernel to write finished ranges (of no use in memory)
    std::size_t waiting_tiles = 8;  // while another thread writes
    /// Called in the background thread after a shard got its final name (resume state). May be
    /// empty.
    std::function<void(int shard)> shard_done;
  };

  DiskSink(const Plan& plan, checkpoint::OutputFolder& folder, Options options,
           const std::vector<bool>& finished_shards);
  ~DiskSink() override;

  void write(std::size_t tensor, std::uint64_t byte_offset, io::Buffer& data,
             std::uint64_t bytes) override;
  void tensor_done(std::size_t tensor, TensorReport& report) override;

  /// Waits until every shard is synced and renamed; throws the background thread's error.
  void finish();
  /// Reports of tensors that are done (for the resume state); valid for shards that are done.
  const TensorReport& report(std::size_t tensor) const { return reports_[tensor]; }

 private:
  struct Job {
    int shard;
    std::uint64_t offset, bytes;  // a range to write back; bytes == 0: the shard is complete
  };

  void write_range(int shard, std::uint64_t offset, std::span<const std::byte> data);
  void post(Job job);
  void work(std::stop_token stop);

  const Plan& plan_;
  checkpoint::OutputFolder& folder_;
  Options options_;
  WriteQueue queue_;
  std::vector<TensorReport> reports_;
  std::vector<std::size_t> open_tensors_;  // per shard
  std::size_t open_shards_ = 0;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Job> jobs_;
  std::exception_ptr error_;
  std::jthread thread_;
};

}  // namespace mod::merge
