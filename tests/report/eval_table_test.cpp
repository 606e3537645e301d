// The table against numbers worked out by hand.
#include "report/eval_table.h"

#include <gtest/gtest.h>

#include <cmath>

#include "eval_sample.h"
#include "report/eval_json.h"
#include "report/eval_text.h"
#include "report/text_table.h"

namespace mod::report {
namespace {

std::vector<std::string> labels_of(const EvalTable& table) {
  std::vector<std::string> labels;
  for (const TableRow& row : table.rows) labels.push_back(row.label);
  return labels;
}

const TableRow& row_named(const EvalTable& table, const std::string& label) {
  for (const TableRow& row : table.rows) {
    if (row.label == label) return row;
  }
  throw std::runtime_error("no row " + label);
}

TEST(EvalTable, PutsParentsFirstAndTheOracleLast) {
  const eval::Results results = small_results();
  const EvalTable table = eval_table(results);
  EXPECT_EQ(labels_of(table),
            (std::vector<std::string>{"left", "right", "other", "merge.yml", "mix.yml", "oracle"}));
  EXPECT_EQ(kind_text(table.rows[0]), "parent");
  EXPECT_EQ(kind_text(table.rows[2]), "model");
  EXPECT_EQ(kind_text(table.rows[5]), "oracle");
}

TEST(EvalTable, ComparesWithTheBestParentOfEachColumn) {
  const eval::Results results = small_results();
  const EvalTable table = eval_table(results);
  // left has 5/10 and 1/4, right 2/10 and 3/4: left is best on sum, right on word and on average.
  EXPECT_TRUE(row_named(table, "left").scores[0]->is_best_parent);
  EXPECT_TRUE(row_named(table, "right").scores[1]->is_best_parent);
  EXPECT_TRUE(row_named(table, "right").mean->is_best_parent);
  EXPECT_FALSE(row_named(table, "other").scores[0]->is_best_parent);

  const Score& sum = *row_named(table, "mix.yml").scores[0];
  EXPECT_DOUBLE_EQ(sum.accuracy, .9);
  EXPECT_NEAR(sum.error, std::sqrt(.9 * .1 / 9), 1e-12);
  EXPECT_EQ(sum.difference->against, "left");
  EXPECT_NEAR(sum.difference->value, .4, 1e-12);
  EXPECT_EQ(sum.difference->only_this, 4u);
  EXPECT_EQ(sum.difference->only_other, 0u);
  EXPECT_NEAR(sum.difference->p, .125, 1e-12);  // 2 / 2^4
  EXPECT_TRUE(sum.difference->is_noise());

  const Score& word = *row_named(table, "merge.yml").scores[1];
  EXPECT_EQ(word.difference->against, "right");
  EXPECT_NEAR(word.difference->value, -.75, 1e-12);
  EXPECT_NEAR(word.difference->p, .25, 1e-12);  // 2 / 2^3
}

TEST(EvalTable, MeansWeighTasksAlikeAndTestAllItems) {
  const eval::Results results = small_results();
  const EvalTable table = eval_table(results);
  const Score& mean = *row_named(table, "mix.yml").mean;
  EXPECT_NEAR(mean.accuracy, .95, 1e-12);
  EXPECT_NEAR(mean.error, std::sqrt(.9 * .1 / 9) / 2, 1e-12);  // word: all right, error 0
  EXPECT_EQ(mean.n, 14u);
  // Against right: sum 8 to 1 items, word 1 to 0; points (.7 + .25) / 2.
  EXPECT_EQ(mean.difference->against, "right");
  EXPECT_NEAR(mean.difference->value, .475, 1e-12);
  EXPECT_EQ(mean.difference->only_this, 9u);
  EXPECT_EQ(mean.difference->only_other, 1u);
  EXPECT_NEAR(mean.difference->p, 2 * 11 / 1024., 1e-12);
  EXPECT_FALSE(mean.difference->is_noise());
}

TEST(EvalTable, CountsCostsWithoutTheOracle) {
  const eval::Results results = small_results();
  const EvalTable table = eval_table(results);
  const TableRow& mix = row_named(table, "mix.yml");
  EXPECT_NEAR(*mix.tokens_per_second, (50 + 20) / 4., 1e-12);
  EXPECT_NEAR(*mix.passes_per_token, 1.5, 1e-12);
  EXPECT_NEAR(*row_named(table, "left").passes_per_token, 1, 1e-12);
  EXPECT_FALSE(row_named(table, "oracle").tokens_per_second);
  EXPECT_NEAR(row_named(table, "oracle").scores[1]->accuracy, .75, 1e-12);
}

TEST(EvalTable, AllModelsAreParentsWhereNoneIsNamed) {
  eval::Results results;
  results.tasks = {"t"};
  results.rows = {row_of("a", eval::RowKind::kParent, {}, {cell_of("t", "10")}),
                  row_of("b", eval::RowKind::kParent, {}, {cell_of("t", "11")})};
  const EvalTable table = eval_table(results);
  EXPECT_TRUE(table.rows[1].scores[0]->is_best_parent);
  EXPECT_EQ(table.rows[0].scores[0]->difference->p, 1);  // one item against none: p = 1
  EXPECT_FALSE(table.has_mean());
}

TEST(EvalTable, LivesWithMissingCellsAndItems) {
  eval::Results results = small_results();
  results.rows[0].cells.pop_back();
  results.rows[1].cells[0].items.erase(results.rows[1].cells[0].items.begin());
  const EvalTable table = eval_table(results);
  EXPECT_FALSE(row_named(table, "mix.yml").scores[1]);
  EXPECT_FALSE(row_named(table, "mix.yml").mean);
  EXPECT_EQ(row_named(table, "mix.yml").scores[0]->difference->n, 9u);
  EXPECT_TRUE(eval_table({}).rows.empty());
  EXPECT_NE(table_text(table).find("\u2013"), std::string::npos);
}

TEST(EvalText, SaysNoiseAndIntervals) {
  const eval::Results results = small_results();
  const EvalTable table = eval_table(results);
  const std::string text = table_text(table);
  EXPECT_NE(text.find("90.0 \u00B1 10.0"), std::string::npos) << text;
  EXPECT_NE(text.find("\u2248 +40.0 p 0.12"), std::string::npos) << text;
  EXPECT_NE(text.find(" +47.5 p 0.021"), std::string::npos) << text;
  EXPECT_NE(text.find("100.0 [51.0, 100.0]"), std::string::npos) << text;  // Wilson, 4 of 4
  EXPECT_NE(text.find("best parent"), std::string::npos);
  EXPECT_NE(table_notes(table).find("within noise"), std::string::npos);
  for (std::size_t at = 0, next; (next = text.find('\n', at)) != std::string::npos; at = next + 1)
    EXPECT_NE(text[next - 1], ' ');
}

TEST(EvalText, SaysThatARunWasStopped) {
  eval::Results results = small_results();
  EXPECT_EQ(table_notes(eval_table(results)).find("Stopped"), std::string::npos);
  results.is_complete = false;
  EXPECT_NE(table_notes(eval_table(results)).find("Stopped"), std::string::npos);
  EXPECT_EQ(eval_json(results, eval_table(results))["complete"], false);
}

TEST(EvalText, WritesSmallP) {
  EXPECT_EQ(p_text(1), "1.00");
  EXPECT_EQ(p_text(.125), "0.12");
  EXPECT_EQ(p_text(.0312), "0.031");
  EXPECT_EQ(p_text(1e-5), "< 0.001");
  EXPECT_EQ(difference_text({.value = -.031, .p = 1e-9}), "-3.1 p < 0.001");
}

TEST(EvalText, MarkdownHasOneLineARowAndNoMarkupOfModels) {
  eval::Results results = small_results();
  results.rows[1].label = "a|b <img> *x* `y`\n";
  const std::string text = table_markdown(eval_table(results));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2 + 6);
  EXPECT_EQ(text.find("<img"), std::string::npos);
  EXPECT_NE(text.find("| a\\|b &lt;img&gt; \\*x\\* \\`y\\`\u21B5 | parent |"), std::string::npos)
      << text;
  EXPECT_NE(text.find("\u2248 +40.0 p 0.12"), std::string::npos);
}

TEST(EvalJson, HasOneEntryForEachModelAndTask) {
  const eval::Results results = small_results();
  const Json json = eval_json(results, eval_table(results));
  ASSERT_EQ(json["results"].size(), 12u);
  EXPECT_EQ(json["means"].size(), 6u);
  const Json& entry = json["results"][8];
  EXPECT_EQ(entry["model"], "mix.yml");
  EXPECT_EQ(entry["kind"], "mixture");
  EXPECT_EQ(entry["task"], "sum");
  EXPECT_DOUBLE_EQ(entry["accuracy"].get<double>(), .9);
  EXPECT_EQ(entry["n"], 10);
  EXPECT_FALSE(entry.contains("accuracy_qwen"));
  EXPECT_DOUBLE_EQ(entry["difference"]["p"].get<double>(), .125);
  EXPECT_EQ(entry["difference"]["against"], "left");
  EXPECT_EQ(entry["items"].size(), 10u);
  EXPECT_EQ(entry["items"][9]["correct"], false);
  EXPECT_EQ(entry["forward_passes"]["b"], 25);
  EXPECT_EQ(json["results"][11]["model"], "oracle");
  EXPECT_EQ(json["results"][0]["kind"], "model");
  EXPECT_EQ(json["results"][0]["parent"], true);
}

TEST(EvalJson, CarriesTheOtherGrader) {
  eval::Results results = small_results();
  for (eval::ItemResult& item : results.rows[0].cells[0].items) item.correct_qwen = true;
  eval::finish_cell(results.rows[0].cells[0]);
  const Json json = eval_json(results, eval_table(results));
  EXPECT_EQ(json["results"][8]["accuracy_qwen"], 1.0);
  EXPECT_EQ(json["results"][8]["items"][9]["correct_qwen"], true);
}

TEST(TextTable, LinesUpWhatIsSeen) {
  EXPECT_EQ(display_width("\u2248\u00E9"), 2u);
  EXPECT_EQ(display_width("\u6F22"), 2u);
  EXPECT_EQ(display_width("e\u0301"), 1u);
  EXPECT_EQ(lined_up({{"a", "1"}, {"\u00E9\u00E9", "10"}}, 1), "a    1\n\u00E9\u00E9  10\n");
  EXPECT_EQ(shortened("abcdefghij", 5), "ab\u2026ij");
  EXPECT_EQ(shortened("abc", 3), "abc");
  EXPECT_EQ(display_width(shortened("\u6F22\u6F22\u6F22\u6F22", 5)), 5u);
}

}  // namespace
}  // namespace mod::report
