#include "sampling_options.h"

#include <fmt/format.h>

#include <charconv>

#include "mod/error.h"

namespace mod::cli {
namespace {

std::pair<mix::Token, double> token_bias(const std::string& text) {
  const std::size_t equals = text.find('=');
  mix::Token token = 0;
  double bias = 0;
  const auto whole = [](const auto& result, const char* end) {
    return result.ec == std::errc() && result.ptr == end;
  };
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  if (equals != std::string::npos &&
      whole(std::from_chars(begin, begin + equals, token), begin + equals) &&
      whole(std::from_chars(begin + equals + 1, end, bias), end)) {
    return {token, bias};
  }
  throw Error(
      ErrorCode::kInvalidInput,
      fmt::format("--logit-bias {}: write ID=VALUE, for example --logit-bias 42=-inf", text));
}

template <class To, class From>
void set(To& to, const std::optional<From>& from) {
  if (from) to = *from;
}

}  // namespace

void add_sampling_options(CLI::App& command, SamplingArguments& a) {
  const std::string group = "How tokens are chosen";
  command.add_option("-n,--max-tokens", a.max_tokens, "Most tokens to write (default: 256)")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N");
  command
      .add_option("--temperature", a.temperature,
                  "0: always the most probable token; 1: as predicted; above: more varied")
      ->group(group);
  command.add_option("--top-k", a.top_k, "Draw from the K most probable tokens; 0: from all")
      ->group(group);
  command
      .add_option("--top-p", a.top_p,
                  "Draw from the fewest most probable tokens that have this much together")
      ->group(group);
  command
      .add_option("--min-p", a.min_p,
                  "Draw from tokens with at least this share of the most probable one's")
      ->group(group);
  command
      .add_option("--repetition-penalty", a.repetition_penalty,
                  "Divide positive and multiply negative scores of tokens in prompt and answer")
      ->group(group);
  command
      .add_option("--frequency-penalty", a.frequency_penalty,
                  "Subtract this for every time that a token stands in the answer")
      ->group(group);
  command
      .add_option("--presence-penalty", a.presence_penalty,
                  "Subtract this if a token stands in the answer")
      ->group(group);
  command
      .add_option("--logit-bias", a.logit_bias, "Add VALUE to the score of token ID (repeatable)")
      ->type_name("ID=VALUE")
      ->allow_extra_args(false)
      ->group(group);
  command.add_option("--stop", a.stops, "End the answer before this text (repeatable)")
      ->type_name("TEXT")
      ->allow_extra_args(false)
      ->group(group);
  command.add_flag("--ignore-eos", a.ignore_eos, "Write on after an end token")->group(group);
  command.add_option("--seed", a.seed, "Same seed, same text (default: 0)")
      ->check(CLI::NonNegativeNumber)
      ->group(group);
}

mix::GenerationOptions generation_options(const SamplingArguments& a,
                                          const mix::GenerationOptions& defaults,
                                          const bundle::GenerationSettings& model) {
  mix::GenerationOptions options = defaults;
  mix::SamplingOptions& s = options.sampling;
  set(s.temperature, a.temperature);
  set(s.top_k, a.top_k);
  set(s.top_p, a.top_p);
  set(s.min_p, a.min_p);
  set(s.repetition_penalty, a.repetition_penalty);
  set(s.frequency_penalty, a.frequency_penalty);
  set(s.presence_penalty, a.presence_penalty);
  set(s.seed, a.seed);
  for (const std::string& text : a.logit_bias) s.logit_bias.insert(token_bias(text));
  set(options.max_tokens, a.max_tokens);
  options.stops = a.stops;
  if (!a.ignore_eos) options.end_tokens = model.end_tokens;
  return options;
}

mix::SamplingOptions models_own_sampling(const bundle::GenerationSettings& model) {
  mix::SamplingOptions options;
  set(options.repetition_penalty, model.repetition_penalty);
  if (!model.do_sample) return options;
  options.temperature = model.temperature.value_or(1);
  options.top_k = model.top_k.value_or(50);  // what Hugging Face's generate takes without a value
  set(options.top_p, model.top_p);
  set(options.min_p, model.min_p);
  return options;
}

}  // namespace mod::cli
