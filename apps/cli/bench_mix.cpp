// `mod bench mix MODEL MODEL...`: mixtures of 2, 3, ... models, mode by mode, beside one model and
// what reading the weights takes, all measured in turns.
#include <fmt/format.h>

#include <deque>
#include <memory>

#include "bench_model.h"
#include "bundle/bundle.h"
#include "commands.h"
#include "cpu/kernels.h"
#include "mix_contender.h"
#include "print.h"

namespace mod::cli {
namespace {

struct Options {
  std::vector<std::string> models;
  std::size_t tokens = 32, prompt = 16;
  double temperature = 0.05;
};

class MixBench {
 public:
  MixBench(const Options& options, Invocation& run)
      : options_(options), context_(run.context), models_(open(options, run)) {
    limits_ = std::make_unique<Limits>(*models_.front(), context_);
    text_ = {random_tokens(*models_.front(), options.prompt, 1), options.tokens,
             options.temperature};
    add(1, {"exact", "fixed", {1}});
    for (std::size_t n = 2; n <= models_.size(); ++n) {
      const std::vector<double> equal(n, 1);
      add(n, {"exact", "fixed", equal, true});
      add(n, {"draw", "fixed", equal});
      add(n, {"certified", "fixed", equal});
      if (n == 2) add(n, {"exact", "fixed", {0.8, 0.2}});
      if (n == 2) add(n, {"certified", "fixed", {0.8, 0.2}});
      add(n, {"exact", "share", equal});
      add(n, {"lazy", "share", equal});
    }
  }

  void run() {
    for (std::size_t t = 0; t < options_.tokens; ++t) {
      limits_->measure_reading();
      limits_->measure_arithmetic();
      for (MixContender& one : contenders_) one.measure();
    }
  }

  Json json() const {
    Json rows = Json::array();
    for (const MixContender& one : contenders_) rows.push_back(row(one));
    return {{"models", options_.models},
            {"threads", context_.threads},
            {"isa", cpu::isa_name(context_.kernels->isa)},
            {"tokens", options_.tokens},
            {"vocabulary", models_.front()->vocabulary()},
            {"read_gb_per_second", limits_->read_rate() / 1e9},
            {"peak_gflops", limits_->flop_rate() / 1e9},
            {"rows", rows}};
  }

 private:
  static Models open(const Options& options, Invocation& run) {
    bundle::OpenOptions open;
    open.text = false;
    bundle::Opener opener(run.context, open);
    Models models;
    for (const std::string& name : options.models) {
      models.push_back(opener.open(name).mixture.experts.front().model);
    }
    return models;
  }

  Models first(std::size_t n) const {
    return {models_.begin(), models_.begin() + static_cast<std::ptrdiff_t>(n)};
  }

  void add(std::size_t experts, const ContenderSetup& setup) {
    contenders_.emplace_back(first(experts), setup, text_, context_);
  }

  const MixContender* find_exact(const MixContender& like) const {
    for (const MixContender& one : contenders_) {
      const ContenderSetup& s = one.setup();
      if (one.experts() == like.experts() && s.mode == "exact" && s.gate == like.setup().gate &&
          s.weights == like.setup().weights) {
        return &one;
      }
    }
    return nullptr;
  }

  Json row(const MixContender& one) const {
    const double limit = one.limit(limits_->read_rate(), limits_->flop_rate());
    const bool uneven = one.setup().mode == "draw" || one.setup().mode == "lazy";
    // Steps of modes that let experts fall behind differ much: their mean counts.
    const double seconds = uneven ? one.mean_seconds() : one.seconds();
    Json json = {{"experts", one.experts()},
                 {"mode", one.setup().mode},
                 {"gate", one.setup().gate},
                 {"weights", one.setup().weights},
                 {"ms_per_token", seconds * 1e3},
                 {"tokens_per_second", 1 / seconds},
                 {"passes_per_token", one.passes()},
                 {"share_of_limit", limit / seconds},
                 {"of_single_speed", contenders_.front().seconds() / seconds}};
    if (const MixContender* exact = find_exact(one); exact && exact != &one) {
      json["of_exact_time"] = seconds / (uneven ? exact->mean_seconds() : exact->seconds());
    }
    if (one.setup().credits) json["overhead"] = one.mixing_seconds() / one.seconds();
    return json;
  }

