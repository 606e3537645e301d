// `mod perplexity MODEL FILE`: how well a model predicts a text.
#include "eval/perplexity.h"

#include <fmt/format.h>

#include <cmath>
#include <memory>

#include "base/text.h"
#include "commands.h"
#include "mod/error.h"
#include "model_options.h"
#include "print.h"

namespace mod::cli {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30;

struct Options {
  ModelArguments model;
  std::string file, convention = "lm-eval";
  std::size_t window = 0;
};

std::size_t count_words(std::string_view text) {
  std::size_t words = 0;
  bool inside = false;
  for (const char c : text) {
    const bool space = c == ' ' || (c >= '\t' && c <= '\r');
    if (!space && !inside) ++words;
    inside = !space;
  }
  return words;
}

/// What the tokenizer puts before every text; nothing if it puts nothing.
std::optional<mix::Token> begin_token(const text::Tokenizer& tokenizer) {
  const auto bare = tokenizer.encode("a", false);
  const auto dressed = tokenizer.encode("a", true);
  if (dressed.empty() || bare.empty() || dressed.front() == bare.front()) return std::nullopt;
  return dressed.front();
}

struct Measured {
  eval::TextPerplexity value;
  eval::PerplexityConvention convention;
  std::size_t words, bytes;
};

Measured measure(const Options& options, const std::string& text, const Runnable& runnable,
                 const Invocation& run) {
  const text::Tokenizer& tokenizer = runnable.bundle.need_tokenizer();
  eval::PerplexityOptions settings;
  settings.window = options.window;
  std::vector<mix::Token> ids;
  if (options.convention == "lm-eval") {
    settings.convention = eval::PerplexityConvention::kLmEval;
    settings.begin = tokenizer.bos_id() ? tokenizer.bos_id() : tokenizer.eos_id();
    ids = tokenizer.encode(text, false);
  } else {
    settings.convention = eval::PerplexityConvention::kLlamaCpp;
    settings.begin = begin_token(tokenizer);
    ids = tokenizer.encode(text, true);
  }
  double sum = 0;
  std::size_t tokens = 0, windows = 0;
  const auto done = [&](std::span<const double> nll) {
    for (const double n : nll) sum += n;
    tokens += nll.size();
    run.log().debug(
        fmt::format("[{}] {:.4f}", ++windows, std::exp(sum / static_cast<double>(tokens))));
  };
  return {eval::measure_perplexity(*runnable.engine, ids, settings, done), settings.convention,
          count_words(text), text.size()};
}

Json to_json(const Measured& m) {
  const eval::TextPerplexity& p = m.value;
  Json json = {{"convention", eval::convention_name(m.convention)},
               {"ppl", p.ppl},
               {"stderr", p.stderr_ppl},
               {"nll", p.nll},
               {"tokens", p.tokens},
               {"window", p.window}};
  if (m.convention != eval::PerplexityConvention::kLmEval) return json;
  const double total = p.nll * static_cast<double>(p.tokens);
  json["word_perplexity"] = std::exp(total / static_cast<double>(m.words));
  json["byte_perplexity"] = std::exp(total / static_cast<double>(m.bytes));
  json["bits_per_byte"] = total / static_cast<double>(m.bytes) / std::log(2.0);
  return json;
}

void show_perplexity(Options options, const Invocation& run) {
  // With --expert there is no MODEL, so that the first argument is the text.
  if (!options.model.mixture.experts.empty() && options.file.empty()) {
    std::swap(options.model.model, options.file);
  }
  if (options.file.empty()) {
    throw Error(ErrorCode::kInvalidInput, "name a FILE with the text; see `mod perplexity --help`");
  }
  const std::string text = read_text_file(options.file, kMostBytes);
  const Runnable runnable = open_runnable(options.model, run);
  const Measured m = measure(options, text, runnable, run);
  const Json json = to_json(m);
  if (run.json) return print_json(json);
  fmt::print("perplexity {:.4f} +/- {:.4f} ({}'s convention, {} tokens, windows of {})\n",
             m.value.ppl, m.value.stderr_ppl, eval::convention_name(m.convention), m.value.tokens,
             m.value.window);
  if (!json.contains("bits_per_byte")) return;
  fmt::print("per word {:.4f}, per byte {:.4f}, bits per byte {:.4f}\n",
             json["word_perplexity"].get<double>(), json["byte_perplexity"].get<double>(),
             json["bits_per_byte"].get<double>());
}

}  // namespace

void add_perplexity(CommandTree& tree, CLI::App& parent) {
  auto options = std::make_shared<Options>();
  CLI::App& command = tree.add(
      parent, "perplexity", "Measure how well a model predicts a text",
      "mod perplexity examples/specialists/base text.txt\n"
      "  mod perplexity recipe.yml text.txt --convention llama.cpp --json\n\n"
      "lm-eval: every token once, in windows of the context without overlap, the first after a\n"
      "begin token; the error by resampling windows. llama.cpp: whole windows (512 tokens by\n"
      "default), of each the second half. The two cannot be compared with one another.\n"
      "--json prints {convention, ppl, stderr, nll, tokens, ...}; nll is the mean in nats, ppl "
      "its\n"
      "exponential. -v prints the running value after every window.",
      [options](Invocation& run) { show_perplexity(*options, run); });
  add_model_options(command, options->model);
  command.add_option("FILE", options->file, "The text, UTF-8");
  command.add_option("--convention", options->convention, "lm-eval or llama.cpp")
      ->check(CLI::IsMember({"lm-eval", "llama.cpp"}))
      ->capture_default_str();
  command
      .add_option("--window", options->window,
                  "Tokens of a window (default: the context; for llama.cpp at most 512)")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N");
}

}  // namespace mod::cli
