#include "speed.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/text.h"
#include "nn/limits.h"

namespace mod::cli {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{512} << 20;
constexpr int kPasses = 5;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

double weight_read_rate(const nn::Model& model, const Context& context) {
  std::vector<std::span<const std::byte>> parts;
  for (const auto& tensor : model.tensors()) parts.push_back(tensor->bytes());
  std::sort(parts.begin(), parts.end(),
            [](const auto& a, const auto& b) { return a.size() > b.size(); });
  std::uint64_t bytes = 0;
  std::size_t used = 0;
  while (used < parts.size() && bytes < kMostBytes) bytes += parts[used++].size();
  parts.resize(used);
  double best = 0;
  for (const int streams : {1, 4}) {
    std::vector<double> rates;
    for (int pass = 0; pass < kPasses; ++pass) {
      const auto start = std::chrono::steady_clock::now();
      for (const auto& part : parts) nn::read_all(part, streams, context);
      rates.push_back(static_cast<double>(bytes) / seconds_since(start));
    }
    std::nth_element(rates.begin(), rates.begin() + kPasses / 2, rates.end());
    best = std::max(best, rates[kPasses / 2]);
  }
  return best;
}

std::string speed_text(const SpeedOfAnswer& s, const nn::Model& model, const Context& context) {
  const auto rate = [](std::size_t tokens, double seconds) {
    return seconds > 0 ? static_cast<double>(tokens) / seconds : 0;
  };
  std::string text =
      fmt::format("prompt: {} tokens, {:.1f} tokens/s; answer: {} tokens", s.prompt_tokens,
                  rate(s.prompt_tokens, s.prompt_seconds), s.generated_tokens);
  if (s.generated_tokens < 2) return text;  // the first comes with the prompt
  const double tokens_per_second = rate(s.generated_tokens - 1, s.generation_seconds);
  const double used = tokens_per_second * static_cast<double>(model.bytes_per_token());
  const double limit = weight_read_rate(model, context);
  return text + fmt::format(
                    ", {:.1f} tokens/s = {} of weights, {:.0f} % of the {} that only reading "
                    "them takes",
                    tokens_per_second, rate_text(used), 100 * used / limit, rate_text(limit));
}

}  // namespace mod::cli
