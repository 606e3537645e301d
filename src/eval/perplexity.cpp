#include "eval/perplexity.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/random.h"
#include "eval/stats/stats.h"
#include "mod/error.h"

namespace mod::eval {
namespace {

using mix::Token;

constexpr std::size_t kLlamaCppWindow = 512;
constexpr std::size_t kResamples = 1000;

/// A piece of the text: what goes through the model, and which of its predictions count.
struct Window {
  std::vector<Token> input, targets;  // targets[i] comes after input[i]
  std::size_t first = 0;              // the first prediction that counts
};

std::vector<double> score(mix::Engine& engine, const Window& window) {
  mix::Stream stream = engine.start();
  std::vector<double> nll;
  engine.score(stream, window.input, [&](std::size_t position, const mix::Prediction& prediction) {
    if (position < window.first || position >= window.targets.size()) return;
    nll.push_back(-prediction.logprob(window.targets[position]));
  });
  return nll;
}

std::vector<Window> rolling_windows(std::span<const Token> ids, std::size_t length,
                                    const std::optional<Token>& begin) {
  std::vector<Token> text(ids.begin(), ids.end());
  if (begin) text.insert(text.begin(), *begin);
  if (text.size() < 2) {
    throw Error(ErrorCode::kInvalidInput, "the text is too short: there is no token to predict");
  }
  // text[0] is only a condition; every window predicts up to `length` of the tokens after it.
  std::vector<Window> windows;
  const auto at = [&](std::size_t i) { return text.begin() + static_cast<std::ptrdiff_t>(i); };
  for (std::size_t next = 1; next < text.size();) {
    const std::size_t end = std::min(next + length, text.size());
    const std::size_t start = end > length ? std::max<std::size_t>(end - length, 1) : 1;
    windows.push_back({{at(start - 1), at(end - 1)}, {at(start), at(end)}, next - start});
    next = end;
  }
  return windows;
}

std::vector<Window> llama_cpp_windows(std::span<const Token> ids, std::size_t length,
                                      const std::optional<Token>& begin) {
  if (ids.size() < 2 * length) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("the text has {} tokens, and llama.cpp's convention wants two windows "
                            "of {} at least; give a longer text, a smaller --window, or "
                            "--convention lm-eval",
                            ids.size(), length));
  }
  std::vector<Window> windows;
  for (std::size_t start = 0; start + length <= ids.size(); start += length) {
    const auto chunk = ids.subspan(start, length);
    Window window{{chunk.begin(), chunk.end()}, {chunk.begin() + 1, chunk.end()}, length / 2};
    if (begin) window.input.front() = *begin;
    windows.push_back(std::move(window));
  }
  return windows;
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

std::string_view convention_name(PerplexityConvention convention) {
  return convention == PerplexityConvention::kLmEval ? "lm-eval" : "llama.cpp";
}

TextPerplexity measure_perplexity(mix::Engine& engine, std::span<const Token> ids,
                                  const PerplexityOptions& options, const WindowDone& done) {
  const bool rolling = options.convention == PerplexityConvention::kLmEval;
  const std::size_t context = engine.longest_text();
  TextPerplexity result;
  result.window = options.window > 0 ? options.window
                  : rolling          ? context
                                     : std::min(context, kLlamaCppWindow);
  if (result.window > context || result.window < 2) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("a window of {} tokens: it must be from 2 to the model's context of {}",
                            result.window, context));
  }
  const std::vector<Window> windows = rolling
                                          ? rolling_windows(ids, result.window, options.begin)
                                          : llama_cpp_windows(ids, result.window, options.begin);
  std::vector<std::pair<double, double>> groups;
  std::vector<double> all;
  for (const Window& window : windows) {
    const std::vector<double> nll = score(engine, window);
    double sum = 0;
    for (const double n : nll) sum += n;
    groups.emplace_back(sum, static_cast<double>(nll.size()));
    all.insert(all.end(), nll.begin(), nll.end());
    if (done) done(nll);
  }
  const Perplexity of_tokens = perplexity(all);
  result.tokens = all.size();
  result.ppl = of_tokens.value;
  result.nll = std::accumulate(all.begin(), all.end(), 0.0) / static_cast<double>(all.size());
  result.stderr_ppl = rolling && groups.size() > 1 ? bootstrap_error(groups) : of_tokens.error;
  return result;
}

}  // namespace mod::eval
