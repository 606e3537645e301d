// `mod bench merge DIR`: every method against a plain copy of the same bytes, measured in the same
// run.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>

#include "base/text.h"
#include "commands.h"
#include "io/file.h"
#include "merge/budget.h"
#include "merge/plain_copy.h"
#include "merge/run.h"
#include "mod/error.h"
#include "print.h"
#include "recipe_options.h"
#include "timing.h"

namespace mod::cli {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string models;
  std::vector<std::string> methods = {"linear", "mod",       "task_arithmetic", "slerp",
                                      "ties",   "dare_ties", "breadcrumbs",     "della"};
  std::string memory = "512M";
  std::string out;
  int runs = 5;
  int fine_tunes = 2;
  bool cold = false;
};

/// The recipe of one row: two models for linear, slerp and mod, else base + task vectors.
std::string recipe_text(const std::string& method, int fine_tunes) {
  std::string text = "merge_method: " + method + "\ndtype: bfloat16\n";
  if (method == "slerp") {
    return text + "models: [{model: base}, {model: ft1}]\nbase_model: base\nparameters: {t: 0.5}\n";
  }
  const std::string first = fine_tunes > 1 ? "ft1" : "base",
                    second = fine_tunes > 1 ? "ft2" : "ft1";
  if (method == "linear" || method == "mod" || method == "nuslerp") {
    return text + "models:\n- {model: " + first +
           ", parameters: {weight: 0.9}}\n- {model: " + second + ", parameters: {weight: 0.1}}\n";
  }
  if (method == "passthrough") return text + "models: [{model: base}]\n";
  text += "base_model: base\nmodels:\n";
  const bool stock = method == "model_stock";
  for (int i = 1; i <= fine_tunes; ++i) {
    text += fmt::format(
        "- {{model: ft{}{}}}\n", i,
        stock ? "" : ", parameters: {weight: 0.5, density: 0.5, gamma: 0.01, epsilon: 0.15}");
  }
  return text;
}

struct Row {
  std::string method;
  int inputs = 0;
  double plain = 0, merge = 0, hashed = 0, bytes = 0;
};

class Bench {
 public:
  Bench(const Arguments& arguments, Invocation& invocation)
      : arguments_(arguments),
        invocation_(invocation),
        out_(arguments.out.empty() ? fs::path(arguments.models) / "bench.mod-tmp"
                                   : fs::path(arguments.out)) {
    memory_ = parse_size(arguments.memory).value_or(0);
    quiet_.set_level(LogLevel::kError);
  }

  Row measure(const std::string& method) {
    const merge::Plan plan = make_plan(method);
    Row row{method};
    for (const auto& t : plan.tensors)
      row.inputs = std::max(row.inputs, static_cast<int>(t.inputs.size()));
    row.bytes = static_cast<double>(plan.bytes_read + plan.bytes_written);
    std::vector<double> plain, merged, hashed;
    for (int i = 0; i <= arguments_.runs; ++i) {
      const double p = run_plain(plan), m = run_merge(method, false), h = run_merge(method, true);
      if (i == 0) continue;  // the first round warms files and allocator up
      plain.push_back(p);
      merged.push_back(m);
      hashed.push_back(h);
    }
    row.plain = median(plain);
    row.merge = median(merged);
    row.hashed = median(hashed);
    return row;
  }

 private:
  merge::Plan make_plan(const std::string& method) {
    Problems problems;
    const fs::path file =
        fs::path(arguments_.models) / "bench.yml";  // anchors the model paths only
    const merge::Recipe recipe =
        merge::parse_recipe(recipe_text(method, arguments_.fine_tunes), file, {}, problems);
    problems.throw_if_errors();
    merge::PlanOptions options;
    options.memory = memory_;
    options.threads = invocation_.context.threads;
    merge::Plan plan = merge::build_plan(recipe, options, problems);
    problems.throw_if_errors();
    return plan;
  }

  void prepare(const merge::Plan& plan) {
    fs::remove_all(out_);
    if (arguments_.cold) merge::drop_inputs_from_cache(plan);
  }

  double run_plain(const merge::Plan& plan) {
    prepare(plan);
    return merge::plain_copy(plan, out_, {invocation_.context.threads, 262144, true});
  }

