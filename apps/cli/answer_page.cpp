#include "answer_page.h"

#include <fmt/format.h>

#include "io/file.h"
#include "report/run_page.h"

namespace mod::cli {
namespace {

using report::RunPage;

/// "share (rate 0.01, eta 1)".
std::string with_values(std::string_view name, std::span<const mix::Parameter> parameters,
                        std::span<const double> values) {
  std::string text(name);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    text += fmt::format("{}{} {}", i == 0 ? " (" : ", ", parameters[i].name, values[i]);
  }
  return parameters.empty() ? text : text + ")";
}

std::vector<RunPage::Candidate> candidates(const std::vector<mix::Candidate>& from,
                                           const text::Tokenizer* tokenizer) {
  std::vector<RunPage::Candidate> out;
  for (const mix::Candidate& one : from) {
    out.push_back({tokenizer ? tokenizer->token_bytes(one.id) : "", one.id, one.logprob});
  }
  return out;
}

RunPage::Token page_token(const mix::WrittenToken& token, const text::Tokenizer* tokenizer) {
  RunPage::Token out;
  out.text = token.text;
  out.id = token.id;
  out.logprob = token.logprob;
  // An end token is part of no text.
  if (out.text.empty() && tokenizer) out.text = tokenizer->token_bytes(token.id);
  if (!token.credits) return out;
  out.leader = static_cast<int>(token.credits->leader);
  out.disagreement = token.credits->disagreement;
  out.changed = token.credits->changed;
  out.best = candidates(token.credits->best, tokenizer);
  for (const mix::TokenExpert& expert : token.credits->experts) {
    out.experts.push_back({expert.evaluated, expert.logprob, expert.rank, expert.weight,
                           expert.responsibility, candidates(expert.best, tokenizer)});
  }
  return out;
}

void add_experts(const mix::Generation& generation, const mix::Mixture& mixture, RunPage& page) {
  const auto passes = generation.forward_passes();
  for (std::size_t k = 0; k < mixture.experts.size(); ++k) {
    const mix::Expert& expert = mixture.experts[k];
    const double equal = mixture.rule->weights == mix::WeightUse::kRefused
                             ? RunPage::kUnknown
                             : 1 / static_cast<double>(mixture.experts.size());
    page.experts.push_back({expert.name, expert.model->name(),
                            mixture.weights.empty() ? equal : mixture.weights[k], passes[k],
                            expert.model->weight_bytes()});
  }
}

double rate(std::size_t tokens, double seconds) {
  return seconds > 0 ? static_cast<double>(tokens) / seconds : RunPage::kUnknown;
}

}  // namespace

void write_answer_page(const std::string& file, const std::string& prompt,
                       const mix::Generation& generation, const bundle::Bundle& bundle,
                       const SpeedOfAnswer& speed) {
  const mix::Mixture& mixture = bundle.mixture;
  RunPage page;
  page.title = bundle.argument;
  page.model = bundle.argument;
  page.prompt = prompt;
  page.rule = with_values(mixture.rule->name, mixture.rule->parameters, mixture.rule_parameters);
  page.gate = with_values(mixture.gate->name, mixture.gate->parameters, mixture.gate_parameters);
  page.mode = mix::mode_of(mixture.mode.kind).name;
  if (mixture.mode.kind == mix::ModeKind::kLazy) {
    page.mode += fmt::format(" (not exact: within {} of the mixture)", mixture.mode.epsilon);
  }
  page.sampling = mix::sampling_text(generation.sampling());
  if (bundle.kind == bundle::Kind::kMixture) add_experts(generation, mixture, page);
  for (const mix::WrittenToken& token : generation.tokens()) {
    page.tokens.push_back(page_token(token, bundle.tokenizer.get()));
  }
  page.prompt_tokens = generation.prompt_tokens();
  page.prompt_tokens_per_second = rate(speed.prompt_tokens, speed.prompt_seconds);
  if (speed.generated_tokens > 1) {
    page.tokens_per_second = rate(speed.generated_tokens - 1, speed.generation_seconds);
  }
  page.finish_reason = mix::finish_reason(generation.finish());
  io::write_file_atomic(file, report::run_page_html(page));
}

}  // namespace mod::cli
