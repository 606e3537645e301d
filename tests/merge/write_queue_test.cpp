// Tiles of many threads through one writer: all arrive, one at a time, and errors reach everybody.
#include "merge/write_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <map>
#include <thread>

#include "mod/error.h"

namespace mod::merge {
namespace {

io::Buffer buffer_of(std::uint64_t value) {
  io::Buffer buffer(sizeof value);
  std::memcpy(buffer.data(), &value, sizeof value);
  return buffer;
}

std::uint64_t value_of(std::span<const std::byte> data) {
  std::uint64_t value = 0;
  EXPECT_EQ(data.size(), sizeof value);
  std::memcpy(&value, data.data(), sizeof value);
  return value;
}

TEST(WriteQueue, EveryTileIsWrittenOnceAndNeverTwoAtATime) {
  constexpr std::uint64_t kThreads = 4, kTiles = 500;
  std::map<std::pair<int, std::uint64_t>, std::uint64_t> written;  // no lock: one writer at a time
  std::atomic<int> writers{0};
  WriteQueue queue(
      [&](int file, std::uint64_t offset, std::span<const std::byte> data) {
        EXPECT_EQ(++writers, 1);
        EXPECT_TRUE(written.emplace(std::pair(file, offset), value_of(data)).second);
        --writers;
      },
      3);
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        io::Buffer buffer;
        for (std::uint64_t i = 0; i < kTiles; ++i) {
          if (buffer.size() < sizeof i) buffer = io::Buffer(sizeof i);
          const std::uint64_t value = t * kTiles + i;
          std::memcpy(buffer.data(), &value, sizeof value);
          queue.write(static_cast<int>(t), i, buffer, sizeof value);
        }
      });
    }
  }
  queue.flush();
  ASSERT_EQ(written.size(), kThreads * kTiles);
  for (const auto& [place, value] : written) {
    EXPECT_EQ(value, static_cast<std::uint64_t>(place.first) * kTiles + place.second);
  }
}

TEST(WriteQueue, AnErrorReachesTheWriterAndAllWhoComeLater) {
  WriteQueue queue(
      [](int, std::uint64_t offset, std::span<const std::byte>) {
        if (offset == 1) throw Error(ErrorCode::kIo, "disk full");
      },
      2);
  io::Buffer buffer = buffer_of(7);
  queue.write(0, 0, buffer, 8);
  queue.flush();
  buffer = buffer_of(7);
  EXPECT_THROW(queue.write(0, 1, buffer, 8), Error);
  buffer = buffer_of(7);
  EXPECT_THROW(queue.write(0, 2, buffer, 8), Error);
  EXPECT_THROW(queue.flush(), Error);
}

}  // namespace
}  // namespace mod::merge
