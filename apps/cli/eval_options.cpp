#include "eval_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "eval/prompt.h"
#include "mod/error.h"

namespace mod::cli {
namespace {

void add_task_options(CLI::App& command, EvalArguments& a) {
  command
      .add_option("--tasks", a.tasks,
                  "Names, task files (.yaml) and data files (.jsonl), separated by commas; `list` "
                  "shows the names")
      ->type_name("TASKS");
  command
      .add_option("--data-dir", a.data_dir,
                  "Where the tasks' data lies (default: data; the specialists' in examples)")
      ->type_name("DIR");
  command.add_option("--limit", a.limit, "The first N items of a task; below 1 a share of all")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N");
  command.add_flag("--shuffle", a.shuffle, "Take items in an order that depends on the seed");
  command.add_flag("--no-parents", a.no_parents,
                   "Leave out the models that recipes and mixtures name");
}

void add_prompt_options(CLI::App& command, EvalArguments& a) {
  const std::string group = "How a question is asked";
  command.add_option("--prompt", a.prompt, "Another prompt type than the task's")
      ->type_name("TYPE")
      ->group(group);
  command.add_option("--system", a.system, "System message of the prompt type `chat`")
      ->type_name("TEXT")
      ->group(group);
  command.add_option("--shots", a.shots, "Worked examples before the question")
      ->check(CLI::Range(0, 1000))
      ->type_name("N")
      ->group(group);
  command
      .add_flag("--apply-chat-template", a.apply_chat_template,
                "Wrap a prompt that is plain text into one user message")
      ->group(group);
}

void add_decoding_options(CLI::App& command, EvalArguments& a) {
  const std::string group = "How tokens are chosen (default: as the task says)";
  command.add_option("-n,--max-tokens", a.max_tokens, "Most tokens of a reply")
      ->check(CLI::PositiveNumber)
      ->type_name("N")
      ->group(group);
  command.add_option("--temperature", a.temperature, "0: always the most probable token")
      ->group(group);
  command.add_option("--top-k", a.top_k, "Draw from the K most probable tokens")->group(group);
  command
      .add_option("--top-p", a.top_p, "Draw from the most probable that have this much together")
      ->group(group);
  command.add_option("--min-p", a.min_p, "Draw from tokens with this share of the best one's")
      ->group(group);
  command.add_option("--samples", a.samples, "Replies to each item, for majority and pass@k")
      ->check(CLI::Range(1, 10000))
      ->type_name("K")
      ->group(group);
  command.add_option("--seed", a.seed, "Same seed, same draws and order (default: 0)")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N")
      ->group(group);
}

void add_run_options(CLI::App& command, EvalArguments& a) {
  const std::string group = "How models run";
  command.add_option("--batch", a.batch, "Texts at a time (default: as memory allows, at most 32)")
      ->check(CLI::Range(1, 512))
      ->type_name("N")
      ->group(group);
  command
      .add_option("--set", a.set,
                  "Override a value of every recipe, or of every mixture (repeatable)")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false)
      ->group(group);
  add_runtime_options(command, a.runtime, group);
}

void add_output_options(CLI::App& command, EvalArguments& a) {
  const std::string group = "Output";
  command.remove_option(command.get_option("--json"));
  command
      .add_option("--json", a.json, "Write the results as JSON; without FILE to standard output")
      ->expected(0, 1)
      ->default_str("-")
      ->type_name("[FILE]")
      ->group(group);
  command.add_option("--html", a.html, "Write a page with the table and the items that differ")
      ->type_name("FILE")
      ->group(group);
  command
      .add_flag("--no-likeness", a.no_likeness,
                "Do not compare the models' next-token distributions for that page")
      ->group(group);
  command.add_option("--markdown", a.markdown, "Write the table as Markdown")
      ->type_name("FILE")
      ->group(group);
  command.add_option("--out", a.out, "Folder of results and samples")
      ->type_name("DIR")
      ->capture_default_str()
      ->group(group);
  command.add_flag("--resume", a.resume, "Go on with the run in that folder")->group(group);
  command.add_flag("--overwrite", a.overwrite, "Replace the run in that folder, finished or not")
      ->group(group);
}

std::vector<std::string> split_words(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    if (end > at) words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

template <class To, class From>
void set(To& to, const std::optional<From>& from) {
  if (from) to = *from;
}

void override_task(const EvalArguments& a, eval::Task& task) {
  if (!a.prompt.empty()) {
    const auto names = eval::prompt_names();
    if (std::find(names.begin(), names.end(), a.prompt) == names.end()) {
      throw Error(ErrorCode::kInvalidInput,
                  fmt::format("--prompt: there is no type '{}'{}; there are: {}", a.prompt,
                              did_you_mean(a.prompt, names), fmt::join(names, ", ")));
    }
    task.prompt = a.prompt;
  }
  if (!a.system.empty()) task.system = a.system;
  set(task.shots, a.shots);
  if (task.shots > 0 && task.shots_from.empty()) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("--shots {}: the task {} has no examples", task.shots, task.name));
  }
  mix::SamplingOptions& sampling = task.decoding.sampling;
  set(task.decoding.max_new_tokens, a.max_tokens);
  set(sampling.temperature, a.temperature);
  set(sampling.top_p, a.top_p);
  set(sampling.top_k, a.top_k);
  set(sampling.min_p, a.min_p);
}

