#include "merge/write_queue.h"

#include <utility>

namespace mod::merge {

void WriteQueue::write(int file, std::uint64_t offset, io::Buffer& data, std::uint64_t bytes) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return waiting_.size() < capacity_ || !writing_; });
  if (error_) std::rethrow_exception(error_);
  waiting_.push_back({file, offset, bytes, std::move(data)});
  if (!free_.empty()) {
    data = std::move(free_.back());
    free_.pop_back();
  }
  if (!writing_) drain(lock);
}

void WriteQueue::drain(std::unique_lock<std::mutex>& lock) {
  writing_ = true;
  while (!waiting_.empty() && !error_) {
    Tile tile = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    std::exception_ptr error;
    try {
      write_(tile.file, tile.offset, tile.data.span().first(tile.bytes));
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    error_ = error;
    free_.push_back(std::move(tile.data));
    if (waiting_.size() + 1 == capacity_) changed_.notify_all();
  }
  writing_ = false;
  changed_.notify_all();
  if (error_) std::rethrow_exception(error_);
}

void WriteQueue::flush() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !writing_; });
  if (error_) std::rethrow_exception(error_);
}

}  // namespace mod::merge
