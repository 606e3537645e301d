// `mod bench eval MODEL`: what it brings to answer several items at a time, beside the limit that
// the machine sets to both.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "bench_model.h"
#include "commands.h"
#include "cpu/kernels.h"
#include "eval/batch.h"
#include "mod/error.h"
#include "print.h"

namespace mod::cli {
namespace {

struct Options {
  std::string model, kv = "fp32";
  // As a question that is answered in steps: a reply twice as long as its prompt.
  std::size_t batch = 8, prompt = 64, tokens = 128, rounds = 3;
};

/// So many items answered together.
struct Arm {
  std::size_t batch = 1;
  std::vector<double> seconds = {};
};

class BenchEval {
 public:
  BenchEval(const Options& options, Invocation& run)
      : options_(options),
        context_(run.context),
        model_(open(options, run.context)),
        limits_(expert(), run.context),
        arms_{{1}, {options.batch}} {
    if (options.prompt + options.tokens > model_.engine->longest_text()) {
      throw Error(ErrorCode::kInvalidInput,
                  fmt::format("--prompt {} and --tokens {} do not fit into the context of {}",
                              options.prompt, options.tokens, model_.engine->longest_text()));
    }
  }

  /// The arms take turns with the loops that measure the limits; the first turn warms up.
  void run() {
    for (std::size_t round = 0; round <= options_.rounds; ++round) {
      if (round > 0) limits_.measure_reading();
      if (round > 0) limits_.measure_arithmetic();
      for (Arm& arm : arms_) {
        const double seconds = seconds_of([&] { answer(arm.batch, round); });
        if (round > 0) arm.seconds.push_back(seconds);
      }
    }
  }

  Json json() const {
    Json rows = Json::array();
    for (const Arm& arm : arms_) rows.push_back(row(arm));
    return {{"model", options_.model},
            {"threads", context_.threads},
            {"isa", cpu::isa_name(context_.kernels->isa)},
            {"kv", options_.kv},
            {"prompt", options_.prompt},
            {"tokens", options_.tokens},
            {"read_gb_per_second", limits_.read_rate() / 1e9},
            {"peak_gflops", limits_.flop_rate() / 1e9},
            {"rows", rows},
            {"gain", rows[1]["tokens_per_second"].get<double>() /
                         rows[0]["tokens_per_second"].get<double>()}};
  }

 private:
  static eval::EvalModel open(const Options& options, const Context& context) {
    eval::ModelSettings settings;
    settings.session.kv = parse_kv(options.kv);
    eval::ModelInfo info;
    info.argument = options.model;
    return eval::open_eval_model(info, settings, context);
  }

  const nn::Model& expert() const { return *model_.engine->mixture().experts.front().model; }

  void answer(std::size_t batch, std::size_t round) {
    std::vector<eval::Question> questions;
    for (std::size_t i = 0; i < batch; ++i) {
      const auto tokens = random_tokens(expert(), options_.prompt, 1000 * round + i);
      questions.push_back({{mix::text_prompt(tokens), tokens, tokens.size()}, ""});
    }
    eval::BatchOptions options;
    options.batch = batch;
    options.generation.max_tokens = options_.tokens;
    if (!eval::answer_all(model_, questions, options, [](std::size_t, auto) {})) {
      throw Error(ErrorCode::kCancelled, "stopped by the user");
    }
  }

  /// Seconds that only reading the weights or only multiplying takes, whichever is longer, pass by
  /// pass.
  double limit_seconds(std::size_t batch) const {
    const nn::Matrix& head = expert().head().w;
    const double parameters = static_cast<double>(expert().active_parameters()) +
                              static_cast<double>(head.rows) * static_cast<double>(head.columns);
    const double read = static_cast<double>(expert().bytes_per_token()) / limits_.read_rate();
    const auto pass = [&](std::size_t tokens) {
      const double multiply = 2 * parameters * static_cast<double>(tokens) / limits_.flop_rate();
      return std::max(read, multiply);
    };
    return pass(batch * options_.prompt) + static_cast<double>(options_.tokens - 1) * pass(batch);
  }

  Json row(const Arm& arm) const {
    const double seconds = median(arm.seconds);
    const auto written = static_cast<double>(arm.batch * options_.tokens);
    return {{"batch", arm.batch},
            {"seconds", seconds},
            {"tokens_per_second", written / seconds},
            {"share_of_limit", limit_seconds(arm.batch) / seconds}};
  }

  const Options& options_;
  Context context_;
  eval::EvalModel model_;
  Limits limits_;
  std::vector<Arm> arms_;
};

void run_bench(const Options& options, Invocation& run) {
  BenchEval bench(options, run);
  bench.run();
  const Json json = bench.json();
  if (run.json) return print_json(json);
  fmt::print(
      "{} threads, {}, prompts of {} tokens, replies of {}; read loop {:.1f} GB/s, "
      "multiply-adds {:.1f} GFLOP/s\n",
      run.context.threads, json["isa"].get<std::string>(), options.prompt, options.tokens,
      json["read_gb_per_second"].get<double>(), json["peak_gflops"].get<double>());
  Table table({"items at a time", "seconds", "tokens/s", "% of limit"}, {0, 1, 2, 3});
  for (const Json& row : json["rows"]) {
    table.add({std::to_string(row["batch"].get<int>()),
               fmt::format("{:.2f}", row["seconds"].get<double>()),
               fmt::format("{:.1f}", row["tokens_per_second"].get<double>()),
               fmt::format("{:.0f}", 100 * row["share_of_limit"].get<double>())});
  }
  table.print();
  fmt::print("{:.2f} times the tokens a second\n", json["gain"].get<double>());
}

}  // namespace

void add_bench_eval(CommandTree& tree, CLI::App& parent) {
  auto options = std::make_shared<Options>();
  CLI::App& command = tree.add(
      parent, "eval", "Measure several items at a time against one",
      "mod bench make-model --like qwen2.5-0.5b /dev/shm/half\n"
      "  mod bench eval /dev/shm/half --batch 8\n\n"
      "Prompts are random ids; the time is that of whole answers, prompts included. The limit is\n"
      "reading the weights or multiplying with them, whichever is longer, for every pass, from\n"
      "loops measured between the rounds; all figures are medians.",
      [options](Invocation& run) { run_bench(*options, run); });
  command.add_option("MODEL", options->model, "A model folder or a recipe")->required();
  const auto number = [&command](const char* name, std::size_t& value, std::size_t most,
                                 const char* help) {
    command.add_option(name, value, help)
        ->capture_default_str()
        ->check(CLI::Range(std::size_t{1}, most))
        ->type_name("N");
  };
  number("--batch", options->batch, 512, "Items at a time");
  number("--prompt", options->prompt, 1'000'000, "Tokens of a prompt");
  number("--tokens", options->tokens, 1'000'000, "Tokens of a reply");
  number("--rounds", options->rounds, 1000, "Rounds to measure (one more warms up)");
  command.add_option("--kv", options->kv, "Keys and values in fp32 or bf16")
      ->capture_default_str()
      ->type_name("TYPE");
}

}  // namespace mod::cli
