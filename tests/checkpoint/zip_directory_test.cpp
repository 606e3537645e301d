#include "checkpoint/zip_directory.h"

#include <string>

#include "checkpoint/torch_support.h"

namespace mod::checkpoint::test {
namespace {

std::vector<ZipEntry> read(const std::string& bytes) {
  return read_zip_directory(memory_source(bytes), "f.bin");
}

void expect_bad(const std::string& bytes, std::string_view part,
                ErrorCode code = ErrorCode::kCorruptFile) {
  expect_error([&] { read(bytes); }, code, part);
}

const std::vector<ZipPart> kParts = {{"a", "hello"}, {"dir/b", ""}, {"c", std::string(300, 'c')}};

void put(std::string& bytes, std::size_t at, std::uint64_t value, int width) {
  bytes.replace(at, static_cast<std::size_t>(width), little(value, width));
}

TEST(ZipDirectory, FindsStoredEntries) {
  for (const ZipStyle& style : {ZipStyle{}, ZipStyle{.zip64 = true}, ZipStyle{.padding = 61},
                                ZipStyle{.comment = "a comment"},
                                ZipStyle{.zip64 = true, .comment = std::string(65535, 'x')}}) {
    const std::string bytes = zip_bytes(kParts, style);
    const auto entries = read(bytes);
    ASSERT_EQ(entries.size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(entries[i].name, kParts[i].name);
      EXPECT_EQ(bytes.substr(entries[i].offset, entries[i].size), kParts[i].data);
    }
  }
  EXPECT_TRUE(read(zip_bytes({})).empty());
}

TEST(ZipDirectory, RefusesCompressedAndEncryptedEntries) {
  expect_bad(zip_bytes({{"data.pkl", "x", 8}}), "'data.pkl' is compressed (method 8)",
             ErrorCode::kUnsupported);
  expect_bad(zip_bytes({{"data.pkl", "x", 0, 1}}), "'data.pkl' is encrypted",
             ErrorCode::kUnsupported);
}

TEST(ZipDirectory, RefusesFilesThatAreNone) {
  expect_bad("", "too short");
  expect_bad(std::string(21, 'x'), "too short");
  expect_bad(std::string(100'000, 'x'), "no end record");
  expect_bad("PK\5\6" + std::string(10, '\0'), "too short");
}

TEST(ZipDirectory, RefusesNumbersThatLeaveTheFile) {
  const std::string good = zip_bytes(kParts);
  const std::size_t end = good.size() - 22;
  const std::size_t directory = good.find("PK\1\2");
  std::string bytes = good;
  put(bytes, end + 16, good.size(), 4);
  expect_bad(bytes, "outside the file");
  bytes = good;
  put(bytes, end + 12, 0xfffffff0, 4);
  expect_bad(bytes, "more than 64 MiB");
  bytes = good;
  put(bytes, end + 10, 60000, 2);
  expect_bad(bytes, "more entries than");
  bytes = good;
  put(bytes, directory + 42, 0x7fffffff, 4);
  expect_bad(bytes, "'a' begins outside");
  bytes = good;
  put(bytes, directory + 42, 3, 4);
  expect_bad(bytes, "no local header");
  bytes = good;
  put(bytes, directory + 20, 0x7fffffff, 4);
  put(bytes, directory + 24, 0x7fffffff, 4);
  expect_bad(bytes, "reaches past the directory");
  bytes = good;
  put(bytes, directory + 24, 4, 4);
  expect_bad(bytes, "has two sizes");
  bytes = good;
  put(bytes, directory + 28, 0xffff, 2);
  expect_bad(bytes, "the directory is cut off");
  bytes = good;
  put(bytes, directory, 0, 4);
  expect_bad(bytes, "broken directory entry");
}

TEST(ZipDirectory, RefusesBrokenZip64) {
  const std::string good = zip_bytes(kParts, {.zip64 = true});
  const std::size_t locator = good.find("PK\6\7"), end64 = good.find("PK\6\6");
  const std::size_t field = good.find(little(1, 2) + little(24, 2));
  std::string bytes = good;
  put(bytes, locator + 8, ~std::uint64_t{0}, 8);
  expect_bad(bytes, "misplaced ZIP64 end record");
  bytes = good;
  put(bytes, locator + 8, 0, 8);
  expect_bad(bytes, "no ZIP64 end record");
  bytes = good;
  put(bytes, end64 + 48, ~std::uint64_t{0}, 8);
  expect_bad(bytes, "outside the file");
  bytes = good;
  put(bytes, field + 4, ~std::uint64_t{0}, 8);
  put(bytes, field + 12, ~std::uint64_t{0}, 8);
  expect_bad(bytes, "reaches past the directory");
  bytes = good;
  put(bytes, field + 20, ~std::uint64_t{0}, 8);
  expect_bad(bytes, "begins outside");
  bytes = good;
  put(bytes, field + 2, 8, 2);
  expect_bad(bytes, "ZIP64 field too short");
  bytes = good;
  put(bytes, field + 2, 99, 2);
  expect_bad(bytes, "broken extra field");
}

TEST(ZipDirectory, RefusesTwoReadingsOfOneArchive) {
  expect_bad(zip_bytes({{"a", "x"}, {"a", "y"}}), "'a' stands twice");
  expect_bad(zip_bytes({{"a", "x", 0, 0, "b"}}), "another name in its local header");
  std::string bytes = zip_bytes({{"a", "12345"}, {"b", "67890"}});
  const std::size_t directory = bytes.find("PK\1\2");
  put(bytes, directory + 20, 40, 4);
  put(bytes, directory + 24, 40, 4);
  expect_bad(bytes, "'a' and 'b' overlap");
}

TEST(ZipDirectory, EveryTruncationAndFlippedBitIsAnErrorOrStaysInside) {
  for (const bool zip64 : {false, true}) {
    const std::string whole =
        zip_bytes({{"a", "hello"}, {"b", "xy"}}, {.zip64 = zip64, .padding = 3});
    for (std::size_t n = 0; n < whole.size(); ++n)
      EXPECT_THROW(read(whole.substr(0, n)), Error) << n;
    for (std::size_t n = 0; n < 8 * whole.size(); ++n) {
      std::string flipped = whole;
      flipped[n / 8] = static_cast<char>(flipped[n / 8] ^ (1 << n % 8));
      try {
        for (const ZipEntry& entry : read(flipped)) {
          EXPECT_LE(entry.offset, whole.size());
          EXPECT_LE(entry.size, whole.size() - entry.offset);
        }
      } catch (const Error&) {
      }
    }
  }
}

}  // namespace
}  // namespace mod::checkpoint::test
