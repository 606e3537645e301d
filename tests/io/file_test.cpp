#include "io/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>
#include <fstream>
#include <limits>
#include <thread>
#include <vector>

#include "io/buffer.h"
#include "io/temp_folder.h"
#include "mod/error.h"

namespace mod::io {
namespace {

using test::TempFolder;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string content(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

template <class Action>
Error error_of(Action action) {
  try {
    action();
  } catch (const Error& e) {
    return e;
  }
  ADD_FAILURE() << "no error was thrown";
  return Error(ErrorCode::kInternal, "");
}

bool contains(const Error& e, std::string_view part) {
  return std::string_view(e.what()).find(part) != std::string_view::npos;
}

TEST(File, WritesAtOffsetsAndReadsBack) {
  const TempFolder folder;
  const File file = File::create(folder / "a.bin");
  file.write_at(bytes_of("world"), 6);
  file.write_at(bytes_of("hello "), 0);
  EXPECT_EQ(file.size(), 11u);
  std::string got(5, ' ');
  file.read_at(std::as_writable_bytes(std::span(got)), 6);
  EXPECT_EQ(got, "world");
  EXPECT_EQ(content(folder / "a.bin"), "hello world");
}

TEST(File, CreateTruncatesAndOpenWriteDoesNot) {
  const TempFolder folder;
  File::create(folder / "a").write_at(bytes_of("abcdef"), 0);
  File::open_write(folder / "a").write_at(bytes_of("X"), 1);
  EXPECT_EQ(content(folder / "a"), "aXcdef");
  EXPECT_EQ(File::create(folder / "a").size(), 0u);
  EXPECT_EQ(error_of([&] { File::open_write(folder / "none"); }).code(), ErrorCode::kIo);
}

TEST(File, ShortFileIsCorruptAndNamesPlaceAndPath) {
  const TempFolder folder;
  File::create(folder / "short.bin").write_at(bytes_of("0123456789"), 0);
  const File file = File::open_read(folder / "short.bin");
  std::vector<std::byte> out(8);
  const Error e = error_of([&] { file.read_at(out, 5); });
  EXPECT_EQ(e.code(), ErrorCode::kCorruptFile);
  EXPECT_TRUE(contains(e, "ends early")) << e.what();
  EXPECT_TRUE(contains(e, "short.bin")) << e.what();
  EXPECT_TRUE(contains(e, "byte 5, 5 there")) << e.what();
  EXPECT_EQ(error_of([&] { file.read_at(out, 10); }).code(), ErrorCode::kCorruptFile);
  file.read_at({}, 1000);  // nothing wanted, nothing missing
}

TEST(File, OffsetsThatOverflowAreRefused) {
  const TempFolder folder;
  const File file = File::create(folder / "a");
  std::vector<std::byte> out(8);
  constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();
  for (const std::uint64_t offset : {kMax, kMax - 7, kMax / 2, kMax / 2 - 3}) {
    EXPECT_EQ(error_of([&] { file.read_at(out, offset); }).code(), ErrorCode::kCorruptFile);
    EXPECT_EQ(error_of([&] { file.write_at(out, offset); }).code(), ErrorCode::kIo);
    file.will_need(offset, 8);
    file.start_writeback(offset, 8);
    file.drop_cache(offset, 8);
  }
  EXPECT_EQ(error_of([&] { file.preallocate(kMax); }).code(), ErrorCode::kIo);
  EXPECT_EQ(file.size(), 0u);
}

TEST(File, MissingFileIsInvalidInputAndFolderAndPipeAreRefused) {
  const TempFolder folder;
  const Error missing = error_of([&] { File::open_read(folder / "none.safetensors"); });
  EXPECT_EQ(missing.code(), ErrorCode::kInvalidInput);
  EXPECT_TRUE(contains(missing, "none.safetensors: it does not exist")) << missing.what();
  File::create(folder / "f");
  EXPECT_EQ(error_of([&] { File::open_read(folder / "f" / "x"); }).code(),
            ErrorCode::kInvalidInput);
  EXPECT_TRUE(contains(error_of([&] { File::open_read(folder.path()); }), "is a folder"));
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_TRUE(contains(error_of([&] { File::open_read(folder / "pipe"); }), "pipe"));
}

TEST(File, UnwritablePlaceIsIoErrorWithReason) {
  const Error e = error_of([] { File::create("/nonexistent-folder/x"); });
  EXPECT_EQ(e.code(), ErrorCode::kIo);
  EXPECT_TRUE(contains(e, "/nonexistent-folder/x")) << e.what();
  EXPECT_TRUE(contains(e, "check that the folder exists")) << e.what();
}

TEST(File, DiskFullIsReported) {
  const File full = File::open_write("/dev/full");
  const Error e = error_of([&] { full.write_at(bytes_of("x"), 0); });
  EXPECT_EQ(e.code(), ErrorCode::kIo);
  EXPECT_TRUE(contains(e, "No space left")) << e.what();
  EXPECT_TRUE(contains(e, "free some space")) << e.what();
}

TEST(File, PreallocateSetsSizeKeepsDataAndReadsZeros) {
  const TempFolder folder;
  const File file = File::create(folder / "a");
  file.write_at(bytes_of("abc"), 0);
  file.preallocate(1 << 20);
  EXPECT_EQ(file.size(), 1u << 20);
  std::string got(4, 'x');
  file.read_at(std::as_writable_bytes(std::span(got)), 0);
  EXPECT_EQ(got, std::string("abc\0", 4));
  file.preallocate(10);  // never shortens
  EXPECT_EQ(file.size(), 1u << 20);
  file.preallocate(0);
  EXPECT_EQ(file.size(), 1u << 20);
  file.sync();
}

TEST(File, ImpossiblePreallocationNamesBytesAndRemedy) {
  const TempFolder folder;
  const File file = File::create(folder / "a");
  // Beyond what a file may hold, so that it is refused at once: ext4 fills the disk with a size
  // that is merely too large before it gives up, and other tests find it full.
  const Error e = error_of([&] { file.preallocate(std::uint64_t{1} << 62); });
  EXPECT_EQ(e.code(), ErrorCode::kIo);
  EXPECT_TRUE(contains(e, "(4611686018427387904 bytes)")) << e.what();
}

TEST(File, MovesOwnership) {
  const TempFolder folder;
  File a = File::create(folder / "a");
  File b = std::move(a);
  EXPECT_FALSE(a.is_open());  // NOLINT: the state after a move is part of the contract
  EXPECT_TRUE(b.is_open());
  b.write_at(bytes_of("x"), 0);
  b = File::create(folder / "b");
  EXPECT_EQ(b.path(), folder / "b");
  b.close();
  EXPECT_FALSE(b.is_open());
  b.close();
}

TEST(File, PositionedAccessFromThreads) {
  const TempFolder folder;
  const File file = File::create(folder / "a");
  constexpr std::size_t kThreads = 4, kPiece = 10000;
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        const std::vector<std::byte> data(kPiece, static_cast<std::byte>('a' + t));
        for (std::size_t i = 0; i < 5; ++i) file.write_at(data, (i * kThreads + t) * kPiece);
      });
    }
  }
  const std::string all = content(folder / "a");
  ASSERT_EQ(all.size(), 5 * kThreads * kPiece);
  for (std::size_t i = 0; i < all.size(); ++i) {
    ASSERT_EQ(all[i], static_cast<char>('a' + i / kPiece % kThreads)) << i;
  }
}

