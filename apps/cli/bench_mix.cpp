// `mod bench mix MODEL MODEL...`: mixtures of 2, 3, ... models, mode by mode, beside one model and
// what reading the weights takes, all measured in turns.
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <set>

#include "bench_model.h"
#include "bundle/bundle.h"
#include "commands.h"
#include "cpu/kernels.h"
#include "mix/generation.h"
#include "mix/rows.h"
#include "print.h"

namespace mod::cli {
namespace {

struct Options {
  std::vector<std::string> models;
  std::size_t tokens = 32, prompt = 16;
  double temperature = 0.05;
};

using Models = std::vector<std::shared_ptr<const nn::Model>>;

/// Bytes of weights that are read for one token of all these models, shared ones once.
double bytes_of_token(const Models& models) {
  double read = 0, held = 0, distinct = 0;
  std::set<const weights::Tensor*> seen;
  for (const auto& model : models) {
    read += static_cast<double>(model->bytes_per_token());
    held += static_cast<double>(model->weight_bytes());
    for (const weights::TensorPtr& tensor : model->tensors()) {
      if (seen.insert(tensor.get()).second) distinct += static_cast<double>(tensor->bytes().size());
    }
  }
  return read * distinct / held;
}

/// Operations of one token in one model.
double flops_of_token(const nn::Model& model) {
  const nn::Matrix& head = model.head().w;
  return 2 * (static_cast<double>(model.active_parameters()) +
              static_cast<double>(head.rows) * static_cast<double>(head.columns));
}

struct Setup {
  std::string mode, gate;
  std::vector<double> weights;
  bool credits = false;
};

/// One way to write a text. Its steps are measured between those of the others.
class Contender {
 public:
  Contender(const Models& models, const Setup& setup, const Options& options,
            const std::vector<nn::Token>& prompt, const Context& context)
      : setup_(setup), models_(models) {
    mix::Mixture mixture;
    for (std::size_t k = 0; k < models.size(); ++k) {
      mixture.experts.push_back({fmt::format("e{}", k + 1), models[k], options.temperature});
    }
    mixture.rule = mix::find_rule("linear");
    mixture.gate = mix::find_gate(setup.gate);
    mixture.gate_parameters = mix::default_values(mixture.gate->parameters);
    mixture.weights = setup.weights;
    const mix::Mode& mode = *mix::find_mode(setup.mode);
    mixture.mode = mix::make_mode(mode.kind, mix::default_values(mode.parameters));
    engine_ = std::make_unique<mix::Engine>(std::move(mixture), context);
    mix::GenerationOptions generation;
    generation.max_tokens = options.tokens + 100;
    // Draws are of a sampled text; the others are compared on greedy ones.
    if (mode.kind == mix::ModeKind::kDraw) generation.sampling.temperature = 1;
    if (setup.credits) generation.credits = mix::CreditOptions{};
    text_ = std::make_unique<mix::Generation>(*engine_, engine_->start(), mix::text_prompt(prompt),
                                              generation, nullptr);
    step();
  }

  void step() {
    const mix::Step step = text_->next();
    engine_->advance({&step, 1});
    text_->choose();
  }

  void measure() {
    const auto before = read_tokens();
    seconds_.push_back(seconds_of([this] { step(); }));
    const auto after = read_tokens();
    if (setup_.credits) mixing_.push_back(seconds_of([this] { mix_again(); }));
    batches_.emplace_back();
    for (std::size_t k = 0; k < after.size(); ++k) batches_.back().push_back(after[k] - before[k]);
  }

  const Setup& setup() const { return setup_; }
  std::size_t experts() const { return models_.size(); }
  double seconds() const { return median(seconds_); }
  double mixing_seconds() const { return median(mixing_); }
  double mean_seconds() const {
    double sum = 0;
    for (const double s : seconds_) sum += s;
    return sum / static_cast<double>(seconds_.size());
  }

