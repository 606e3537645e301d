#include "answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>

namespace mod::cli {
namespace {

/// Of the 256 colours of a terminal: apart for most kinds of colour blindness, legible on dark and
/// on light ground.
constexpr std::array kColors = {32, 166, 35, 133, 136, 74, 161, 243};
/// Nats of Jensen-Shannon divergence below which experts agree: a token stays plain.
constexpr double kAgreement = 0.02;

std::string tint(std::size_t expert) {
  return fmt::format("\x1b[38;5;{}m", kColors[expert % kColors.size()]);
}

constexpr const char* kPlain = "\x1b[0m";

bool is_mixture(const bundle::Bundle& bundle) { return bundle.kind == bundle::Kind::kMixture; }

std::string legend(const mix::Mixture& mixture) {
  std::string text;
  for (std::size_t k = 0; k < mixture.experts.size(); ++k) {
    text += fmt::format("{}{}{}  ", tint(k), mixture.experts[k].name, kPlain);
  }
  return text + "(plain: the experts agree)\n";
}

void print_piece(const std::string& piece, const mix::Generation& generation, bool color) {
  const auto& credits =
      generation.tokens().empty() ? std::nullopt : generation.tokens().back().credits;
  const bool tinted = color && credits && credits->disagreement > kAgreement;
  if (tinted) fmt::print("{}", tint(credits->leader));
  std::fwrite(piece.data(), 1, piece.size(), stdout);
  if (tinted) fmt::print("{}", kPlain);
  std::fflush(stdout);
}

/// Weight passes that an exact run would have made beyond these; prompts are the same.
std::uint64_t passes_saved(const mix::Generation& generation, const mix::Mixture& mixture) {
  const auto made = generation.forward_passes();
  std::uint64_t all = 0, most = 0;
  const std::vector<bool> active = mix::active_experts(mixture, mixture.weights);
  for (std::size_t k = 0; k < made.size(); ++k) {
    if (!active[k]) continue;
    all += generation.tokens().size();
    most += std::min<std::uint64_t>(made[k], generation.tokens().size());
  }
  return all - most;
}

/// Tokens of which it is known whether the mix changed the choice, and those where it did.
struct Changes {
  std::size_t known = 0, changed = 0;
};

Changes changes_of(const mix::Generation& generation) {
  Changes changes;
  for (const mix::WrittenToken& token : generation.tokens()) {
    if (!token.credits || !token.credits->changed) continue;
    ++changes.known;
    changes.changed += *token.credits->changed ? 1 : 0;
  }
  return changes;
}

Json experts_json(const mix::Credits& credits, const mix::Mixture& mixture) {
  Json experts = Json::object();
  const bool weights = mixture.rule->weights != mix::WeightUse::kRefused;
  for (std::size_t k = 0; k < mixture.experts.size(); ++k) {
    const mix::TokenExpert& expert = credits.experts[k];
    Json& json = experts[mixture.experts[k].name];
    if (!expert.evaluated) continue;  // null
    json = {{"logprob", expert.logprob},
            {"rank", expert.rank},
            {"weight", weights ? Json(expert.weight) : Json()},
            {"responsibility", expert.responsibility}};
  }
  return experts;
}

void add_mixture(const mix::Generation& generation, const mix::Mixture& mixture, Json& json) {
  const auto passes = generation.forward_passes();
  json["mode"] = mix::mode_of(mixture.mode.kind).name;
  json["exact"] = mixture.mode.kind != mix::ModeKind::kLazy;
  Json& made = json["forward_passes"] = Json::object();
  for (std::size_t k = 0; k < passes.size(); ++k) made[mixture.experts[k].name] = passes[k];
  json["passes_saved"] = passes_saved(generation, mixture);
  const Changes changes = changes_of(generation);
  json["changed"] = changes.known > 0 ? Json(changes.changed) : Json();
}

}  // namespace

void add_answer_options(CLI::App& command, AnswerArguments& arguments, bool with_page) {
  command.add_flag("--color", arguments.color,
                   "Of a mixture: each token in the colour of the expert that found it most "
                   "probable");
  if (!with_page) return;
  command
      .add_option("--html", arguments.html,
                  "Of a mixture: write a page that shows who was responsible for every token")
      ->type_name("FILE");
}

std::optional<mix::CreditOptions> wanted_credits(const AnswerArguments& arguments,
                                                 const bundle::Bundle& bundle) {
  if (!is_mixture(bundle)) return std::nullopt;
  mix::CreditOptions options;
  options.disagreement = arguments.color || !arguments.html.empty();
  options.candidates = arguments.html.empty() ? 0 : 5;
  return options;
}

SpeedOfAnswer write_answer(const Runnable& runnable, mix::Generation& generation,
                           const AnswerArguments& arguments, bool json) {
  using Clock = std::chrono::steady_clock;
  const bool color = arguments.color && is_mixture(runnable.bundle);
  if (color && !json) fmt::print("{}", legend(runnable.bundle.mixture));
  const auto start = Clock::now();
  auto first = start;
  mix::run_to_end(*runnable.engine, generation, [&](const std::string& piece) {
    if (generation.tokens().size() == 1) first = Clock::now();
    if (!json && !piece.empty()) print_piece(piece, generation, color);
  });
  const auto seconds = [](auto from, auto to) {
    return std::chrono::duration<double>(to - from).count();
  };
  return {.prompt_tokens = generation.prompt_tokens(),
          .generated_tokens = generation.tokens().size(),
          .prompt_seconds = seconds(start, first),
          .generation_seconds = seconds(first, Clock::now())};
}

Json answer_json(const mix::Generation& generation, const bundle::Bundle& bundle) {
  Json tokens = Json::array(), ids = Json::array();
  for (const mix::WrittenToken& token : generation.tokens()) {
    ids.push_back(token.id);
    tokens.push_back({{"id", token.id}, {"text", token.text}, {"logprob", token.logprob}});
    if (token.credits) {
      tokens.back()["experts"] = experts_json(*token.credits, bundle.mixture);
    }
  }
  Json json = {{"text", generation.text()},
               {"ids", std::move(ids)},
               {"prompt_tokens", generation.prompt_tokens()},
               {"generated_tokens", generation.tokens().size()},
               {"finish_reason", mix::finish_reason(generation.finish())},
               {"tokens", std::move(tokens)}};
  if (is_mixture(bundle)) add_mixture(generation, bundle.mixture, json);
  return json;
}

std::string mixture_summary(const mix::Generation& generation, const bundle::Bundle& bundle) {
  if (!is_mixture(bundle)) return {};
  const mix::Mixture& mixture = bundle.mixture;
  const auto passes = generation.forward_passes();
  std::string text =
      fmt::format("{} mixture, gate {}, mode {}{}; forward passes:", mixture.rule->name,
                  mixture.gate->name, mix::mode_of(mixture.mode.kind).name,
                  mixture.mode.kind == mix::ModeKind::kLazy ? " (not exact)" : "");
  for (std::size_t k = 0; k < passes.size(); ++k) {
    text += fmt::format("{} {} {}", k > 0 ? "," : "", mixture.experts[k].name, passes[k]);
  }
  if (mixture.mode.kind != mix::ModeKind::kExact) {
    text += fmt::format(" ({} saved)", passes_saved(generation, mixture));
  }
  const Changes changes = changes_of(generation);
  if (changes.known == 0) return text;
  return text +
         fmt::format(
             "; the mix changed the choice of the heaviest expert in {:.0f} % of "
             "the tokens",
             100.0 * static_cast<double>(changes.changed) / static_cast<double>(changes.known));
}

}  // namespace mod::cli
