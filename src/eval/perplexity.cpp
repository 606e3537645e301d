#include "eval/perplexity.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/random.h"
#include "eval/stats/stats.h"

namespace mod::eval {
namespace {

using mix::Token;

constexpr std::size_t kResamples = 1000;

std::vector<double> score(mix::Engine& engine, const Window& window) {
  mix::Stream stream = engine.start();
  std::vector<double> nll;
  engine.score(stream, window.input, [&](std::size_t position, const mix::Prediction& prediction) {
    if (window.counts(position)) nll.push_back(-prediction.logprob(window.targets[position]));
  });
  return nll;
}

/// Standard deviation of exp(mean) over resampled groups; the draws depend on nothing else.
double bootstrap_error(const std::vector<std::pair<double, double>>& groups) {
  const RandomKey key = random_key(0, "perplexity");
  double sum = 0, squares = 0;
  for (std::size_t i = 0; i < kResamples; ++i) {
    double nll = 0, tokens = 0;
    for (std::size_t j = 0; j < groups.size(); ++j) {
      const std::uint32_t word = random_word(key, i * groups.size() + j, 0, RandomPurpose::kNoise);
      const auto& group = groups[(std::uint64_t{word} * groups.size()) >> 32];
      nll += group.first;
      tokens += group.second;
    }
    const double ppl = std::exp(nll / tokens);
    sum += ppl;
    squares += ppl * ppl;
  }
  const double mean = sum / kResamples;
  return std::sqrt(
      std::max(0.0, (squares / kResamples - mean * mean) * kResamples / (kResamples - 1)));
}

}  // namespace

TextPerplexity measure_perplexity(mix::Engine& engine, std::span<const Token> ids,
                                  const PerplexityOptions& options, const WindowDone& done) {
  const Windows windows = cut_text(ids, options, engine.longest_text());
  std::vector<std::pair<double, double>> groups;
  std::vector<double> all;
  for (const Window& window : windows.all) {
    const std::vector<double> nll = score(engine, window);
    double sum = 0;
    for (const double n : nll) sum += n;
    groups.emplace_back(sum, static_cast<double>(nll.size()));
    all.insert(all.end(), nll.begin(), nll.end());
    if (done) done(nll);
  }
  const Perplexity of_tokens = perplexity(all);
  TextPerplexity result;
  result.window = windows.length;
  result.tokens = all.size();
  result.ppl = of_tokens.value;
  result.nll = std::accumulate(all.begin(), all.end(), 0.0) / static_cast<double>(all.size());
  const bool rolling = options.convention == PerplexityConvention::kLmEval;
  result.stderr_ppl = rolling && groups.size() > 1 ? bootstrap_error(groups) : of_tokens.error;
  return result;
}

}  // namespace mod::eval
