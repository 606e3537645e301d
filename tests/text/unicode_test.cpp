// Tables of characters, UTF-8, byte-level characters and normalisation forms.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "base/text.h"
#include "text/byte_level.h"
#include "text/char_table.h"
#include "text/regex.h"
#include "text/unicode_form.h"
#include "text/utf8.h"

namespace mod::text::test {
namespace {

// How many characters Oniguruma in tokenizers 0.23.3 (Unicode 16) has in each class.
TEST(CharTable, HasAsManyCharactersAsHuggingFace) {
  std::map<std::uint8_t, std::size_t> counts;
  for (char32_t code = 0; code <= 0x10FFFF; ++code) {
    for (unsigned bit = 1; bit < 256; bit *= 2) {
      if (CharTable::get()[code] & bit) ++counts[static_cast<std::uint8_t>(bit)];
    }
  }
  EXPECT_EQ(counts[kLetter], 141028u);
  EXPECT_EQ(counts[kNumber], 1911u);
  EXPECT_EQ(counts[kSpace], 25u);
  EXPECT_EQ(counts[kMark], 2501u);
  EXPECT_EQ(counts[kUpperOrNeutral], 1858u + 31 + 404 + 136477 + 2501);
  EXPECT_EQ(counts[kLowerOrNeutral], 2258u + 404 + 136477 + 2501);
  EXPECT_EQ(counts[kPunctuation], 726u);
  EXPECT_EQ(counts[kWord], 144671u + 2 - 6);  // with the joiners, without Latin-1's fractions
  EXPECT_EQ(CharTable::get()[kInvalidCode], 0);
}

TEST(CharTable, AgreesWithPcre2WhereItKnowsTheCharacter) {
  const std::pair<const char*, std::uint8_t> classes[] = {
      {"\\p{L}", kLetter},
      {"\\p{N}", kNumber},
      {"\\s", kSpace},
      {"\\p{M}", kMark},
      {"[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]", kUpperOrNeutral},
      {"[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]", kLowerOrNeutral}};
  RegexWork work;
  const Regex assigned("\\P{Cn}", "test");
  const auto matches = [&](const Regex& regex, const std::string& text) {
    bool found = false;
    regex.find_all(text, work, [&](std::size_t, std::size_t) { found = true; });
    return found;
  };
  for (const auto& [pattern, bit] : classes) {
    const Regex regex(pattern, "test");
    std::size_t wrong = 0;
    for (char32_t code = 0; code <= 0x10FFFF; ++code) {
      if (code >= 0xD800 && code <= 0xDFFF) continue;
      std::string c;
      append_utf8(c, code);
      if (matches(regex, c) == ((CharTable::get()[code] & bit) != 0) || !matches(assigned, c)) {
        continue;
      }
      if (++wrong < 10)
        ADD_FAILURE() << pattern << " at " << std::hex << static_cast<std::uint32_t>(code);
    }
  }
}

TEST(Utf8, EveryCodePointComesBack) {
  for (char32_t code = 0; code <= 0x10FFFF; ++code) {
    std::string text;
    append_utf8(text, code);
    const Character c = decode_character(text, 0);
    if (code >= 0xD800 && code <= 0xDFFF) {
      EXPECT_EQ(c.code, kInvalidCode);
    } else {
      ASSERT_EQ(c.code, code);
      ASSERT_EQ(c.size, text.size());
      for (std::size_t cut = 1; cut < text.size(); ++cut) {
        ASSERT_EQ(incomplete_size(text.substr(0, cut)), cut);
      }
    }
  }
}

// The table of Unicode 16, section 3.9, and what Rust's from_utf8_lossy gives.
TEST(Utf8, ReplacesMaximalIllFormedParts) {
  const std::pair<std::string, std::string> cases[] = {
      {"a\xF1\x80\x80\xE1\x80\xC2z", "a\uFFFD\uFFFD\uFFFDz"},
      {"\xC0\xAF\xE0\x80\xBF", "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD"},
      {"\xED\xA0\x80", "\uFFFD\uFFFD\uFFFD"},
      {"\xF4\x91\x92\x93\xFF", "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD"},
      {"\xF0\x9F\x98", "\uFFFD"},
      {"\xE2\x82"
       "x",
       "\uFFFDx"},
      {"plain \u00E9", "plain \u00E9"},
      {"", ""},
  };
  for (const auto& [bytes, expected] : cases) {
    std::string out;
    append_replacing_invalid(out, bytes);
    EXPECT_EQ(out, expected);
    EXPECT_TRUE(is_valid_utf8(out));
  }
}

TEST(ByteLevel, AllBytesComeBack) {
  std::string bytes, characters, again;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  append_byte_characters(characters, bytes);
  EXPECT_TRUE(is_valid_utf8(characters));
  EXPECT_TRUE(append_character_bytes(again, characters));
  EXPECT_EQ(again, bytes);
  std::string kept = "kept";
  EXPECT_FALSE(append_character_bytes(kept, "a b"));
  EXPECT_FALSE(append_character_bytes(kept, "\u4F60"));
  EXPECT_EQ(kept, "kept");
  std::string space;
  append_byte_characters(space, " \n");
  EXPECT_EQ(space, "\u0120\u010A");
}

std::string in_form(UnicodeForm form, std::string text) {
  to_unicode_form(form, text);
  return text;
}

TEST(UnicodeForm, PutsMarksInOrderAndComposes) {
  EXPECT_EQ(in_form(UnicodeForm::kNfc, "e\u0301"), "\u00E9");
  EXPECT_EQ(in_form(UnicodeForm::kNfd, "\u1E69"), "s\u0323\u0307");
  EXPECT_EQ(in_form(UnicodeForm::kNfc, "s\u0307\u0323"), "\u1E69");
  EXPECT_EQ(in_form(UnicodeForm::kNfkc, "\uFB01\u2460"), "fi1");
  EXPECT_EQ(in_form(UnicodeForm::kNfc, "\u1112\u1161\u11AB"), "\uD55C");
  EXPECT_EQ(in_form(UnicodeForm::kNfc, "\u0958"), "\u0915\u093C");  // excluded from composition
}

TEST(UnicodeForm, LeavesBytesThatAreNotUtf8) {
  EXPECT_EQ(in_form(UnicodeForm::kNfc, "e\xFF\u0301"), "e\xFF\u0301");
  EXPECT_EQ(in_form(UnicodeForm::kNfkd, "\xE2\x82\u00E9"),
            "\xE2\x82"
            "e\u0301");
}

// Quadratic sorting of the marks would take hours.
TEST(UnicodeForm, IsFastOnARunOfMarks) {
  std::string text = "a";
  for (int i = 0; i < 200'000; ++i) text += i % 2 ? "\u0301" : "\u0323";
  const std::string out = in_form(UnicodeForm::kNfd, text);
  EXPECT_EQ(out.size(), text.size());
  EXPECT_EQ(out.substr(0, 5), "a\u0323\u0323");
  EXPECT_EQ(out.substr(out.size() - 2), "\u0301");
}

}  // namespace
}  // namespace mod::text::test
