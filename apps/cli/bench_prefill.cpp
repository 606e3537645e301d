// `mod bench prefill MODEL`: a long prompt beside the peak of multiply-adds measured between the
// runs, and the time to the first token of a short one.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "bench_model.h"
#include "commands.h"
#include "cpu/kernels.h"
#include "nn/runner.h"
#include "print.h"

namespace mod::cli {
namespace {

constexpr std::size_t kShortPrompt = 16;

struct Options {
  std::string model, kv = "fp32";
  std::size_t tokens = 512;
  int runs = 5;
};

/// Two for each parameter and token, head and embedding left out, and four for each number of a
/// query and position that it sees.
double operations(const nn::Model& model, std::size_t tokens) {
  const arch::RunSpec& spec = model.spec();
  const auto n = static_cast<double>(tokens);
  double seen = 0;
  for (const arch::LayerSpec& layer : spec.layers) {
    const double window = layer.window > 0 ? std::min(static_cast<double>(layer.window), n) : n;
    seen += window * (window + 1) / 2 + (n - window) * window;
  }
  return 2 * static_cast<double>(model.active_parameters()) * n +
         4 * seen * static_cast<double>(spec.heads * spec.head_dim);
}

struct Result {
  double first_token = 0;  // seconds from the start of the process
  double seconds = 0, operations = 0, peak = 0;
};

Result measure(const Options& options, Invocation& run) {
  const DType kv = parse_kv(options.kv);
  const auto model = open_bench_model(options.model, run);
  nn::Runner runner(run.context);
  nn::SessionOptions session_options;
  session_options.kv = kv;
  nn::Session session(model, session_options);
  Result result;
  runner.append(session, random_tokens(*model, kShortPrompt, 1));
  result.first_token = seconds_since_process_start();
  Limits limits(*model, run.context);
  const std::vector<nn::Token> ids = random_tokens(*model, options.tokens, 2);
  std::vector<double> seconds;
  for (int i = 0; i <= options.runs; ++i) {
    session.truncate(0);
    const double s = seconds_of([&] { runner.append(session, ids); });
    if (i == 0) continue;  // the first one makes room
    seconds.push_back(s);
    limits.measure_arithmetic();
  }
  result.seconds = median(seconds);
  result.operations = operations(*model, options.tokens);
  result.peak = limits.flop_rate();
  return result;
}

void run_prefill(const Options& options, Invocation& run) {
  const Result result = measure(options, run);
  const double rate = result.operations / result.seconds;
  const double tokens = static_cast<double>(options.tokens) / result.seconds;
  if (run.json) {
    return print_json({{"model", options.model},
                       {"threads", run.context.threads},
                       {"isa", cpu::isa_name(run.context.kernels->isa)},
                       {"kv", options.kv},
                       {"tokens", options.tokens},
                       {"seconds", result.seconds},
                       {"tokens_per_second", tokens},
                       {"gflops", rate / 1e9},
                       {"peak_gflops", result.peak / 1e9},
                       {"share_of_peak", rate / result.peak},
                       {"first_token_prompt", kShortPrompt},
                       {"first_token_seconds", result.first_token}});
  }
  fmt::print("{} threads, {}, keys and values in {}, median of {} runs\n", run.context.threads,
             cpu::isa_name(run.context.kernels->isa), options.kv, options.runs);
  fmt::print(
      "{} tokens in {:.3f} s: {:.1f} tokens/s, {:.1f} GFLOP/s, {:.0f} % of {:.1f} (fp32 "
      "multiply-adds in registers)\n",
      options.tokens, result.seconds, tokens, rate / 1e9, 100 * rate / result.peak,
      result.peak / 1e9);
  fmt::print("first token after a prompt of {} tokens: {:.2f} s from the start of the process\n",
             kShortPrompt, result.first_token);
}

}  // namespace

void add_bench_prefill(CommandTree& tree, CLI::App& parent) {
  auto options = std::make_shared<Options>();
  CLI::App& command = tree.add(
      parent, "prefill", "Measure a long prompt beside the machine's arithmetic",
      "mod bench make-model --like qwen2.5-0.5b /dev/shm/half\n"
      "  mod bench prefill /dev/shm/half --tokens 512\n\n"
      "The limit is a loop of fp32 multiply-adds in registers on the same threads, measured "
      "between\n"
      "the runs. The time to the first token depends on whether the page cache holds the model.",
      [options](Invocation& run) { run_prefill(*options, run); });
  command
      .add_option("MODEL", options->model, "A model folder or a recipe; a tokenizer is not needed")
      ->required();
  command.add_option("--tokens", options->tokens, "Random tokens of the prompt")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000'000))
      ->type_name("N");
  command.add_option("--runs", options->runs, "Measured runs (one more warms up)")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000))
      ->type_name("N");
  command.add_option("--kv", options->kv, "Keys and values in fp32 or bf16")
      ->capture_default_str()
      ->type_name("TYPE");
}

}  // namespace mod::cli