  /// Everything a user waits for: recipe, plan, budget, merge, report.
  double run_merge(const std::string& method, bool hash) {
    prepare(make_plan(method));
    const auto start = std::chrono::steady_clock::now();
    const merge::Plan plan = make_plan(method);
    Context context = invocation_.context;
    const merge::Budget budget = merge::make_budget(plan, memory_, context);
    context.threads = budget.workers;
    context.log = &quiet_;
    merge::RunOptions options;
    options.hash = hash;
    options.execute.tile_elements = budget.tile_elements;
    options.execute.state_bytes = budget.state_bytes;
    merge::merge_to_folder(plan, out_, options, context);
    const auto elapsed = std::chrono::steady_clock::now() - start;
    fs::remove_all(out_);
    return std::chrono::duration<double>(elapsed).count();
  }

  const Arguments& arguments_;
  Invocation& invocation_;
  fs::path out_;
  std::uint64_t memory_ = 0;
  Log quiet_;
};

void check(const Arguments& arguments) {
  if (!parse_size(arguments.memory)) {
    throw Error(ErrorCode::kInvalidInput, "--memory: '" + arguments.memory + "' is not a size");
  }
  for (int i = 0; i <= arguments.fine_tunes; ++i) {
    const std::string name = i == 0 ? "base" : fmt::format("ft{}", i);
    if (fs::exists(fs::path(arguments.models) / name)) continue;
    throw Error(
        ErrorCode::kInvalidInput,
        fmt::format("{}: there is no model '{}'; make them with `mod bench make-model --like "
                    "qwen2.5-0.5b --variants {} {}`",
                    arguments.models, name, arguments.fine_tunes, arguments.models));
  }
}

void run(const Arguments& arguments, Invocation& invocation) {
  check(arguments);
  Bench bench(arguments, invocation);
  const bool in_memory = io::is_memory_backed(arguments.models);
  invocation.log().info(
      fmt::format("limit: a plain program that reads the inputs once (pread) and writes the output "
                  "once (pwrite); "
                  "{} threads, {}, {} caches, medians of {} interleaved runs",
                  invocation.context.threads, in_memory ? "memory file system" : "disk",
                  arguments.cold ? "cold" : "warm", arguments.runs));
  Table table({"method", "inputs", "plain s", "merge s", "% of plain", "GB/s", "with sha256 s",
               "% of plain"},
              {1, 2, 3, 4, 5, 6, 7});
  Json rows = Json::array();
  for (const std::string& method : arguments.methods) {
    const Row row = bench.measure(method);
    table.add({row.method, std::to_string(row.inputs), fmt::format("{:.3f}", row.plain),
               fmt::format("{:.3f}", row.merge), fmt::format("{:.0f}", 100 * row.plain / row.merge),
               fmt::format("{:.2f}", row.bytes / row.merge / 1e9),
               fmt::format("{:.3f}", row.hashed),
               fmt::format("{:.0f}", 100 * row.plain / row.hashed)});
    rows.push_back({{"method", row.method},
                    {"inputs", row.inputs},
                    {"plain_seconds", row.plain},
                    {"merge_seconds", row.merge},
                    {"hashed_seconds", row.hashed},
                    {"ratio", row.plain / row.merge},
                    {"hashed_ratio", row.plain / row.hashed}});
    invocation.log().debug("measured " + method);
  }
  if (invocation.json) {
    print_json({{"threads", invocation.context.threads},
                {"isa", cpu::isa_name(invocation.context.kernels->isa)},
                {"in_memory", in_memory},
                {"cold", arguments.cold},
                {"peak_memory", peak_resident_bytes()},
                {"rows", rows}});
    return;
  }
  table.print();
  fmt::print("peak memory of this process: {} (kernels: {})\n", size_text(peak_resident_bytes()),
             cpu::isa_name(invocation.context.kernels->isa));
}

}  // namespace

void add_bench_merge(CommandTree& tree, CLI::App& parent) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App& command =
      tree.add(parent, "merge", "Measure merges beside a plain copy of the same bytes",
               "mod bench make-model --like qwen2.5-0.5b --variants 2 /dev/shm/models\n"
               "  mod bench merge /dev/shm/models",
               [arguments](Invocation& invocation) { run(*arguments, invocation); });
  command
      .add_option("DIR", arguments->models,
                  "Folder with base, ft1, ft2 (mod bench make-model --variants 2)")
      ->required();
  command.add_option("--methods", arguments->methods, "Methods to measure")->delimiter(',');
  command.add_option("--fine-tunes", arguments->fine_tunes, "Task vectors of the delta methods")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  command.add_option("--runs", arguments->runs, "Measured rounds (one more warms up)")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  command.add_option("--memory", arguments->memory, "As for mod merge")->capture_default_str();
  command.add_option("--out", arguments->out, "Where to write (default: inside DIR)");
  command.add_flag("--cold", arguments->cold,
                   "Drop the inputs from the page cache before every run");
}

}  // namespace mod::cli
