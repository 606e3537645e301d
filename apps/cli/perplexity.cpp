// `mod perplexity MODEL FILE`: how well a model predicts a text.
#include "eval/perplexity.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "base/log_problems.h"
#include "base/text.h"
#include "bundle/compatibility.h"
#include "commands.h"
#include "eval/divergence.h"
#include "eval/model_info.h"
#include "mod/error.h"
#include "model_options.h"
#include "perplexity_against.h"
#include "print.h"

namespace mod::cli {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30;

struct Options {
  ModelArguments model;
  std::string file, convention = "lm-eval";
  std::size_t window = 0;
  std::vector<std::string> against;
  bool against_parents = false;
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

/// A text as a model's tokenizer makes it, and how it is cut.
struct Text {
  std::vector<mix::Token> ids;
  eval::PerplexityOptions cut;
  std::size_t words, bytes;
};

Text tokenized(const Options& options, const std::string& text, const text::Tokenizer& tokenizer) {
  Text out;
  out.cut.window = options.window;
  out.words = count_words(text);
  out.bytes = text.size();
  if (options.convention == "lm-eval") {
    out.cut.convention = eval::PerplexityConvention::kLmEval;
    out.cut.begin = tokenizer.bos_id() ? tokenizer.bos_id() : tokenizer.eos_id();
    out.ids = tokenizer.encode(text, false);
  } else {
    out.cut.convention = eval::PerplexityConvention::kLlamaCpp;
    out.cut.begin = begin_token(tokenizer);
    out.ids = tokenizer.encode(text, true);
  }
  return out;
}

eval::TextPerplexity measure(const Text& text, mix::Engine& engine, const Invocation& run) {
  double sum = 0;
  std::size_t tokens = 0, windows = 0;
  return eval::measure_perplexity(engine, text.ids, text.cut, [&](std::span<const double> nll) {
    for (const double n : nll) sum += n;
    tokens += nll.size();
    run.log().debug(
        fmt::format("[{}] {:.4f}", ++windows, std::exp(sum / static_cast<double>(tokens))));
  });
}

/// The models that MODEL's recipe or mixture names.
std::vector<std::string> parents_of(const ModelArguments& model, const Invocation& run) {
  Log quiet(LogLevel::kQuiet);  // it is opened as well, and says then what there is to say
  Context context = run.context;
  context.log = &quiet;
  eval::RowArguments rows;
  if (model.mixture.experts.empty()) {
    rows.models = {model.model};
    const bool is_mixture = bundle::resolve_argument(model.model).kind == bundle::Kind::kMixture;
    (is_mixture ? rows.mixture_set : rows.set) = model.set;
  } else {
    rows.mixture =
        mixture_of_experts(model.mixture, mixture_options(model.mixture, model.set), quiet);
  }
  std::vector<std::string> parents;
  for (const eval::ModelInfo& row : eval::plan_rows(rows, true, context)) {
    if (row.is_added) parents.push_back(row.argument);
  }
  if (parents.empty()) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("--against-parents: {} is no recipe or mixture, so it has no parents; "
                            "name a model with --against",
                            model.model));
  }
  return parents;
}

void check_same_tokens(const Runnable& model, const Runnable& base, Log& log) {
  const auto named = [](const Runnable& one) {
    return bundle::NamedTokenizer{one.bundle.argument, &one.bundle.need_tokenizer(),
                                  one.engine->vocabulary()};
  };
  const bundle::NamedTokenizer both[] = {named(model), named(base)};
  Problems notes;
  bundle::check_tokenizers(both, notes);
  log_problems(notes, log);
}

eval::Divergence compare_with(const std::string& base, const Text& text, const Runnable& model,
                              const Options& options, const Invocation& run) {
  const Runnable other = open_beside(model, options.model, base, run);
  check_same_tokens(model, other, run.log());
  return eval::measure_divergence(*model.engine, *other.engine, text.ids, text.cut);
}

