#include "mix/sampling.h"

#include <fmt/format.h>

#include <cmath>

#include "mod/error.h"

namespace mod::mix {
namespace {

void check(bool good, const char* name, double value, const char* range) {
  if (good) return;
  throw Error(ErrorCode::kInvalidInput, fmt::format("{} {}: must be {}", name, value, range));
}

}  // namespace

namespace {

bool changes_scores(const SamplingOptions& o) {
  return !o.logit_bias.empty() || o.repetition_penalty != 1 || o.frequency_penalty != 0 ||
         o.presence_penalty != 0;
}

}  // namespace

bool SamplingOptions::is_plain_greedy() const { return is_greedy() && !changes_scores(*this); }

bool SamplingOptions::is_neutral() const {
  return !changes_scores(*this) && temperature == 1 && top_k == 0 && top_p == 1 && min_p == 0;
}

void check_sampling(const SamplingOptions& o, std::size_t vocabulary) {
  for (const auto& [token, bias] : o.logit_bias) {
    if (token < 0 || static_cast<std::size_t>(token) >= vocabulary) {
      throw Error(
          ErrorCode::kInvalidInput,
          fmt::format("logit bias for token {}: the vocabulary has {} tokens", token, vocabulary));
    }
    check(!std::isnan(bias) && bias < HUGE_VAL, "logit bias", bias, "a number or -inf");
  }
  const auto finite = [](double value) { return std::isfinite(value); };
  check(finite(o.repetition_penalty) && o.repetition_penalty > 0, "repetition penalty",
        o.repetition_penalty, "greater than 0 (1: none)");
  check(finite(o.frequency_penalty), "frequency penalty", o.frequency_penalty, "a number");
  check(finite(o.presence_penalty), "presence penalty", o.presence_penalty, "a number");
  check(finite(o.temperature) && o.temperature >= 0, "temperature", o.temperature,
        "0 (greedy) or greater");
  check(o.top_k >= 0, "top-k", static_cast<double>(o.top_k), "0 (all) or greater");
  check(o.top_p > 0 && o.top_p <= 1, "top-p", o.top_p, "greater than 0 and at most 1");
  check(o.min_p >= 0 && o.min_p <= 1, "min-p", o.min_p, "between 0 and 1");
}

std::string sampling_text(const SamplingOptions& o) {
  std::string text = o.is_greedy() ? "greedy" : fmt::format("temperature {}", o.temperature);
  const auto add = [&text](bool set, const char* name, auto value) {
    if (set) text += fmt::format(", {} {}", name, value);
  };
  add(!o.is_greedy() && o.top_k > 0, "top-k", o.top_k);
  add(!o.is_greedy() && o.top_p < 1, "top-p", o.top_p);
  add(!o.is_greedy() && o.min_p > 0, "min-p", o.min_p);
  add(o.repetition_penalty != 1, "repetition penalty", o.repetition_penalty);
  add(o.frequency_penalty != 0, "frequency penalty", o.frequency_penalty);
  add(o.presence_penalty != 0, "presence penalty", o.presence_penalty);
  add(!o.logit_bias.empty(), "biased tokens", o.logit_bias.size());
  add(!o.is_greedy(), "seed", o.seed);
  return text;
}

}  // namespace mod::mix
