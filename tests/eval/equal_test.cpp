// Hand-written verdicts for each rule, properties, and hostile input.
#include "eval/grade/equal.h"

#include <gtest/gtest.h>

#include "eval/grade/extract.h"
#include "eval/grade/normalize.h"

namespace mod::eval {
namespace {

bool strict(const std::string& a, const std::string& b) {
  return answers_equal(a, b, GradeMode::kStrict);
}
bool qwen(const std::string& a, const std::string& b) {
  return answers_equal(a, b, GradeMode::kQwen);
}

struct Case {
  const char *prediction, *gold;
  bool strict, qwen;
};

const Case kCases[] = {
    {"", "", true, true},
    {"", "1", false, false},
    {"ABC", " abc ", true, true},
    {"(C)", "C", true, true},
    {"B", "C", false, false},
    // Numbers: a hundredth and a hundredfold pass, relative to 1e-4; both numbers end the matter.
    {"0.5", "50", true, true},
    {"5000", "50", true, true},
    {"50%", "0.5", true, true},
    {"1,234", "1234", true, true},
    {"1_000", "1e3", true, true},
    {"0.3333", "\\frac{1}{3}", true, true},
    {"0.333", "\\frac{1}{3}", false, false},
    {"33.33", "\\frac{100}{3}", false, false},
    {"0", "0.00001", false, false},
    {"nan", "nan", true, true},
    // Brackets, tuples, matrices.
    {"[0,1]", "(0,1)", true, true},
    {"{1,2}", "1,2", true, true},
    {"(1,0.5)", "(1,\\frac{1}{2})", true, true},
    {"(1,2)", "(2,1)", false, false},
    {"(1,2)", "(1,2,3)", false, false},
    {"\\begin{pmatrix}1\\\\0.5\\end{pmatrix}", "\\begin{pmatrix}1\\\\\\frac{1}{2}\\end{pmatrix}",
     true, true},
    {"\\begin{pmatrix}1&2\\end{pmatrix}", "\\begin{pmatrix}1\\\\2\\end{pmatrix}", false, false},
    // Equations and relations.
    {"2x-y=0", "y=2x", true, true},
    {"4x-2y=0", "2x-y=0", false, false},
    {"k=3", "3", true, true},
    {"3", "k=3", true, true},
    {"x<3", "3>x", true, true},
    {"x<3", "x>3", false, false},
    {"1<x<3", "3>x>1", true, true},
    {"x\\le3", "x<3", false, false},
    // Algebra at random points.
    {"\\frac{x^2-1}{x-1}", "x+1", true, true},
    {"(a+b)^2", "a^2+2ab+b^2", true, true},
    {"(a+b)^2", "a^2+b^2", false, false},
    {"\\tan x", "\\frac{\\sin x}{\\cos x}", true, true},
    {"\\sqrt{x^2}", "x", false, false},
    {"\\sqrt[3]{8}", "2", true, true},
    {"\\binom{5}{2}", "10", true, true},
    {"5!", "120", true, true},
    {"2^{10}", "1024", true, true},
    {"7:4", "\\frac{7}{4}", true, true},
    {"|-3|", "3", true, true},
    {"\\lfloor2.5\\rfloor", "2", true, true},
    {"\\log_28", "3", true, true},
    {"\\ln x", "\\log x", true, true},
    {"2/3x", "\\frac{2}{3x}", true, true},
    // Parentheses are ignored before anything is read.
    {"-x^2", "(-x)^2", true, true},
    {"-x^2", "x^2+0", false, false},
    {"-x^2", "0-x^2", true, true},
    {"2\\frac{1}{2}", "2.5", false, false},
    // pi, e and i are symbols.
    {"2\\pi", "6.2832", false, false},
    {"i^2", "-1", false, false},
    // Where the modes differ: the rest of an answer, a letter before a parenthesis, percent.
    {"2\\sqrt{3},5", "2\\sqrt{3},7", false, true},
    {"x=2,y=3", "x=2,y=5", false, true},
    {"(-\\infty,2)\\cup(3,\\infty)", "(-\\infty,2)\\cup(4,\\infty)", false, true},
    {"x(x-10)+41", "x^2-10x+41", true, false},
    {"50\\%", "\\frac{1}{2}", false, true},
    {"$10", "\\frac{20}{2}", false, true},
};

TEST(Equal, EachRule) {
  for (const Case& c : kCases) {
    EXPECT_EQ(strict(c.prediction, c.gold), c.strict) << c.prediction << " | " << c.gold;
    EXPECT_EQ(qwen(c.prediction, c.gold), c.qwen) << c.prediction << " | " << c.gold;
  }
  EXPECT_FALSE(answers_equal(std::nullopt, "", GradeMode::kStrict));
}

TEST(Equal, IsReflexiveAndSymmetricWhereNoRuleTellsTheSidesApart) {
  for (const Case& c : kCases) {
    EXPECT_TRUE(strict(c.prediction, c.prediction)) << c.prediction;
    EXPECT_TRUE(qwen(c.gold, c.gold)) << c.gold;
    // A letter is looked for in the prediction only, and an empty one is refused.
    if (is_choice_letter(c.gold) || *c.prediction == 0) continue;
    EXPECT_EQ(strict(c.gold, c.prediction), c.strict) << c.gold << " | " << c.prediction;
  }
}

std::string repeat(const std::string& text, int n) {
  std::string out;
  for (int i = 0; i < n; ++i) out += text;
  return out;
}

TEST(Equal, HostileInputEnds) {
  const std::string hostile[] = {
      repeat("(", 4000),
      repeat("(", 2000) + "x" + repeat(")", 2000),
      repeat("[1,", 2000),
      repeat("{", 100000),
      repeat("\\frac{", 3000) + "1",
      repeat("-", 4000) + "1",
      repeat("\\sqrt{", 500) + "x" + repeat("}", 500),
      "x" + repeat("^x", 2000),
      "10^{1000000000}",
      "10^{10^{10^{10}}}",
      "(10^{1000000000})!",
      "x^{1000000000}+1",
      "9" + repeat("9", 100000),
      "1e999999999",
      repeat("|x", 2000),
      repeat("1,", 8000),
      repeat("x+", 2000) + "x",
      repeat("a=b,", 1000),
      repeat("\xff\xfe\xc3", 1000),
      repeat("\xf0\x9f\x98", 5000),
      repeat("\\begin{pmatrix}", 1000),
      std::string(100, '\0'),
  };
  for (const std::string& a : hostile) {
    EXPECT_TRUE(qwen(a, a));
    for (const std::string& b : hostile) {
      if (&a == &b) continue;
      strict(a, b);
      qwen(a, b);
    }
    prediction(a, "math");
    prediction(a, "aqua", "A");
  }
  const std::string megabyte = repeat("The answer is \\boxed{\\frac{1}{2}} and 3.0 m ", 25000);
  EXPECT_EQ(prediction(megabyte, "math"), "\\frac{1}{2}");
  EXPECT_EQ(prediction("\\boxed" + megabyte + repeat("{", 1 << 20), "math")->size(), 11u);
  EXPECT_EQ(boxed_text("\\boxed{" + repeat("{", 1 << 20)), std::nullopt);
}

TEST(Normalize, LeavesWhatIsTooLongForAnAnswerAlone) {
  const std::string text(kLongestAnswer + 1, 'm');
  EXPECT_EQ(normalize_answer(text), text);
}

TEST(Exact, IsTheFirstClosedBoxByteByByte) {
  EXPECT_TRUE(exact_match("so \\boxed{ 42 } or \\boxed{43}", "42"));
  EXPECT_TRUE(exact_match("\\boxed{\\frac{1}{2}}", "\\frac{1}{2}"));
  EXPECT_FALSE(exact_match("\\boxed{42.0}", "42"));
  EXPECT_FALSE(exact_match("42", "42"));
  EXPECT_FALSE(exact_match("\\boxed{42", "42"));
  EXPECT_TRUE(exact_match("\\boxed{le \u00e9t\u00e9}", "le \u00e9t\u00e9"));
}

TEST(Choice, FirstLetterAfterAPhraseLastWithout) {
  EXPECT_EQ(clean_choice("a and b are not right"), "B");
  EXPECT_EQ(clean_choice("The answer is (C), not (D)."), "C");
  EXPECT_EQ(clean_choice("The choice is ABC"), "ABC");
  EXPECT_EQ(prediction("I take (b)", "math", "B"), "B");
  EXPECT_EQ(prediction("\\boxed{B, C}", "math", "BC"), "BC");
  EXPECT_EQ(prediction("", "math", "B"), std::nullopt);
  EXPECT_EQ(prediction("error", "math"), std::nullopt);
}

TEST(Normalize, EachRule) {
  const std::pair<const char*, const char*> cases[] = {
      {" 3.0. ", "3"},
      {"5.00x", "5x"},
      {"3.05", "3.05"},
      {".5", "0.5"},
      {"x = 3", "3"},
      {"xyz=3", "xy3"},
      {"\\dfrac12", "\\frac{1}{2}"},
      {"\\frac1{2}", "\\frac{1}{2}"},
      {"\\frac1", "\\frac1"},
      {"3/4", "\\frac{3}{4}"},
      {"03/4", "03/4"},
      {"\\sqrt3", "\\sqrt{3}"},
      {"a+b", "+b"},
      {"12 cm", "12"},
      {"90^\\circ", "90"},
      {"\\$5", "5"},
      {"2+3j", "2+3i"},
      {"inf", "\\infty"},
      {"(-\\infty, \\infty)", "(-\\infty,\\infty)"},
      {"\\text{red}", "red"},
      {"4\\text{ red}", "4"},
      {"two million three thousand", "2003000"},
      {"two point five", "2.5"},
      {"point", "0"},
      {"thousand million", "thousmillion"},
      {"one of them", "1"},
      {"007", "7"},
      {"\\mbox{x}", ""}};
  for (const auto& [in, out] : cases) EXPECT_EQ(normalize_answer(in), out) << in;
  EXPECT_EQ(normalize_answer("a+b", true), "a+b");
}

}  // namespace
}  // namespace mod::eval