Json to_json(const eval::TextPerplexity& p, const Text& text) {
  Json json = {{"convention", eval::convention_name(text.cut.convention)},
               {"ppl", p.ppl},
               {"stderr", p.stderr_ppl},
               {"nll", p.nll},
               {"tokens", p.tokens},
               {"window", p.window}};
  if (text.cut.convention != eval::PerplexityConvention::kLmEval) return json;
  const double total = p.nll * static_cast<double>(p.tokens);
  json["word_perplexity"] = std::exp(total / static_cast<double>(text.words));
  json["byte_perplexity"] = std::exp(total / static_cast<double>(text.bytes));
  json["bits_per_byte"] = total / static_cast<double>(text.bytes) / std::log(2.0);
  return json;
}

void print_perplexity(const Json& json) {
  fmt::print("perplexity {:.4f} +/- {:.4f} ({}'s convention, {} tokens, windows of {})\n",
             json["ppl"].get<double>(), json["stderr"].get<double>(),
             json["convention"].get<std::string>(), json["tokens"].get<std::size_t>(),
             json["window"].get<std::size_t>());
  if (!json.contains("bits_per_byte")) return;
  fmt::print("per word {:.4f}, per byte {:.4f}, bits per byte {:.4f}\n",
             json["word_perplexity"].get<double>(), json["byte_perplexity"].get<double>(),
             json["bits_per_byte"].get<double>());
}

std::vector<std::string> bases_of(const Options& options, const Invocation& run) {
  std::vector<std::string> bases = options.against;
  if (!options.against_parents) return bases;
  for (std::string& parent : parents_of(options.model, run)) {
    const bool is_new = std::find(bases.begin(), bases.end(), parent) == bases.end();
    if (is_new) bases.push_back(std::move(parent));
  }
  return bases;
}

void show_perplexity(Options options, const Invocation& run) {
  // With --expert there is no MODEL, so that the first argument is the text.
  if (!options.model.mixture.experts.empty() && options.file.empty()) {
    std::swap(options.model.model, options.file);
  }
  if (options.file.empty()) {
    throw Error(ErrorCode::kInvalidInput, "name a FILE with the text; see `mod perplexity --help`");
  }
  const std::string raw = read_text_file(options.file, kMostBytes);
  const std::vector<std::string> bases = bases_of(options, run);
  for (const std::string& base : bases) bundle::resolve_argument(base);  // before MODEL is loaded
  const Runnable runnable = open_runnable(options.model, run);
  const Text text = tokenized(options, raw, runnable.bundle.need_tokenizer());
  Json json = to_json(measure(text, *runnable.engine, run), text);
  if (!run.json) print_perplexity(json);
  for (const std::string& base : bases) {
    const eval::Divergence divergence = compare_with(base, text, runnable, options, run);
    if (run.json) {
      json["against"].push_back(divergence_json(base, divergence));
    } else {
      fmt::print("{}", divergence_text(base, divergence));
    }
  }
  if (run.json) print_json(json);
}

}  // namespace

void add_perplexity(CommandTree& tree, CLI::App& parent) {
  auto options = std::make_shared<Options>();
  CLI::App& command = tree.add(
      parent, "perplexity", "Measure how well a model predicts a text",
      "mod perplexity examples/specialists/base text.txt\n"
      "  mod perplexity recipe.yml text.txt --convention llama.cpp --json\n"
      "  mod perplexity mixture.yml text.txt --against-parents\n\n"
      "lm-eval: every token once, in windows of the context without overlap, the first after a\n"
      "begin token; the error by resampling windows. llama.cpp: whole windows (512 tokens by\n"
      "default), of each the second half. The two cannot be compared with one another.\n"
      "--json prints {convention, ppl, stderr, nll, tokens, ...}; nll is the mean in nats, ppl "
      "its\n"
      "exponential. -v prints the running value after every window.\n\n"
      "--against BASE also prints how the predictions differ from BASE's on the same tokens, with\n"
      "the numbers that llama.cpp's --kl-divergence prints: ratio of the perplexities, KL(BASE ||\n"
      "MODEL), changes of the probability of the token that came, how often the likeliest token "
      "is\n"
      "the same. Errors take tokens as independent. Both read the text side by side; BASE's\n"
      "tokenizer must be MODEL's. --json: a list `against`.",
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
  command
      .add_option("--against", options->against,
                  "Compare with this model: a folder, a recipe or a mixture (repeatable)")
      ->type_name("BASE")
      ->allow_extra_args(false);
  command.add_flag("--against-parents", options->against_parents,
                   "Compare with every model that MODEL's recipe or mixture names");
}

}  // namespace mod::cli