void check_arguments(const EvalArguments& a) {
  const auto refuse = [](const std::string& text) { throw Error(ErrorCode::kInvalidInput, text); };
  if (a.models.empty() && a.mixture.experts.empty()) {
    refuse("no MODEL to evaluate; see `mod eval --help`");
  }
  if (const auto option = a.mixture.first_override();
      a.mixture.experts.empty() && !option.empty()) {
    refuse(
        fmt::format("{} belongs to --expert; of mixture files say --set mixture.mode=lazy and the "
                    "like",
                    option));
  }
  if (a.tasks.empty()) refuse("no tasks: give --tasks; `mod eval --tasks list` shows them");
  if (a.resume && a.overwrite) refuse("--resume and --overwrite exclude one another");
  std::error_code ignored;
  if (a.json && std::filesystem::is_directory(*a.json, ignored)) {
    refuse(fmt::format("--json {}: this is a folder; for standard output write --json -", *a.json));
  }
}

}  // namespace

void add_eval_options(CLI::App& command, EvalArguments& a) {
  command.add_option("MODEL", a.models, "Model folders, recipes, mixtures")->type_name("");
  add_mixture_options(command, a.mixture);
  add_task_options(command, a);
  add_prompt_options(command, a);
  add_decoding_options(command, a);
  add_run_options(command, a);
  add_output_options(command, a);
}

eval::EvalSettings eval_settings(const EvalArguments& a, Log& log) {
  check_arguments(a);
  eval::EvalSettings out;
  out.models = a.models;
  out.tasks = eval::resolve_tasks(split_words(a.tasks));
  for (eval::Task& task : out.tasks) override_task(a, task);
  out.data_dir = a.data_dir;
  out.selection = {a.limit, a.shuffle, a.seed};
  out.samples = a.samples;
  out.batch = a.batch;
  out.add_parents = !a.no_parents;
  out.apply_chat_template = a.apply_chat_template;
  out.likeness = !a.html.empty() && !a.no_likeness;
  // Values of mixtures have keys of their own.
  for (const std::string& text : a.set) {
    const bool of_mixture = text.starts_with("mixture.") || text.starts_with("experts");
    (of_mixture ? out.model.mixture_set : out.model.set).push_back(text);
  }
  if (!a.mixture.experts.empty()) {
    out.mixture =
        mixture_of_experts(a.mixture, mixture_options(a.mixture, out.model.mixture_set), log);
  }
  out.model.session = session_options(a.runtime);
  out.model.deterministic = a.runtime.deterministic;
  out.model.memory = most_memory(a.runtime);
  return out;
}

}  // namespace mod::cli