  const Options& options_;
  Context context_;
  Models models_;
  std::unique_ptr<Limits> limits_;
  ContenderText text_;
  std::deque<MixContender> contenders_;
};

std::string weights_text(const Json& weights) {
  std::string text;
  for (const Json& w : weights) text += (text.empty() ? "" : "/") + w.dump();
  return text;
}

void run_mix(const Options& options, Invocation& run) {
  MixBench bench(options, run);
  bench.run();
  const Json json = bench.json();
  if (run.json) return print_json(json);
  fmt::print("{} threads, {}; read loop {:.1f} GB/s, multiply-adds {:.1f} GFLOP/s, vocabulary {}\n",
             run.context.threads, json["isa"].get<std::string>(),
             json["read_gb_per_second"].get<double>(), json["peak_gflops"].get<double>(),
             json["vocabulary"].get<std::size_t>());
  Table table({"experts", "mode", "gate", "weights", "ms a token", "tokens/s", "passes",
               "% of limit", "x one model", "x exact", "overhead"},
              {0, 4, 5, 6, 7, 8, 9, 10});
  for (const Json& row : json["rows"]) {
    const auto number = [&row](const char* key, const char* format) {
      return row.contains(key) ? fmt::format(fmt::runtime(format), row[key].get<double>()) : "";
    };
    const auto percent = [&row](const char* key) {
      return row.contains(key) ? fmt::format("{:.1f} %", 100 * row[key].get<double>()) : "";
    };
    table.add({row["experts"].dump(), row["mode"].get<std::string>(),
               row["gate"].get<std::string>(), weights_text(row["weights"]),
               number("ms_per_token", "{:.2f}"), number("tokens_per_second", "{:.1f}"),
               number("passes_per_token", "{:.2f}"), percent("share_of_limit"),
               number("of_single_speed", "{:.2f}"), number("of_exact_time", "{:.3f}"),
               percent("overhead")});
  }
  table.print();
}

}  // namespace

void add_bench_mix(CommandTree& tree, CLI::App& parent) {
  auto options = std::make_shared<Options>();
  CLI::App& command = tree.add(
      parent, "mix", "Measure mixtures beside one model and the machine's limits",
      "mod bench make-model --like qwen2.5-0.5b --variants 3 /dev/shm/half\n"
      "  mod bench mix /dev/shm/half/base /dev/shm/half/ft1 /dev/shm/half/ft2 /dev/shm/half/ft3\n\n"
      "The first 2, 3, ... models are mixed in every mode, token by token in turns with one model\n"
      "alone and with a read loop and multiply-adds. limit: reading the weights that a step reads\n"
      "(shared ones once) or multiplying the rows that it catches up, whichever takes longer.\n"
      "x one model: tokens/s of the first model alone = 1. overhead: share of a token that\n"
      "softmax, rule, choice and attribution take. Figures are medians, of draw and lazy means.",
      [options](Invocation& run) { run_mix(*options, run); });
  command
      .add_option("MODEL", options->models,
                  "Folders or recipes of one shape; tokenizers are not needed")
      ->required()
      ->expected(2, 16);
  command.add_option("--tokens", options->tokens, "Tokens to measure")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000))
      ->type_name("N");
  command.add_option("--prompt", options->prompt, "Tokens before the first")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000))
      ->type_name("N");
  command
      .add_option("--temperature", options->temperature,
                  "Of the experts: random models are unsure of everything, and a small value makes "
                  "them as sure as trained ones")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
}

}  // namespace mod::cli
