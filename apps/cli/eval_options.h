// The options of `mod eval MODEL... --tasks T`.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "command.h"
#include "eval/evaluate.h"
#include "mixture_options.h"
#include "runtime_options.h"

namespace mod::cli {

struct EvalArguments {
  std::vector<std::string> models;
  std::string tasks, data_dir, prompt, system;
  double limit = 0;
  bool shuffle = false, no_parents = false, apply_chat_template = false;
  std::optional<int> shots;
  int samples = 1;
  std::uint64_t seed = 0;
  std::size_t batch = 0;
  std::optional<std::size_t> max_tokens;
  std::optional<double> temperature, top_p, min_p;
  std::optional<std::int64_t> top_k;
  std::vector<std::string> set;
  ExpertArguments mixture;  // one more model
  RuntimeArguments runtime;
  std::string out = "mod-eval";
  bool resume = false, overwrite = false, no_likeness = false;
  std::string html, markdown;
  std::optional<std::string> json;  // a file; "" or "-": standard output

  bool lists_tasks() const { return tasks == "list"; }
  bool json_on_stdout() const { return json && (json->empty() || *json == "-"); }
};

void add_eval_options(CLI::App& command, EvalArguments& arguments);

/// Throws Error(kInvalidInput): nothing to do, values that do not fit together, and as
/// eval::resolve_tasks.
eval::EvalSettings eval_settings(const EvalArguments& arguments, Log& log);

}  // namespace mod::cli
