// `mod fit MIXTURE --data F`: learns the weights, exponents, gate or temperatures of a mixture.
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "commands.h"
#include "eval/lessons.h"
#include "fit_output.h"
#include "io/file.h"
#include "mod/error.h"
#include "model_options.h"

namespace mod::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  ModelArguments model;
  std::string data, out;
  bool temperatures = false, overwrite = false;
  int resamples = 200;
  std::uint64_t seed = 0;
};

/// What can be known of the output before any work.
void check_output(const Options& options) {
  const fs::path out = options.out;
  if (out.empty()) return;
  if (out.extension() != ".yml" && out.extension() != ".yaml") {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("-o {}: a mixture file is named *.yml or *.yaml", options.out));
  }
  std::error_code ignored;
  if (fs::is_directory(out, ignored) || (fs::exists(out, ignored) && !options.overwrite)) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("-o {}: it exists; name another file, or give --overwrite for a file",
                            options.out));
  }
  const fs::path folder = out.has_parent_path() ? out.parent_path() : fs::path(".");
  if (!fs::is_directory(folder, ignored)) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("-o {}: there is no folder {}", options.out, folder.string()));
  }
}

std::string yaml_of(const Options& options, const bundle::MixtureFile& mixture,
                    const mix::FitResult& result) {
  return fmt::format("# mod fit on {} ({} tokens): {:.4f} nats a token, before {:.4f}\n{}",
                     fs::path(options.data).filename().string(), result.tokens, result.after,
                     result.before, bundle::mixture_yaml(mixture, options.out));
}

void fit(const Options& options, const Invocation& run) {
  check_output(options);
  bundle::MixtureFile mixture = read_mixture_arguments(options.model, run, true);
  mix::fit_target(*mixture.rule, mixture.rule_parameters, *mixture.gate);
  const Runnable runnable = open_runnable(options.model, mixture, run);
  mix::Engine& engine = *runnable.engine;
  const std::vector<mix::Lesson> lessons =
      eval::read_lessons(options.data, runnable.bundle, engine.longest_text(), run.log());
  mix::FitOptions settings;
  settings.temperatures = options.temperatures;
  settings.bootstrap.resamples = options.resamples;
  settings.bootstrap.seed = options.seed;
  settings.teacher =
      eval::teacher_options(engine.mixture(), session_options(options.model.runtime), lessons);
  const mix::FitResult result = mix::fit_mixture(engine, lessons, settings);
  take_fit(result, mixture);
  const std::string yaml = yaml_of(options, mixture, result);
  if (!options.out.empty()) io::write_file_atomic(options.out, yaml);
  if (run.json) return print_json(fit_json(result, options.data, options.out, yaml));
  const std::string report = fit_text(result, options.data);
  if (options.out.empty()) {
    fmt::print(stderr, "{}", report);
    fmt::print("{}", yaml);
  } else {
    fmt::print("{}\nwritten to {}\n", report, options.out);
  }
}

}  // namespace

void add_fit(CommandTree& tree, CLI::App& parent) {
  auto options = std::make_shared<Options>();
  CLI::App& command = tree.add(
      parent, "fit", "Learn the weights, gate or temperatures of a mixture from texts",
      "mod fit mixture.yml --data dev.jsonl -o fitted.yml\n"
      "  mod fit --expert math=A --expert code=B --gate fixed --data dev.txt > fitted.yml\n\n"
      "What is fitted is what rule and gate have: weights (linear, fixed; with intervals from\n"
      "resampled texts), exponents (log_linear, fixed), tau (prompt, turn, entropy) or rate "
      "(share).\n"
      "The likelihood of the data never gets lower. Data: plain text; or *.jsonl, each line with\n"
      "\"text\", or with \"question\" and \"solution\": then the chat template makes the prompt "
      "and\n"
      "only the solution and its end token count.\n"
      "Without -o the mixture goes to stdout and the report to stderr; with -o the report goes to\n"
      "stdout. --json prints the report as one value, with the mixture in `yaml` if there is no "
      "-o.",
      [options](Invocation& run) { fit(*options, run); });
  add_model_options(command, options->model);
  command.add_option("--data", options->data, "What to learn from: a text, or *.jsonl")
      ->required()
      ->type_name("FILE");
  command
      .add_option("-o,--out", options->out,
                  "The mixture file to write; its paths find the same models")
      ->type_name("FILE.yml");
  command.add_flag("--overwrite", options->overwrite, "Replace the file of -o");
  command.add_flag("--temperatures", options->temperatures,
                   "Also a temperature for each expert, found before the rest by its own "
                   "likelihood, kept if the mixture gains");
  command.add_option("--resamples", options->resamples, "Resampled data sets for the intervals")
      ->check(CLI::Range(2, 100000))
      ->capture_default_str()
      ->type_name("N");
  command.add_option("--seed", options->seed, "Of the resampling")->capture_default_str();
}

}  // namespace mod::cli
