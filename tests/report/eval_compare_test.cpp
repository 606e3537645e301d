// Comparing what eval_json wrote, and what it did not.
#include "report/eval_compare.h"

#include <gtest/gtest.h>

#include <cmath>

#include "eval_sample.h"
#include "mod/error.h"
#include "report/eval_json.h"

namespace mod::report {
namespace {

Json json_of(const eval::Results& results) { return eval_json(results, eval_table(results)); }

eval::Results one(const std::string& model, const std::string& verdicts) {
  eval::Results results;
  results.tasks = {"t"};
  results.rows = {row_of(model, eval::RowKind::kParent, {}, {cell_of("t", verdicts)})};
  return results;
}

TEST(Compare, PairsItemsById) {
  const Comparison found =
      compare_results(json_of(one("m", "11110000")), json_of(one("m", "00011111")), "A", "B");
  ASSERT_EQ(found.scores.size(), 1u);
  const ComparedScore& score = found.scores[0];
  EXPECT_TRUE(score.paired);
  EXPECT_EQ(score.n, 8u);
  EXPECT_EQ(score.only_a, 3u);
  EXPECT_EQ(score.only_b, 4u);
  EXPECT_NEAR(score.difference, .125, 1e-12);
  EXPECT_NEAR(score.p, 1, 1e-12);
  EXPECT_NE(comparison_text(found).find("\u2248 +12.5"), std::string::npos);
  EXPECT_EQ(comparison_json(found)["scores"][0]["only_b"], 4);
}

TEST(Compare, TakesCommonItemsWhereTheNumbersDiffer) {
  const Comparison found =
      compare_results(json_of(one("m", "0000")), json_of(one("m", "1111111111")), "A", "B");
  EXPECT_EQ(found.scores[0].n, 4u);
  EXPECT_NEAR(found.scores[0].p, .125, 1e-12);
  EXPECT_NEAR(found.scores[0].b, 1, 1e-12);
}

TEST(Compare, UsesErrorsWhereThereAreNoItems) {
  Json a = json_of(one("m", "1100")), b = json_of(one("m", "1110"));
  b["results"][0].erase("items");
  const ComparedScore score = compare_results(a, b, "A", "B").scores[0];
  EXPECT_FALSE(score.paired);
  EXPECT_NEAR(score.difference, .25, 1e-12);
  const double z = .25 / std::sqrt(.25 / 3 + .1875 / 3);
  EXPECT_NEAR(score.p, std::erfc(z / std::sqrt(2)), 1e-12);
}

TEST(Compare, MatchesTheOnlyModelsOfTwoFiles) {
  const Comparison found =
      compare_results(json_of(one("old", "10")), json_of(one("new", "11")), "A", "B");
  EXPECT_EQ(found.scores[0].model_b, "new");
  EXPECT_NE(comparison_text(found).find("old \u2192 new"), std::string::npos);
}

TEST(Compare, NamesWhatOneFileLacks) {
  eval::Results less = small_results();
  less.rows.erase(less.rows.begin());
  less.rows[0].cells.pop_back();
  const Comparison found = compare_results(json_of(small_results()), json_of(less), "A", "B");
  EXPECT_EQ(found.scores.size(), 9u);
  EXPECT_EQ(found.only_a,
            (std::vector<std::string>{"left, word", "mix.yml, sum", "mix.yml, word"}));
  EXPECT_TRUE(found.only_b.empty());
}

TEST(Compare, RefusesWhatIsNoResultAndSaysWhere) {
  const Json good = json_of(one("m", "10"));
  const auto message = [&](const Json& bad) -> std::string {
    try {
      compare_results(good, bad, "a.json", "b.json");
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(message(Json::array()).find("b.json: no list 'results'"), std::string::npos);
  EXPECT_NE(message({{"results", {1}}}).find("results[0]: not an object"), std::string::npos);
  Json bad = good;
  bad["results"][0]["accuracy"] = 97.5;
  EXPECT_NE(message(bad).find("results[0]: 'accuracy' is not between"), std::string::npos);
  bad = good;
  bad["results"][0]["items"][1]["id"] = "0";
  EXPECT_NE(message(bad).find("results[0].items[1]: the id stands twice"), std::string::npos);
  bad = good;
  bad["results"][0]["items"][1]["correct"] = "yes";
  EXPECT_NE(message(bad).find("items[1]: no truth value"), std::string::npos);
  bad = good;
  bad["results"].push_back(good["results"][0]);
  EXPECT_NE(message(bad).find("results[1]: the same model and task"), std::string::npos);
  bad = good;
  bad["results"][0]["task"] = "another";
  EXPECT_NE(message(bad).find("no model has answered the same task"), std::string::npos);
}

}  // namespace
}  // namespace mod::report
