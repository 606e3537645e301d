// Patterns in Oniguruma's syntax; what they match is checked against Hugging Face in
// components_test.cpp.
#include "text/regex.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "mod/error.h"
#include "text/regex_syntax.h"

namespace mod::text::test {
namespace {

std::vector<std::string> matches(const std::string& pattern, const std::string& text) {
  const Regex regex(pattern, "t.json: here");
  RegexWork work;
  std::vector<std::string> out;
  regex.find_all(text, work, [&](std::size_t begin, std::size_t end) {
    out.push_back(text.substr(begin, end - begin));
  });
  return out;
}

using Found = std::vector<std::string>;

TEST(Regex, KeepsOnigurumasMeaning) {
  EXPECT_EQ(matches("\\h+", "xab12g"), (Found{"ab12"}));
  EXPECT_EQ(matches("a{,2}b", "aaab"), (Found{"aab"}));
  EXPECT_EQ(matches("a{1,2}+b", "aaaab"), (Found{"aaaab"}));
  EXPECT_EQ(matches("(?:ab){1,2}+c", "abababc"), (Found{"abababc"}));
  EXPECT_EQ(matches("^b$", "a\nb\nc"), (Found{"b"}));
  EXPECT_EQ(matches("a.b", "a\nb"), Found{});
  EXPECT_EQ(matches("(?m:a.b)", "a\nb"), (Found{"a\nb"}));
  EXPECT_EQ(matches("\\s", "\u180E\u0085"), (Found{"\u0085"}));
  EXPECT_EQ(matches("\\w+", "a\u0301\u203F1-"), (Found{"a\u0301\u203F1"}));
  EXPECT_EQ(matches("(?i)\u00C9", "\u00E9"), (Found{"\u00E9"}));
  EXPECT_EQ(matches("{", "a{"), (Found{"{"}));
  EXPECT_EQ(matches("\u00E9{2}+x", "\u00E9\u00E9\u00E9\u00E9x"),
            (Found{"\u00E9\u00E9\u00E9\u00E9x"}));
}

TEST(Regex, EmptyMatchesDoNotRepeat) {
  EXPECT_EQ(matches("x*", "axxb"), (Found{"", "xx", ""}));
  EXPECT_EQ(matches("", "\u00E9a").size(), 3u);
}

TEST(Regex, PassesOverBytesThatAreNotUtf8) {
  EXPECT_EQ(matches("a+",
                    "aa\xFF"
                    "a\xE2\x82"
                    "aaa"),
            (Found{"aa", "a", "aaa"}));
  EXPECT_EQ(matches(".", "\xFF\xFE"), Found{});
}

TEST(Regex, RefusesByNameWhatItDoesNotKnow) {
  for (const char* pattern : {"[[:alpha:]]", "[a[bc]]", "[a&&b]", "\\K", "\\G", "\\Q.\\E", "\\C",
                              "(?~x)", "(?x) a", "(*FAIL)", "(?R)", "(?P<n>a)", "(?(1)a|b)",
                              "\\g<1>", "[\\W]", "\\xFF", "a{2}?", "\\p{Not a name}"}) {
    try {
      Regex(pattern, "t.json: here");
      ADD_FAILURE() << pattern;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUnsupported) << pattern;
      EXPECT_EQ(std::string(error.what()).rfind("t.json: here: the pattern '", 0), 0u)
          << error.what();
    }
  }
}

TEST(Regex, ReportsWhatIsNoPattern) {
  for (const char* pattern : {"(", "[a", "a**b)", "\\p{Xyzzy}", "(?<=a+)b", "\xFF", "\\"}) {
    try {
      Regex(pattern, "t.json: here");
      ADD_FAILURE() << pattern;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCorruptFile) << pattern;
      EXPECT_NE(std::string(error.what()).find("cannot be compiled"), std::string::npos)
          << error.what();
    }
  }
  EXPECT_THROW(Regex(std::string(20'000, 'a'), "t.json"), Error);
}

TEST(Regex, GivesUpWhereAPatternTakesTooManySteps) {
  // Not a single `b` at the end: PCRE2 would see that the text has none.
  const Regex regex("(a|a|aa)*[bc]", "t.json: here");
  RegexWork work;
  EXPECT_THROW(regex.find_all(std::string(2000, 'a'), work, [](std::size_t, std::size_t) {}),
               Error);
  std::size_t found = 0;  // and works again afterwards
  regex.find_all("aab", work, [&](std::size_t, std::size_t) { ++found; });
  EXPECT_EQ(found, 1u);
}

TEST(Regex, StepsAreCountedForTheWholeText) {
  // Some thousand steps at every place, and nothing is found at any.
  const Regex regex("(?:a|a){15}[bc]", "t.json: here");
  RegexWork work;
  const auto nothing = [](std::size_t, std::size_t) {};
  EXPECT_THROW(regex.find_all(std::string(10'000, 'a'), work, nothing), Error);
  RegexWork other;
  const auto many_texts = [&] {
    for (int i = 0; i < 1000; ++i) regex.find_all(std::string(20, 'a'), other, nothing);
  };
  EXPECT_THROW(many_texts(), Error);
}

TEST(Regex, AFewSlowPlacesAreAllowed) {
  const std::string slow = std::string(5000, ' ') + "x";
  std::string text;
  for (int i = 0; i < 50; ++i) text += slow;
  EXPECT_EQ(matches("\\s*\\n|\\s+|x", text).size(), 100u);
  EXPECT_EQ(matches("(?:a|a){12}[bc]", std::string(30, 'a') + "b").size(), 1u);
}

TEST(Regex, MatchesAMegabyteAtOnce) {
  EXPECT_EQ(matches("\\s+(?!\\S)|\\s+", std::string(1'000'000, ' ') + "x").size(), 2u);
  EXPECT_EQ(matches("[^x]+x", std::string(1'000'000, 'a') + "x").size(), 1u);
}

}  // namespace
}  // namespace mod::text::test
