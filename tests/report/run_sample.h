// A run of a mixture of three experts as a page gets it: made up, with everything that a page must
// bear (markup, broken UTF-8, control characters, experts that were not evaluated).
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "report/run_page.h"

namespace mod::report {

struct SampleToken {
  std::string text;
  int leader;             // expert that is right about it
  double disagreement;    // nats
  const char* otherwise;  // what the other experts would rather have said
};

inline std::vector<SampleToken> sample_tokens() {
  std::vector<SampleToken> tokens;
  const auto add = [&](std::string text, int leader = -1, double disagreement = 0.01,
                       const char* otherwise = "x") {
    tokens.push_back({std::move(text), leader, disagreement, otherwise});
  };
  for (const char* word : {"There", " are", " ", "3", " *", " ", "7", " =", " "}) add(word);
  add("21", 0, 0.42, "18");
  add(" cards", 0, 0.08, " card");
  add(".");
  add("\n");
  add("The", 1, 0.12, "Le");
  for (const char* word : {" program", " prints", " "}) add(word);
  add("y", 1, 0.65, "12");
  add("[2]", 1, 0.5, " =");
  for (const char* word : {" =", " "}) add(word);
  add("42", 1, 0.31, "14");
  add(".");
  add("\n\n");
  add("En", 2, 0.69, "In");
  add(" français", 2, 0.6, " French");
  add(" :", 2, 0.2, ":");
  add(" nous", 2, 0.55, " we");
  add(" portons", 2, 0.4, " carry");
  add(" huit");
  add(" voitures", 2, 0.05, " voiture");
  add("\t</script><b>", 1, 0.3, "<!--");
  add("\xC3", 0, 0.02, "\x80");
  add("\xE2\x80\xAE\x07", 2, 0.1, "\r");
  add("", -1, 0);
  add(" \\boxed{", 0, 0.25, " ");
  add("nous");
  add(" portons");
  add("}");
  return tokens;
}

/// Five candidates of which the token (id 100) has the given share.
inline std::vector<RunPage::Candidate> sample_best(const SampleToken& token, double share) {
  std::vector<RunPage::Candidate> best = {{token.text, 100, std::log(share)},
                                          {token.otherwise, 101, std::log((1 - share) * .9)},
                                          {" the", 102, std::log((1 - share) * .05)},
                                          {"\n", 103, std::log((1 - share) * .03)},
                                          {" ", 104, std::log((1 - share) * .01)}};
  if (best[1].logprob > best[0].logprob) std::swap(best[0], best[1]);
  return best;
}

/// `lazy`: the experts that do not lead are not evaluated at every other token.
inline RunPage sample_run(bool lazy = false) {
  RunPage page;
  page.title = "A mixture of math, code and french";
  page.prompt =
      "There are 3 drawers with 7 cards in each. How many cards are there?\n"
      "Then: what does y = [91, 14, 42]; print(y[2]) print? And in French: we carry eight "
      "cars. <script>alert(1)</script>";
  page.model = "examples/specialists/mixture.yml";
  page.rule = "linear";
  page.gate = "share, rate 0.01";
  page.mode = lazy ? "lazy, epsilon 0.01, lag 8" : "exact";
  page.sampling = "greedy";
  page.experts = {{"math", "examples/specialists/math", 1. / 3, 39, 5'118'976},
                  {"code", "examples/specialists/code", 1. / 3, lazy ? 31u : 39u, 5'118'976},
                  {"french", "examples/specialists/french", 1. / 3, lazy ? 28u : 39u, 5'118'976}};
  std::vector<double> weights = {.4, .32, .28};
  for (const SampleToken& sample : sample_tokens()) {
    RunPage::Token token{sample.text, 100, 0, sample.leader, sample.disagreement};
    const std::size_t heaviest = static_cast<std::size_t>(
        std::max_element(weights.begin(), weights.end()) - weights.begin());
    std::vector<double> shares;
    double mix = 0;
    for (std::size_t e = 0; e < 3; ++e) {
      const bool right = sample.leader < 0 || sample.leader == static_cast<int>(e);
      shares.push_back(right ? .97 : .97 * std::exp(-4 * sample.disagreement));
      mix += weights[e] * shares[e];
    }
    token.changed = shares[heaviest] < .45;
    token.logprob = std::log(mix);
    token.best = sample_best(sample, mix);
    for (std::size_t e = 0; e < 3; ++e) {
      RunPage::TokenExpert expert{true, std::log(shares[e]), shares[e] < .45 ? 2u : 1u, weights[e],
                                  weights[e] * shares[e] / mix};
      expert.best = sample_best(sample, shares[e]);
      if (lazy && e != heaviest && page.tokens.size() % 2 == 1) expert = {.weight = weights[e]};
      token.experts.push_back(expert);
      weights[e] = .98 * weights[e] * shares[e] / mix + .02 / 3;
    }
    page.tokens.push_back(std::move(token));
  }
  page.tokens_per_second = 412.7;
  page.prompt_tokens_per_second = 5310.4;
  page.prompt_tokens = 61;
  page.finish_reason = "stop";
  return page;
}

}  // namespace mod::report