TEST(Folder, AtomicWriteReplacesAndLeavesNoTemporary) {
  const TempFolder folder;
  write_file_atomic(folder / "config.json", "old");
  write_file_atomic(folder / "config.json", "newer");
  EXPECT_EQ(content(folder / "config.json"), "newer");
  std::size_t entries = 0;
  for ([[maybe_unused]] const auto& e : std::filesystem::directory_iterator(folder.path()))
    ++entries;
  EXPECT_EQ(entries, 1u);
}

TEST(Folder, FailedAtomicWriteLeavesOldStateAndNoTemporary) {
  const TempFolder folder;
  std::filesystem::create_directories(folder / "target" / "inner");  // a file cannot replace it
  EXPECT_EQ(error_of([&] { write_file_atomic(folder / "target", "x"); }).code(), ErrorCode::kIo);
  EXPECT_TRUE(std::filesystem::is_directory(folder / "target" / "inner"));
  EXPECT_FALSE(std::filesystem::exists((folder / "target").string() + std::string(kTempSuffix)));
}

TEST(Folder, RenameAndSync) {
  const TempFolder folder;
  write_file_atomic(folder / "a", "1");
  rename_file(folder / "a", folder / "b");
  EXPECT_EQ(content(folder / "b"), "1");
  sync_directory(folder.path());
  sync_directory("");
  EXPECT_EQ(error_of([&] { rename_file(folder / "none", folder / "c"); }).code(), ErrorCode::kIo);
  EXPECT_EQ(error_of([&] { sync_directory(folder / "b"); }).code(), ErrorCode::kIo);
}

TEST(Folder, FreeSpaceLooksAtNearestParent) {
  const TempFolder folder;
  EXPECT_GT(free_space(folder.path()), 0u);
  EXPECT_GT(free_space(folder / "not" / "yet" / "there"), 0u);
  EXPECT_GT(free_space("relative-name-that-does-not-exist"), 0u);
}

TEST(Folder, KnowsMemoryBackedFileSystems) {
  if (std::filesystem::exists("/dev/shm")) {
    EXPECT_TRUE(is_memory_backed("/dev/shm"));
    EXPECT_TRUE(is_memory_backed("/dev/shm/new/folder"));
  }
  EXPECT_FALSE(is_memory_backed("/proc"));
}

TEST(Buffer, IsAlignedMovableAndSized) {
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{5000}, std::size_t{8} << 20}) {
    Buffer a(bytes);
    EXPECT_EQ(a.size(), bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(a.data()) % 4096, 0u);
    std::memset(a.data(), 7, a.size());
    Buffer b = std::move(a);
    EXPECT_EQ(a.size(), 0u);  // NOLINT
    EXPECT_EQ(a.data(), nullptr);
    EXPECT_EQ(b.span().back(), std::byte{7});
    a = std::move(b);
    EXPECT_EQ(a.size(), bytes);
    EXPECT_TRUE(b.span().empty());
  }
  EXPECT_EQ(Buffer(0).data(), nullptr);
}

TEST(Buffer, AbsurdSizeIsOutOfMemory) {
  const Error e = error_of([] { Buffer buffer(std::numeric_limits<std::size_t>::max() - 4095); });
  EXPECT_EQ(e.code(), ErrorCode::kOutOfMemory);
  EXPECT_TRUE(contains(e, "--memory")) << e.what();
}

}  // namespace
}  // namespace mod::io
