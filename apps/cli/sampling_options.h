// The options that decide how tokens are chosen, for every command that writes text.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bundle/bundle.h"
#include "mix/generation.h"

namespace mod::cli {

/// What was typed; nothing where an option was left out.
struct SamplingArguments {
  std::optional<double> temperature, top_p, min_p;
  std::optional<double> repetition_penalty, frequency_penalty, presence_penalty;
  std::optional<std::int64_t> top_k;
  std::optional<std::uint64_t> seed;
  std::vector<std::string> logit_bias;  // ID=VALUE
  std::vector<std::string> stops;
  std::optional<std::size_t> max_tokens;
  bool ignore_eos = false;
};

void add_sampling_options(CLI::App& command, SamplingArguments& arguments);

/// What was typed over `defaults`; the end tokens are the model's. Throws Error(kInvalidInput).
mix::GenerationOptions generation_options(const SamplingArguments& arguments,
                                          const mix::GenerationOptions& defaults,
                                          const bundle::GenerationSettings& model);

/// The model's own sampling values where it samples by default, else greedy.
mix::SamplingOptions models_own_sampling(const bundle::GenerationSettings& model);

}  // namespace mod::cli
