// The hand-written splitters against PCRE2 with the same pattern.
#include "text/known_patterns.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "text/char_table.h"
#include "text/utf8.h"

namespace mod::text::test {
namespace {

using Ends = std::vector<std::size_t>;

constexpr KnownPattern kAll[] = {KnownPattern::kGpt2, KnownPattern::kLlama3, KnownPattern::kQwen2,
                                 KnownPattern::kTekken};

Ends ends_by_hand(KnownPattern pattern, std::string_view text) {
  Ends ends;
  split_by(pattern, text, [&](std::size_t begin, std::size_t end) {
    EXPECT_EQ(begin, ends.empty() ? 0 : ends.back());
    EXPECT_GT(end, begin);
    ends.push_back(end);
  });
  return ends;
}

Ends ends_by_regex(const Regex& regex, RegexWork& work, std::string_view text) {
  Ends ends;
  regex.find_all(text, work, [&](std::size_t, std::size_t end) { ends.push_back(end); });
  return ends;
}

/// Characters that came after the Unicode of this PCRE2.
bool is_too_new(const Regex& unassigned, RegexWork& work, const std::string& character,
                std::uint8_t classes) {
  return classes != 0 && !ends_by_regex(unassigned, work, character).empty();
}

TEST(KnownPatterns, AreFoundByTheirExactText) {
  for (const KnownPattern pattern : kAll) {
    EXPECT_EQ(find_known_pattern(text_of(pattern)), pattern);
    EXPECT_EQ(find_known_pattern(std::string(text_of(pattern)) + " "), std::nullopt);
  }
}

TEST(KnownPatterns, EveryCharacterOfUnicodeInContext) {
  RegexWork work;
  const Regex unassigned("\\p{Cn}", "test");
  std::vector<Regex> regexes;
  for (const KnownPattern pattern : kAll) regexes.emplace_back(text_of(pattern), "test");
  std::size_t skipped = 0, wrong = 0;
  for (char32_t code = 0; code <= 0x10FFFF; ++code) {
    if (code >= 0xD800 && code <= 0xDFFF) continue;
    std::string c;
    append_utf8(c, code);
    if (is_too_new(unassigned, work, c, CharTable::get()[code])) {
      ++skipped;
      continue;
    }
    const std::string text = "a" + c + "B 1" + c + " " + c + c + "\n" + c + ".'" + c + "s  " + c;
    for (std::size_t i = 0; i < regexes.size(); ++i) {
      if (ends_by_hand(kAll[i], text) == ends_by_regex(regexes[i], work, text)) continue;
      if (++wrong < 10)
        ADD_FAILURE() << "pattern " << i << ", code " << std::hex
                      << static_cast<std::uint32_t>(code);
    }
  }
  EXPECT_EQ(wrong, 0u);
  EXPECT_LT(skipped, 12000u);  // 9,515 with PCRE2 10.42 (Unicode 14)
}

/// All texts of up to four of these: every branch of the patterns, and every pair of them.
TEST(KnownPatterns, AllShortTextsOfEachKindOfCharacter) {
  const std::string symbols[] = {" ",      "\n",     "\r",     "\t",     "\u00A0", "'",      "s",
                                 "S",      "\u017F", "t",      "r",      "E",      "l",      "A",
                                 "\u01C5", "\u02B0", "\u4F60", "\u0301", "1",      "\u00BD", "/"};
  RegexWork work;
  std::vector<Regex> regexes;
  for (const KnownPattern pattern : kAll) regexes.emplace_back(text_of(pattern), "test");
  std::size_t wrong = 0;
  const std::size_t count = std::size(symbols);
  for (std::size_t n = 0; n < count * count * count * count; ++n) {
    std::string text;
    for (std::size_t rest = n, i = 0; i < 4; ++i, rest /= count) text += symbols[rest % count];
    for (std::size_t i = 0; i < regexes.size(); ++i) {
      if (ends_by_hand(kAll[i], text) == ends_by_regex(regexes[i], work, text)) continue;
      if (++wrong < 10) ADD_FAILURE() << "pattern " << i << ": " << text;
    }
  }
  EXPECT_EQ(wrong, 0u);
}

TEST(KnownPatterns, CoverBytesThatAreNotUtf8) {
  for (const KnownPattern pattern : kAll) {
    for (const std::string text :
         {"a\x80z", "\xFF\xFF", " \xE2\x82", "1\xF0\x9F\x98x", "\xC0\x80"}) {
      const Ends ends = ends_by_hand(pattern, text);
      EXPECT_EQ(ends.back(), text.size());
    }
  }
}

}  // namespace
}  // namespace mod::text::test
