// `mod bench decode MODEL`: token after token, beside the memory's and the cores' limits measured
// between the passes.
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

struct Options {
  std::string model, kv = "fp32";
  std::size_t tokens = 32, context = 16;
  std::vector<std::size_t> batches = {1};
};

/// Some texts that go through the weights together.
struct Batch {
  std::vector<nn::Session> sessions;
  std::vector<double> seconds = {};

  std::size_t size() const { return sessions.size(); }
};

class Decode {
 public:
  Decode(const Options& options, Invocation& run)
      : options_(options),
        context_(run.context),
        model_(open_bench_model(options.model, run)),
        ids_(random_tokens(*model_, options.context + options.tokens + 1, 1)),
        runner_(run.context),
        limits_(*model_, run.context) {
    nn::SessionOptions session;
    session.kv = parse_kv(options.kv);
    for (const std::size_t n : options.batches) {
      Batch& batch = batches_.emplace_back();
      for (std::size_t i = 0; i < n; ++i) batch.sessions.emplace_back(model_, session);
      const nn::Input prompt{&batch.sessions[0], {ids_.data(), options.context}, nn::Logits::kNone};
      runner_.run({&prompt, 1}, {});
      for (std::size_t i = 1; i < n; ++i) {
        batch.sessions[i].copy_prefix(batch.sessions[0], options.context);
      }
    }
  }

  /// All batches take turns with the loops that measure the limits; the first turn warms up.
  void run() {
    for (std::size_t t = 0; t <= options_.tokens; ++t) {
      if (t > 0) limits_.measure_reading();
      if (t > 0) limits_.measure_arithmetic();
      for (Batch& batch : batches_) {
        const double seconds = step(batch, ids_[options_.context + t]);
        if (t > 0) batch.seconds.push_back(seconds);
      }
    }
  }

  Json json() const {
    Json rows = Json::array();
    for (const Batch& batch : batches_) rows.push_back(row(batch));
    return {{"model", options_.model},
            {"threads", context_.threads},
            {"isa", cpu::isa_name(context_.kernels->isa)},
            {"kv", options_.kv},
            {"context", options_.context},
            {"tokens", options_.tokens},
            {"bytes_per_token", model_->bytes_per_token()},
            {"read_gb_per_second", limits_.read_rate() / 1e9},
            {"peak_gflops", limits_.flop_rate() / 1e9},
            {"rows", rows}};
  }

 private:
  double step(Batch& batch, nn::Token id) {
    std::vector<nn::Input> inputs;
    for (nn::Session& session : batch.sessions) {
      inputs.push_back({&session, {&id, 1}, nn::Logits::kLast});
    }
    return seconds_of([&] { runner_.run(inputs, {}); });
  }

  Json row(const Batch& batch) const {
    const double seconds = median(batch.seconds), n = static_cast<double>(batch.size());
    // Weights once for all, keys and values of the middle of the run for each text.
    const double length =
        static_cast<double>(options_.context) + static_cast<double>(options_.tokens) / 2;
    const double cache = static_cast<double>(batch.sessions[0].cache_bytes_per_token()) * length;
    const double bytes = static_cast<double>(model_->bytes_per_token()) + n * cache;
    const nn::Matrix& head = model_->head().w;
    const double parameters = static_cast<double>(model_->active_parameters()) +
                              static_cast<double>(head.rows) * static_cast<double>(head.columns);
    const double flops = 2 * n * parameters / seconds;
    return {{"batch", batch.size()},
            {"ms_per_step", seconds * 1e3},
            {"tokens_per_second", n / seconds},
            {"gb_per_second", bytes / seconds / 1e9},
            {"share_of_read", bytes / seconds / limits_.read_rate()},
            {"gflops", flops / 1e9},
            {"share_of_peak", flops / limits_.flop_rate()},
            {"cost_of_first", seconds / median(batches_[0].seconds)}};
  }

  const Options& options_;
  Context context_;
  std::shared_ptr<const nn::Model> model_;
  std::vector<nn::Token> ids_;
  nn::Runner runner_;
  Limits limits_;
  std::vector<Batch> batches_;
};

void run_decode(const Options& options, Invocation& run) {
  Decode decode(options, run);
  decode.run();
  const Json json = decode.json();
  if (run.json) return print_json(json);
  fmt::print(
      "{} threads, {}, keys and values in {}; read loop {:.1f} GB/s, multiply-adds {:.1f} "
      "GFLOP/s\n",
      run.context.threads, json["isa"].get<std::string>(), options.kv,
      json["read_gb_per_second"].get<double>(), json["peak_gflops"].get<double>());
  Table table({"texts", "ms a step", "tokens/s", "GB/s", "% of read", "GFLOP/s", "% of peak",
               "x first row"},
              {0, 1, 2, 3, 4, 5, 6, 7});
  for (const Json& row : json["rows"]) {
    const auto number = [&row](const char* key) { return row[key].get<double>(); };
    table.add({std::to_string(row["batch"].get<int>()),
               fmt::format("{:.2f}", number("ms_per_step")),
               fmt::format("{:.1f}", number("tokens_per_second")),
               fmt::format("{:.1f}", number("gb_per_second")),
               fmt::format("{:.0f}", 100 * number("share_of_read")),
               fmt::format("{:.1f}", number("gflops")),
               fmt::format("{:.0f}", 100 * number("share_of_peak")),
               fmt::format("{:.2f}", number("cost_of_first"))});
  }
  table.print();
}

}  // namespace

void add_bench_decode(CommandTree& tree, CLI::App& parent) {
  auto options = std::make_shared<Options>();
  CLI::App& command = tree.add(
      parent, "decode", "Measure token after token beside the machine's limits",
      "mod bench make-model --like qwen2.5-0.5b /dev/shm/half\n"
      "  mod bench decode /dev/shm/half --batch 1,2,4,8\n\n"
      "The limits are a read loop over the same weights and multiply-adds in registers, measured\n"
      "between the steps; all figures are medians. Tokens are random ids.",
      [options](Invocation& run) { run_decode(*options, run); });
  command
      .add_option("MODEL", options->model, "A model folder or a recipe; a tokenizer is not needed")
      ->required();
  command.add_option("--tokens", options->tokens, "Steps to measure (one more warms up)")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000))
      ->type_name("N");
  command.add_option("--batch", options->batches, "Texts that go together; several take turns")
      ->delimiter(',')
      ->check(CLI::Range(1, 512))
      ->type_name("N,...");
  command.add_option("--context", options->context, "Tokens of a text before the first step")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000'000))
      ->type_name("N");
  command.add_option("--kv", options->kv, "Keys and values in fp32 or bf16")
      ->capture_default_str()
      ->type_name("TYPE");
}

}  // namespace mod::cli
