#include "speed.h"

#include <fmt/format.h>

#include "base/text.h"
#include "bench_model.h"

namespace mod::cli {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{512} << 20;
constexpr int kPasses = 5;

}  // namespace

double weight_read_rate(const nn::Model& model, const Context& context) {
  Limits limits(model, context, kMostBytes);
  for (int pass = 0; pass < kPasses; ++pass) limits.measure_reading();
  return limits.read_rate();
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
