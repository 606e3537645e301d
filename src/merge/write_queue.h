// The way of tiles into files: one thread writes at a time, and whoever finds it busy leaves the
// tile to it and goes on. The kernel lets one writer into a file anyway, and two that meet there
// spin: 14 % of a linear merge's samples on tmpfs before this queue.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

#include "io/buffer.h"

namespace mod::merge {

/// All members are thread-safe.
class WriteQueue {
 public:
  using Write =
      std::function<void(int file, std::uint64_t offset, std::span<const std::byte> data)>;

  /// At most `capacity` tiles wait; then write() waits too.
  WriteQueue(Write write, std::size_t capacity) : write_(std::move(write)), capacity_(capacity) {}

  /// Takes the first `bytes` of `data`; afterwards `data` is another buffer of any size, perhaps
  /// empty. Throws what `write` threw, in the thread that wrote.
  void write(int file, std::uint64_t offset, io::Buffer& data, std::uint64_t bytes);
  /// Returns when all that was handed over before is written; throws if some of it failed.
  void flush();

 private:
  struct Tile {
    int file;
    std::uint64_t offset, bytes;
    io::Buffer data;
  };

  void drain(std::unique_lock<std::mutex>& lock);

  Write write_;
  std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Tile> waiting_;
  std::vector<io::Buffer> free_;
  bool writing_ = false;
  std::exception_ptr error_;
};

}  // namespace mod::merge