  /// Mean seconds of a step that reading the weights, or multiplying the rows that were caught up,
  /// takes: whichever is longer, expert by expert.
  double limit(double read_rate, double flop_rate) const {
    double sum = 0;
    for (const auto& step : batches_) {
      Models read;
      double flops = 0;
      for (std::size_t k = 0; k < step.size(); ++k) {
        if (step[k] == 0) continue;
        read.push_back(models_[k]);
        flops += static_cast<double>(step[k]) * flops_of_token(*models_[k]);
      }
      if (!read.empty()) sum += std::max(bytes_of_token(read) / read_rate, flops / flop_rate);
    }
    return sum / static_cast<double>(batches_.size());
  }

  /// Mean passes of a step, all experts together.
  double passes() const {
    std::size_t sum = 0;
    for (const auto& step : batches_) {
      sum += static_cast<std::size_t>(
          std::count_if(step.begin(), step.end(), [](std::size_t n) { return n > 0; }));
    }
    return static_cast<double>(sum) / static_cast<double>(batches_.size());
  }

 private:
  /// All that a mixture does beside the passes of its experts: their softmax, gate and rule, the
  /// choice, and who was responsible for it.
  void mix_again() {
    const Context& context = engine_->context();
    const mix::Mixture& mixture = engine_->mixture();
    const mix::Prediction& prediction = text_->stream().prediction();
    std::vector<const float*> rows;
    rows_.resize(models_.size());
    for (std::size_t k = 0; k < models_.size(); ++k) {
      rows_[k].resize(prediction.scores.size());
      mix::log_softmax(prediction.experts[k].scores, 1, rows_[k], context);
      rows.push_back(rows_[k].data());
    }
    const std::vector<double> prior = mix::log_prior(mixture.weights, models_.size());
    mixed_.resize(prediction.scores.size());
    mix::combine(*mixture.rule, {{}, prior, rows, mixed_.size()}, mixed_, context);
    const auto token = static_cast<mix::Token>(mix::best_token(mixed_, context));
    mix::credit(mixture, prediction, token, {}, context);
  }

  std::vector<std::size_t> read_tokens() const { return text_->stream().read_tokens(); }

  Setup setup_;
  Models models_;
  std::unique_ptr<mix::Engine> engine_;
  std::unique_ptr<mix::Generation> text_;
  std::vector<double> seconds_, mixing_;
  std::vector<std::vector<float>> rows_;
  std::vector<float> mixed_;
  std::vector<std::vector<std::size_t>> batches_;  // of each step, tokens that each expert read
};

class MixBench {
 public:
  MixBench(const Options& options, Invocation& run)
      : options_(options), context_(run.context), models_(open(options, run)) {
    limits_ = std::make_unique<Limits>(*models_.front(), context_);
    prompt_ = random_tokens(*models_.front(), options.prompt, 1);
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
      for (Contender& one : contenders_) one.measure();
    }
  }

  Json json() const {
    Json rows = Json::array();
    for (const Contender& one : contenders_) rows.push_back(row(one));
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

  void add(std::size_t experts, const Setup& setup) {
    contenders_.emplace_back(first(experts), setup, options_, prompt_, context_);
  }

  const Contender* find_exact(const Contender& like) const {
    for (const Contender& one : contenders_) {
      const Setup& s = one.setup();
      if (one.experts() == like.experts() && s.mode == "exact" && s.gate == like.setup().gate &&
          s.weights == like.setup().weights) {
        return &one;
      }
    }
    return nullptr;
  }

  Json row(const Contender& one) const {
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
    if (const Contender* exact = find_exact(one); exact && exact != &one) {
      json["of_exact_time"] = seconds / (uneven ? exact->mean_seconds() : exact->seconds());
    }
    if (one.setup().credits) json["overhead"] = one.mixing_seconds() / one.seconds();
    return json;
  }

  const Options& options_;
  Context context_;
  Models models_;
  std::unique_ptr<Limits> limits_;
  std::vector<nn::Token> prompt_;
  std::deque<Contender> contenders_;
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
