// What a page of a run holds, and that nothing in it can act.
#include "report/run_page.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "base/text.h"
#include "page_support.h"
#include "report/html.h"
#include "report/run_plot.h"
#include "run_sample.h"

namespace mod::report {
namespace {

TEST(Html, EscapesWhatCouldAct) {
  EXPECT_EQ(escape("</script> & \"'"), "&lt;/script&gt; &amp; &quot;&#39;");
  EXPECT_EQ(escape("a\xFF"
                   "b\xC3"),
            "a\uFFFDb\uFFFD");
  EXPECT_EQ(escape(std::string("\0\x07\x7F\r", 4)), "\u2400\u2407\u2421\u240D");
  EXPECT_EQ(escape("\u202Eevil\uFEFF"), "\u27E8U+202E\u27E9evil\u27E8U+FEFF\u27E9");
  EXPECT_EQ(escape("\xC2\x85"), "\u27E8U+0085\u27E9");
  EXPECT_EQ(escape("l\u00EB \U0001F468\u200D\U0001F469"), "l\u00EB \U0001F468\u200D\U0001F469");
  EXPECT_EQ(clean("a\n\tb"), "a\n\tb");
}

TEST(Html, LabelsShowSpacesAndBreaks) {
  EXPECT_EQ(one_line("a\n\tb"), "a\u21B5\u21E5b");
  EXPECT_EQ(token_label("  a b "), "\u2423\u2423a b\u2423");
  EXPECT_EQ(token_label("   "), "\u2423\u2423\u2423");
  EXPECT_EQ(token_label(""), "");
}

TEST(Html, JsonInAScriptCannotEndIt) {
  const Json value = {{"k</script>", "<!--\u2028&\xFF\n"}, {"n", std::nan("")}};
  const std::string text = script_json(value);
  EXPECT_EQ(text.find_first_of("<>&\n"), std::string::npos);
  EXPECT_EQ(text.find("\u2028"), std::string::npos);
  const Json again = Json::parse(text);
  EXPECT_EQ(again["k</script>"], "<!--\u2028&\uFFFD\n");
  EXPECT_TRUE(again["n"].is_null());
}

TEST(RunPage, IsOneWellFormedPageThatLoadsNothing) {
  for (const bool lazy : {false, true}) {
    const std::string page = run_page_html(sample_run(lazy));
    EXPECT_EQ(page_problems(page), "");
    // The program that looks at pages in a browser takes them from here.
    if (const char* folder = std::getenv("MOD_PAGES"))
      std::ofstream(std::string(folder) + (lazy ? "/run_lazy.html" : "/run.html")) << page;
  }
}

TEST(RunPage, ShowsTokensEscapedAndBreaksLines) {
  const std::string page = run_page_html(sample_run());
  EXPECT_TRUE(is_valid_utf8(page));
  EXPECT_NE(page.find("\u21E5</i>\t&lt;/script&gt;&lt;b&gt;</span>"), std::string::npos);
  EXPECT_NE(page.find("\u21B5</i>\n</span>"), std::string::npos);
  EXPECT_NE(page.find(">\uFFFD</span>"), std::string::npos);
  EXPECT_NE(page.find("\u27E8U+202E\u27E9\u2407</span>"), std::string::npos);
  EXPECT_EQ(page.find("<script>alert"), std::string::npos);
}

TEST(RunPage, ColoursLeadersByDisagreement) {
  RunPage run;
  run.experts = {{"a"}, {"b"}};
  run.tokens.resize(3);
  run.tokens[0] = {"one", 1, -.1, 1, std::log(2.0) / 4, true};
  run.tokens[1] = {"two", 2, -.1, -1, .5, false};
  run.tokens[2] = {"six", 3, -.1, 7, .5};  // no such expert: plain; whether it changed: unknown
  const std::string page = run_page_html(run);
  EXPECT_NE(page.find("<span class=\"t e1 changed\" style=\"--s:0.50\""), std::string::npos);
  EXPECT_NE(page.find("<span class=\"t\" title=\"two"), std::string::npos);
  EXPECT_NE(page.find("<span class=\"t\" title=\"six"), std::string::npos);
  EXPECT_NE(page.find("50.0 % of the tokens (1)"), std::string::npos);
  EXPECT_NE(page.find("a not evaluated"), std::string::npos);
}

TEST(RunPage, SaysWhichExpertsWereNotEvaluated) {
  const Json data = page_data_of(run_page_html(sample_run(true)));
  EXPECT_EQ(data["experts"], Json({"math", "code", "french"}));
  ASSERT_EQ(data["tokens"].size(), sample_tokens().size());
  const Json& token = data["tokens"][9];  // "21", which math leads
  EXPECT_EQ(token["t"], "21");
  EXPECT_EQ(token["e"][0]["b"].size(), 5u);
  EXPECT_EQ(token["e"][0]["k"], 1);
  EXPECT_FALSE(token["e"][1].contains("b"));
  EXPECT_TRUE(token["e"][1].contains("w"));
}

TEST(RunPage, PlotsWeightsAsStepsWithGaps) {
  RunPage run;
  run.experts = {{"a"}, {"b"}};
  for (const double weight : {.25, .25, .5, RunPage::kUnknown, 1.}) {
    RunPage::Token token;
    token.experts = {{.weight = weight}, {.weight = 1 - weight}};
    run.tokens.push_back(token);
  }
  const std::string plot = run_plot_html(run);
  EXPECT_NE(plot.find("d=\"M0 750H2V500H3M4 0H5\""), std::string::npos) << plot;
  EXPECT_NE(plot.find("d=\"M0 250H2V500H3M4 1000H5\""), std::string::npos) << plot;
  EXPECT_EQ(plot.find("nan"), std::string::npos);
}

TEST(RunPage, ExponentsWidenThePlot) {
  RunPage run;
  run.experts = {{"base"}, {"anti"}};
  run.tokens.resize(1);
  run.tokens[0].experts = {{.weight = 2}, {.weight = -1}};
  const std::string plot = run_plot_html(run);
  EXPECT_NE(plot.find("<span>2</span><span>-1</span>"), std::string::npos);
  EXPECT_NE(plot.find("d=\"M0 0H1\""), std::string::npos);
  EXPECT_NE(plot.find("d=\"M0 1000H1\""), std::string::npos);
}

TEST(RunPage, StrengthIsADistance) {
  EXPECT_EQ(strength(RunPage::kUnknown), 0);
  EXPECT_EQ(strength(-1e-9), 0);
  EXPECT_NEAR(strength(std::log(2.0) / 4), .5, 1e-12);
  EXPECT_EQ(strength(std::log(3.0)), 1);
}

TEST(RunPage, IsAPageWithoutExpertsAndWithoutTokens) {
  EXPECT_EQ(page_problems(run_page_html({})), "");
  RunPage run;
  run.tokens.resize(2);
  run.tokens[0].text = "word";
  EXPECT_EQ(page_problems(run_page_html(run)), "");
}

}  // namespace
}  // namespace mod::report
