#include <gtest/gtest.h>

#include "eval/graders.h"

namespace mod::eval {
namespace {

TEST(Graders, ExactTakesTheFirstBox) {
  EXPECT_TRUE(grade_reply("exact", "", "a \\boxed{ 4} \\boxed{5}", "4").correct);
  EXPECT_FALSE(grade_reply("exact", "", "\\boxed{4.0}", "4").correct);
  EXPECT_EQ(grade_reply("exact", "", "\\boxed{{a}b}", "x").graded, "{a}b");
  EXPECT_FALSE(grade_reply("exact", "", "4", "4").graded.has_value());
  EXPECT_EQ(prepare_gold("exact", "", " 4\n"), "4");
}

TEST(Graders, BothModesOfTheMathProtocol) {
  // The reference reads "3,7" and "3,5" as 3.
  const Verdict strict = grade_reply("strict", "math", "So \\boxed{2\\sqrt{3},7}", "2\\sqrt{3},5");
  EXPECT_FALSE(strict.correct);
  EXPECT_EQ(strict.correct_qwen, true);
  EXPECT_TRUE(grade_reply("qwen", "math", "So \\boxed{2\\sqrt{3},7}", "2\\sqrt{3},5").correct);
  EXPECT_TRUE(grade_reply("strict", "gsm8k", "It is 1,007.", "1007").correct);
  EXPECT_FALSE(grade_reply("strict", "gsm8k", "", "1007").graded.has_value());
}

TEST(Graders, Gsm8kAsLmEvaluationHarness) {
  const std::string gold = "She makes 9 * 2 = $<<9*2=18>>18.\n#### 18";
  const auto verdict = [&](const std::string& reply) {
    return grade_reply("gsm8k", "", reply, gold);
  };
  const auto check = [&](const std::string& reply, bool strict, bool flexible) {
    EXPECT_EQ(verdict(reply).correct, strict) << reply;
    EXPECT_EQ(verdict(reply).more_metrics.at("flexible-extract"), flexible) << reply;
  };
  check("#### 18", true, true);
  check("#### 18\n\nQuestion 5", true, false);  // flexible takes the last number
  check("It is 18", false, true);
  check("It is $18.", false, true);  // a final dot is ignored
  check("#### 1,8", true, true);     // so are commas
  check("####18", false, true);
  check("#### -18", false, false);
  check("####  18", false, true);
  check("#### x #### 18", true, true);
  check("18 apples, -", false, true);
  check("", false, false);
  EXPECT_EQ(verdict("no").graded, "[invalid]");
}

TEST(Graders, Gsm8kCotNeedsACharacterBehindTheNumber) {
  const auto graded = [](const std::string& reply) {
    return grade_reply("gsm8k-cot", "", reply, "18").graded;
  };
  EXPECT_EQ(graded("The answer is 18."), "18");
  EXPECT_EQ(graded("The answer is 18. Q"), "18.");
  EXPECT_EQ(graded("The answer is 18!"), "18");
  EXPECT_EQ(graded("The answer is 18"), "1");
  EXPECT_EQ(graded("The answer is 8"), "[invalid]");
  EXPECT_TRUE(grade_reply("gsm8k-cot", "", "The answer is 18. Q", "18").correct);
}

}  // namespace
}  // namespace mod::eval
