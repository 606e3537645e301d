#include "base/text.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <vector>

#include "base/hash.h"
#include "mod/error.h"

namespace mod {
namespace {

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

TEST(Text, Sizes) {
  EXPECT_EQ(size_text(0), "0 B");
  EXPECT_EQ(size_text(3), "3 B");
  EXPECT_EQ(size_text(1023), "1023 B");
  EXPECT_EQ(size_text(1536), "1.50 KiB");
  EXPECT_EQ(size_text((1u << 20) - 1), "1.00 MiB");  // never "1024.00 KiB"
  EXPECT_EQ(size_text(std::uint64_t{5} << 30), "5.00 GiB");
  EXPECT_EQ(size_text(kMax), "16.00 EiB");
}

TEST(Text, Durations) {
  EXPECT_EQ(duration_text(0.042), "42 ms");
  EXPECT_EQ(duration_text(0.00005), "50 us");
  EXPECT_EQ(duration_text(0.9999), "1.0 s");
  EXPECT_EQ(duration_text(3.14), "3.1 s");
  EXPECT_EQ(duration_text(9.97), "10 s");
  EXPECT_EQ(duration_text(75.2), "1 min 15 s");
  EXPECT_EQ(duration_text(59.6), "1 min 0 s");
  EXPECT_EQ(duration_text(3599.7), "1 h 0 min");
  EXPECT_EQ(duration_text(100000), "27 h 46 min");
  EXPECT_EQ(duration_text(-1), "unknown");
  EXPECT_EQ(duration_text(std::nan("")), "unknown");
  EXPECT_EQ(duration_text(HUGE_VAL), "unknown");
}

TEST(Text, RatesAndCounts) {
  EXPECT_EQ(rate_text(1.234e9), "1.23 GB/s");
  EXPECT_EQ(rate_text(12), "12 B/s");
  EXPECT_EQ(rate_text(999999), "1.00 MB/s");
  EXPECT_EQ(rate_text(5e15), "5000.00 TB/s");
  EXPECT_EQ(rate_text(std::nan("")), "unknown");
  EXPECT_EQ(count_text(7), "7");
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(count_text(1000), "1,000");
  EXPECT_EQ(count_text(1234567), "1,234,567");
  EXPECT_EQ(count_text(kMax), "18,446,744,073,709,551,615");
}

TEST(ParseSize, Units) {
  EXPECT_EQ(parse_size("0"), 0u);
  EXPECT_EQ(parse_size("512"), 512u);
  EXPECT_EQ(parse_size("512M"), 512u << 20);
  EXPECT_EQ(parse_size("512M", false), 512'000'000u);
  EXPECT_EQ(parse_size("512MiB", false), 512u << 20);
  EXPECT_EQ(parse_size("5GB", true), 5'000'000'000u);
  EXPECT_EQ(parse_size("5gb"), 5'000'000'000u);
  EXPECT_EQ(parse_size("2 TiB"), std::uint64_t{2} << 40);
  EXPECT_EQ(parse_size("10k", false), 10000u);
  EXPECT_EQ(parse_size("5B"), 5u);
  EXPECT_EQ(parse_size("5B", false, true), 5'000'000'000u);
  EXPECT_EQ(parse_size("1.5G"), std::uint64_t{3} << 29);
  EXPECT_EQ(parse_size("0.3MB"), 300'000u);
}

TEST(ParseSize, RefusesEverythingElse) {
  for (const char* text : {"",
                           " ",
                           "-1",
                           "+1",
                           "G",
                           "1X",
                           "1GBB",
                           "1 G B",
                           "1.",
                           ".5",
                           "1e3",
                           "0x10",
                           "1,000",
                           "1Gi",
                           "1iB",
                           "1  G",
                           "nan",
                           "1.5.5",
                           "18446744073709551616",
                           "99999999T",
                           "18014398509481984K"}) {
    EXPECT_FALSE(parse_size(text).has_value()) << text;
  }
  EXPECT_EQ(parse_size("18446744073709551615"), kMax);
  EXPECT_FALSE(parse_size("18446744073709551615.9B", false, true).has_value());
}

TEST(NearestName, FindsTypingErrorsOnly) {
  constexpr std::string_view names[] = {"weight",    "density", "lambda",
                                        "normalize", "t",       "int8_mask"};
  EXPECT_EQ(nearest_name("wieght", names), "weight");
  EXPECT_EQ(nearest_name("Weight", names), "weight");
  EXPECT_EQ(nearest_name("densty", names), "density");
  EXPECT_EQ(nearest_name("lamda", names), "lambda");
  EXPECT_EQ(nearest_name("normalise", names), "normalize");
  EXPECT_EQ(nearest_name("int8-mask", names), "int8_mask");
  EXPECT_EQ(nearest_name("T", names), "t");
  EXPECT_FALSE(nearest_name("x", names).has_value());
  EXPECT_FALSE(nearest_name("", names).has_value());
  EXPECT_FALSE(nearest_name("model", names).has_value());
  EXPECT_FALSE(nearest_name(std::string(100000, 'w'), names).has_value());
  EXPECT_EQ(did_you_mean("wieght", names), " (did you mean 'weight'?)");
  EXPECT_EQ(did_you_mean("zzz", names), "");
}

TEST(NearestName, PrefersTheNearest) {
  constexpr std::string_view names[] = {"dare_linear", "dare_ties", "della_ties"};
  EXPECT_EQ(nearest_name("dare_tie", names), "dare_ties");
  EXPECT_EQ(nearest_name("dela_ties", names), "della_ties");
}

TEST(Shape, ProductsAreChecked) {
  using Shape = std::vector<std::int64_t>;
  EXPECT_EQ(checked_product(Shape{}), 1u);
  EXPECT_EQ(checked_product(Shape{4864, 896}), 4864u * 896);
  EXPECT_EQ(checked_product(Shape{3, 0, 5}), 0u);
  EXPECT_EQ(checked_product(Shape{std::numeric_limits<std::int64_t>::max(), 1}),
            static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
  EXPECT_FALSE(checked_product(Shape{std::int64_t{1} << 62, 2}).has_value());
  EXPECT_FALSE(checked_product(Shape{std::int64_t{1} << 32, std::int64_t{1} << 32}).has_value());
  EXPECT_FALSE(checked_product(Shape{-1, 0}).has_value());
  EXPECT_FALSE(checked_product(Shape{2, -3, -4}).has_value());
  EXPECT_EQ(shape_text(Shape{4864, 896}), "4864x896");
  EXPECT_EQ(shape_text(Shape{7}), "7");
  EXPECT_EQ(shape_text(Shape{}), "scalar");
}

TEST(Utf8, AcceptsExactlyTheStandard) {
  for (const char* text :
       {"", "plain", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
        "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(is_valid_utf8(text)) << text;
  }
  for (const char* text :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2x", "\xE0\x9F\xBF", "\xE2\x82",
        "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
        "\xF8\x88\x80\x80\x80", "\xFE", "\xFF", "a\xF0\x9F\x98"}) {
    EXPECT_FALSE(is_valid_utf8(text)) << text;
  }
}

class ReadTextFile : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/mod-text-XXXXXX";
    const int fd = mkstemp(name);
    ASSERT_GE(fd, 0);
    close(fd);
    path = name;
  }
  void TearDown() override { std::remove(path.c_str()); }

  static ErrorCode code_of(const std::string& file, std::uint64_t limit) {
    try {
      read_text_file(file, limit);
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(file), std::string::npos) << e.what();
      return e.code();
    }
    ADD_FAILURE() << "no error";
    return ErrorCode::kInternal;
  }

  std::string path;
};

TEST_F(ReadTextFile, ReadsAllBytesUpToTheLimit) {
  const std::string text = std::string("a\0b\n", 4) + std::string(200000, 'x');
  std::ofstream(path, std::ios::binary) << text;
  EXPECT_EQ(read_text_file(path, text.size()), text);
  EXPECT_EQ(code_of(path, text.size() - 1), ErrorCode::kInvalidInput);
  EXPECT_EQ(code_of(path, 0), ErrorCode::kInvalidInput);
}

TEST_F(ReadTextFile, RefusesMissingFoldersAndEndlessFiles) {
  EXPECT_EQ(code_of("/tmp/mod-no-such-file", 10), ErrorCode::kInvalidInput);
  EXPECT_EQ(code_of("/tmp", 10), ErrorCode::kInvalidInput);
  EXPECT_EQ(code_of("/dev/zero", 1 << 20), ErrorCode::kInvalidInput);
  EXPECT_EQ(read_text_file("/dev/null", 0), "");
}

TEST(Sha256, KnownAnswers) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PiecesEqualTheWhole) {
  const std::string text(10007, 'q');
  Sha256 hash;
  for (std::size_t at = 0; at < text.size(); at += 61) {
    const std::string_view piece = std::string_view(text).substr(at, 61);
    hash.update(std::as_bytes(std::span(piece.data(), piece.size())));
  }
  Sha256 moved = std::move(hash);
  EXPECT_EQ(moved.hex(), sha256_hex(text));
  EXPECT_THROW(moved.hex(), Error);
  EXPECT_THROW(moved.update({}), Error);
}

}  // namespace
}  // namespace mod
