#include "speed.h"

#include <fmt/format.h>

#include "base/text.h"
#include "bench_model.h"

namespace mod::cli {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{512} << 20;
constexpr int kPasses = 5;

/// Weights that all experts read for a token; those that experts share are read once.
double bytes_per_token(const bundle::Bundle& bundle) {
  double read = 0, held = 0;
  for (const mix::Expert& expert : bundle.mixture.experts) {
    read += static_cast<double>(expert.model->bytes_per_token());
    held += static_cast<double>(expert.model->weight_bytes());
  }
  return read * static_cast<double>(bundle.weight_bytes()) / held;
}

}  // namespace

double weight_read_rate(const nn::Model& model, const Context& context) {
  Limits limits(model, context, kMostBytes);
  for (int pass = 0; pass < kPasses; ++pass) limits.measure_reading();
  return limits.read_rate();
}

std::string speed_text(const SpeedOfAnswer& s, const bundle::Bundle& bundle,
                       const Context& context) {
  const auto rate = [](std::size_t tokens, double seconds) {
    return seconds > 0 ? static_cast<double>(tokens) / seconds : 0;
  };
  std::string text =
      fmt::format("prompt: {} tokens, {:.1f} tokens/s; answer: {} tokens", s.prompt_tokens,
                  rate(s.prompt_tokens, s.prompt_seconds), s.generated_tokens);
  if (s.generated_tokens < 2) return text;  // the first comes with the prompt
  const double tokens_per_second = rate(s.generated_tokens - 1, s.generation_seconds);
  if (bundle.mixture.mode.kind != mix::ModeKind::kExact) {
    return text + fmt::format(", {:.1f} tokens/s", tokens_per_second);
  }
  const double used = tokens_per_second * bytes_per_token(bundle);
  const double limit = weight_read_rate(bundle.model(), context);
  return text + fmt::format(
                    ", {:.1f} tokens/s = {} of weights, {:.0f} % of the {} that only reading "
                    "them takes",
                    tokens_per_second, rate_text(used), 100 * used / limit, rate_text(limit));
}

}  // namespace mod::cli
