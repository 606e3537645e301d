#include "merge/disk_sink.h"

#include <algorithm>

#include "base/hash.h"
#include "io/buffer.h"

namespace mod::merge {
namespace {

constexpr std::uint64_t kHashBytes = 1 << 20;

std::string hash_range(const io::File& file, std::uint64_t offset, std::uint64_t bytes) {
  io::Buffer buffer(std::min(bytes, kHashBytes));
  Sha256 sha;
  for (std::uint64_t at = 0; at < bytes; at += kHashBytes) {
    const auto part = buffer.span().first(std::min(kHashBytes, bytes - at));
    file.read_at(part, offset + at);
    sha.update(part);
  }
  return sha.hex();
}

}  // namespace

DiskSink::DiskSink(const Plan& plan, checkpoint::OutputFolder& folder, Options options,
                   const std::vector<bool>& finished_shards)
    : plan_(plan),
      folder_(folder),
      options_(std::move(options)),
      queue_([this](int shard, std::uint64_t offset,
                    std::span<const std::byte> data) { write_range(shard, offset, data); },
             options_.waiting_tiles),
      reports_(plan.tensors.size()),
      open_tensors_(plan.shards.size(), 0) {
  for (const PlannedTensor& tensor : plan.tensors) {
    if (!finished_shards[tensor.shard]) ++open_tensors_[tensor.shard];
  }
  for (std::size_t s = 0; s < plan.shards.size(); ++s) {
    if (finished_shards[s]) continue;
    ++open_shards_;
    if (open_tensors_[s] == 0) jobs_.push_back({static_cast<int>(s), 0, 0});
  }
  thread_ = std::jthread([this](std::stop_token stop) { work(stop); });
}

DiskSink::~DiskSink() = default;

void DiskSink::write(std::size_t tensor, std::uint64_t byte_offset, io::Buffer& data,
                     std::uint64_t bytes) {
  const PlannedTensor& planned = plan_.tensors[tensor];
  queue_.write(planned.shard, planned.offset + byte_offset, data, bytes);
}

void DiskSink::write_range(int shard, std::uint64_t offset, std::span<const std::byte> data) {
  folder_.write(shard, offset, data);
  if (options_.write_back) post({shard, offset, data.size()});
}

void DiskSink::tensor_done(std::size_t tensor, TensorReport& report) {
  const PlannedTensor& planned = plan_.tensors[tensor];
  queue_.flush();
  if (options_.hash) {
    report.sha256 = hash_range(folder_.shard_file(planned.shard), planned.offset, planned.bytes);
  }
  report.done = true;
  bool complete;
  {
    std::lock_guard lock(mutex_);
    reports_[tensor] = report;
    complete = --open_tensors_[planned.shard] == 0;
  }
  if (complete) post({planned.shard, 0, 0});
}

void DiskSink::post(Job job) {
  std::lock_guard lock(mutex_);
  // Neighbouring ranges become one request: fewer, larger write-backs.
  if (job.bytes > 0 && !jobs_.empty()) {
    Job& last = jobs_.back();
    if (last.bytes > 0 && last.shard == job.shard && last.offset + last.bytes == job.offset) {
      last.bytes += job.bytes;
      return;
    }
  }
  jobs_.push_back(job);
  changed_.notify_all();
}

void DiskSink::work(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (open_shards_ > 0 && !error_) {
    if (!changed_.wait(lock, stop, [&] { return !jobs_.empty(); })) return;
    const Job job = jobs_.front();
    jobs_.pop_front();
    lock.unlock();
    std::exception_ptr error;
    try {
      if (job.bytes > 0) {
        folder_.shard_file(job.shard).start_writeback(job.offset, job.bytes);
      } else {
        folder_.finish_shard(job.shard);
        if (options_.drop_cache) folder_.shard_file(job.shard).drop_cache(0, 0);
        if (options_.shard_done) options_.shard_done(job.shard);
      }
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    if (job.bytes == 0) --open_shards_;
    if (error) error_ = error;
    changed_.notify_all();
  }
}

void DiskSink::finish() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return open_shards_ == 0 || error_; });
  if (error_) std::rethrow_exception(error_);
}

}  // namespace mod::merge
