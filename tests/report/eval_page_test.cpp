// What a page of an evaluation holds, and that nothing in it can act.
#include "report/eval_page.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>

#include "eval_sample.h"
#include "page_support.h"
#include "report/eval_agreement.h"
#include "report/eval_charts.h"
#include "report/eval_json.h"

namespace mod::report {
namespace {

void keep_for_a_browser(const std::string& name, const std::string& page) {
  if (const char* folder = std::getenv("MOD_PAGES"))
    std::ofstream(std::string(folder) + '/' + name) << page;
}

eval::Likeness small_likeness() {
  return {.positions = 40,
          .texts = 7,
          .source = "left",
          .rows = {"left", "right"},
          .top1 = {{1, .75}, {.75, 1}},
          .jensen_shannon = {{0, .2}, {.2, 0}},
          .left_out = {{"other", "a <b>"}}};
}

TEST(EvalPage, IsOneWellFormedPageThatLoadsNothing) {
  EvalPage options;
  options.title = "Models & <merges>";
  options.note = "mod eval a b --tasks \"math\"";
  eval::Results results = large_results(4, 40);
  results.likeness = eval::Likeness{.positions = 512,
                                    .texts = 80,
                                    .source = "specialists/base",
                                    .rows = {"specialists/base", "specialists/math"},
                                    .top1 = {{1, .8}, {.8, 1}},
                                    .jensen_shannon = {{0, .2}, {.2, 0}},
                                    .left_out = {{"specialists/code", "its ids are <other>"}}};
  const std::string page = eval_page_html(results, options);
  EXPECT_EQ(page_problems(page), "");
  EXPECT_NE(page.find("<title>Models &amp; &lt;merges&gt;</title>"), std::string::npos);
  EXPECT_NE(page.find("Jensen-Shannon distance"), std::string::npos);
  keep_for_a_browser("eval.html", page);
}

TEST(EvalPage, IsAPageWithLittle) {
  EXPECT_EQ(page_problems(eval_page_html({}, {})), "");
  eval::Results results = small_results();
  results.rows.resize(1);
  results.tasks = {"sum", "nobody's"};
  EXPECT_EQ(page_problems(eval_page_html(results, {})), "");
}

TEST(EvalPage, ShowsTheTableWithItsTests) {
  const std::string page = eval_page_html(small_results(), {});
  EXPECT_NE(page.find("90.0 \u00B1 10.0<small class=\"noise\" title=\"against left: 4 items right "
                      "here alone, 0 there alone, of 10\">\u2248 +40.0 p 0.12</small>"),
            std::string::npos);
  EXPECT_NE(
      page.find("<small class=\"up\" title=\"against right: 9 items right here alone, 1 there "
                "alone, of 14\">+47.5 p 0.021</small>"),
      std::string::npos);
  EXPECT_NE(page.find("within noise"), std::string::npos);
}

TEST(EvalPage, GivesEveryReplyOnceToTheScript) {
  const Json data = page_data_of(eval_page_html(small_results(), {}));
  EXPECT_EQ(data["tasks"], Json({"sum", "word"}));
  ASSERT_EQ(data["models"].size(), 5u);  // the oracle has no replies of its own
  EXPECT_EQ(data["models"][0], Json({"left", "k0"}));
  ASSERT_EQ(data["items"].size(), 14u);
  const Json& item = data["items"][5];  // left 0, right 0, other 1, merge 0, mix 1
  EXPECT_EQ(item[1], "5");
  EXPECT_EQ(item[4].size(), 2u);
  EXPECT_EQ(item[5], Json({0, 0, 1, 0, 1}));
  EXPECT_EQ(item[4][0], Json({"8", 0, "so \\boxed{8}", nullptr}));
}

TEST(EvalPage, MarksWhatAModelDidNotAnswer) {
  eval::Results results = small_results();
  results.rows[0].cells[0].items.resize(3);  // mix.yml
  const Json data = page_data_of(eval_page_html(results, {}));
  EXPECT_EQ(data["items"][2][5][4], 0);
  EXPECT_EQ(data["items"][3][5][4], -1);
}

TEST(EvalPage, StaysSmallWithManyModels) {
  const eval::Results results = large_results(12, 300);  // 19 models, 1,200 items
  const std::string page = eval_page_html(results, {});
  EXPECT_EQ(page_problems(page), "");
  EXPECT_LT(page.size(), 3'000'000u);
  keep_for_a_browser("eval_large.html", page);
}

TEST(Agreement, CountsEqualAnswersOnCommonItems) {
  eval::Results results = small_results();
  const EvalTable table = eval_table(results);
  const Agreement agreement = agreement_of(table);
  ASSERT_EQ(agreement.rows.size(), 5u);  // left, right, other, merge.yml, mix.yml
  // left 1111100000 0100 and right 0000000011 1101 say the same on items 5-7, and 1 and 2 of word.
  EXPECT_NEAR(*agreement.same[0][1], 5 / 14., 1e-12);
  EXPECT_EQ(agreement.same[0][1], agreement.same[1][0]);
  EXPECT_EQ(*agreement.same[3][3], 1);

  results.rows[1].cells.clear();
  EXPECT_FALSE(agreement_of(eval_table(results)).same[0][1]);
}

TEST(Agreement, NoAnswerIsAnAnswer) {
  eval::Results results = small_results();
  for (eval::Row& row : results.rows) {
    for (eval::Cell& cell : row.cells) {
      for (eval::ItemResult& item : cell.items) item.graded.reset();
    }
  }
  EXPECT_EQ(*agreement_of(eval_table(results)).same[0][1], 1);
}

TEST(Charts, DrawBarsWithWhiskers) {
  const eval::Results results = small_results();
  const std::string bars = bars_html(eval_table(results));
  // mix.yml on sum: .9 +- .1, fifth of the rows.
  EXPECT_NE(bars.find("<rect class=\"k2\" x=\"0\" y=\"41.5\" width=\"900\" height=\"7\"/><path "
                      "class=\"whisker\" d=\"M800 45H1000M800 43v4M1000 43v4\"/>"),
            std::string::npos)
      << bars;
  EXPECT_NE(bars.find("<path class=\"best\" d=\"M500 0V60\"/>"), std::string::npos);
  EXPECT_EQ(bars.find("nan"), std::string::npos);
}

TEST(Charts, RefuseMatricesThatAreNotSquare) {
  const eval::Results results = small_results();
  const EvalTable table = eval_table(results);
  eval::Likeness likeness = small_likeness();
  likeness.top1 = {{1, .5}, {.5}};
  likeness.jensen_shannon = {{0}};
  EXPECT_EQ(agreement_html(table, likeness), agreement_html(table, {}));
  likeness.top1 = {{1, std::nan("")}, {.5, 1}};
  EXPECT_NE(agreement_html(table, likeness), agreement_html(table, {}));
}

TEST(Charts, LikenessSaysWhatWasMeasured) {
  const eval::Results results = small_results();
  eval::Likeness likeness = small_likeness();
  std::swap(likeness.rows[0], likeness.rows[1]);  // the page has the order of the table
  const std::string html = agreement_html(eval_table(results), likeness);
  for (const char* part :
       {"at the same 40 positions, inside 7 replies of left:", "other is left out: a &lt;b&gt;.",
        "<tr><th scope=\"row\">left <i>1</i></th><td class=\"self\">\u2013</td>"
        "<td style=\"--v:0.75\">75</td></tr>",
        "<tr><th scope=\"row\">right <i>2</i></th><td style=\"--v:0.75\">75</td>",
        "<td style=\"--v:1.00\">0.20</td>"}) {
    EXPECT_NE(html.find(part), std::string::npos) << part << " in " << html;
  }
}

TEST(EvalJson, HasTheLikenessWhereItWasMeasured) {
  eval::Results results = small_results();
  EXPECT_FALSE(eval_json(results, eval_table(results)).contains("likeness"));
  results.likeness = small_likeness();
  results.likeness->top1[0][1] = std::nan("");
  EXPECT_EQ(eval_json(results, eval_table(results))["likeness"],
            Json::parse(R"({"positions": 40, "texts": 7, "source": "left",
                            "rows": ["left", "right"], "top1": [[1.0, null], [0.75, 1.0]],
                            "jensen_shannon": [[0.0, 0.2], [0.2, 0.0]],
                            "left_out": [{"model": "other", "reason": "a <b>"}]})"));
}

}  // namespace
}  // namespace mod::report
