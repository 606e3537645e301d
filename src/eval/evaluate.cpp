#include "eval/evaluate.h"

#include <fmt/format.h>

#include <ctime>
#include <memory>

#include "base/hash.h"
#include "base/text.h"
#include "eval/cell_run.h"
#include "eval/likeness_run.h"
#include "mod/error.h"
#include "mod/version.h"

namespace mod::eval {
namespace {

using Json = nlohmann::ordered_json;

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

Json sampling_json(const mix::SamplingOptions& s) {
  return {{"temperature", s.temperature},
          {"top_k", s.top_k},
          {"top_p", s.top_p},
          {"min_p", s.min_p},
          {"repetition_penalty", s.repetition_penalty}};
}

/// What makes the same items be asked and graded in the same way.
Json settings_of(const Task& task) {
  return {{"prompt", task.prompt},           {"system", task.system},
          {"begin_token", task.begin_token}, {"grader", task.grader},
          {"dataset", task.dataset},         {"max_new_tokens", task.decoding.max_new_tokens},
          {"stop", task.decoding.stops},     {"sampling", sampling_json(task.decoding.sampling)}};
}

std::string cell_text(const ModelInfo& info, const Cell& cell) {
  const double rate = cell.seconds > 0 ? static_cast<double>(cell.new_tokens) / cell.seconds : 0;
  std::string text = fmt::format("{}, {}: {:.1f} % +/- {:.1f} of {} items in {}", info.label,
                                 cell.task, 100 * cell.accuracy, 100 * cell.stderr_accuracy,
                                 cell.items.size(), duration_text(cell.seconds));
  if (cell.new_tokens > 0) text += fmt::format(", {:.0f} tokens/s", rate);
  return text;
}

void warn_of_full_contexts(const ModelInfo& info, const Cell& cell, Log& log) {
  std::size_t full = 0;
  for (const ItemResult& item : cell.items) full += item.finish == "context" ? 1 : 0;
  if (full == 0) return;
  log.warn(
      fmt::format("{}, {}: {} of {} prompts leave no room for an answer in the model's "
                  "context and count as wrong",
                  info.label, cell.task, full, cell.items.size()));
}

}  // namespace

Evaluation::Evaluation(EvalSettings settings, const Context& context)
    : settings_(std::move(settings)), context_(context) {
  for (const Task& task : settings_.tasks) {
    if (settings_.samples > 1 && !task.is_multiple_choice() && task.decoding.sampling.is_greedy()) {
      throw Error(ErrorCode::kInvalidInput,
                  fmt::format("--samples {}: task {} is decoded greedily, so all samples would be "
                              "equal; give --temperature",
                              settings_.samples, task.name));
    }
    data_.push_back(load_task_data(task, settings_.data_dir, settings_.selection));
  }
  models_ = plan_rows(
      {settings_.models, settings_.mixture, settings_.model.set, settings_.model.mixture_set},
      settings_.add_parents, context);
}

Json Evaluation::asked() const {
  Json models = Json::array(), tasks = Json::array();
  for (const ModelInfo& info : models_) {
    models.push_back({{"model", info.argument}, {"fingerprint", info.fingerprint}});
  }
  for (std::size_t i = 0; i < data_.size(); ++i) {
    const std::string settings = settings_of(settings_.tasks[i]).dump();
    tasks.push_back({{"task", settings_.tasks[i].name},
                     {"items", data_[i].items.size()},
                     {"fingerprint", sha256_hex(settings + data_[i].hash)}});
  }
  return {{"seed", settings_.selection.seed},
          {"samples", settings_.samples},
          {"shuffle", settings_.selection.shuffle},
          {"apply_chat_template", settings_.apply_chat_template},
          {"context", settings_.model.session.context},
          {"kv", settings_.model.session.kv == DType::BF16 ? "bf16" : "fp32"},
          {"models", models},
          {"tasks", tasks}};
}

Results Evaluation::run(RunFolder& folder) {
  Results results;
  for (const Task& task : settings_.tasks) results.tasks.push_back(task.name);
  results.seed = settings_.selection.seed;
  results.samples = settings_.samples;
  results.date = now_text();
  results.version = std::string(kVersion);
  try {
    run_rows(folder, results);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kCancelled) throw;
    results.is_complete = false;  // stopped while a recipe was merged or distributions compared
  }
  return results;
}

void Evaluation::run_rows(RunFolder& folder, Results& results) {
  std::unique_ptr<LikenessRun> likeness;
  if (settings_.likeness) {
    likeness = std::make_unique<LikenessRun>(settings_, data_, folder.path(), context_);
  }
  for (const ModelInfo& info : models_) {
    results.rows.emplace_back();
    results.is_complete = run_row(info, folder, likeness.get(), results.rows.back());
    if (!results.is_complete) return;
  }
  if (likeness) results.likeness = likeness->finish();
}

bool Evaluation::run_row(const ModelInfo& info, RunFolder& folder, LikenessRun* likeness,
                         Row& row) {
  row.model = info.argument;
  row.label = info.label;
  row.kind = info.kind;
  row.parents = info.parents;
  row.is_added = info.is_added;
  EvalModel model = open_eval_model(info, settings_.model, context_);
  row.is_exact = model.bundle.mixture.mode.kind != mix::ModeKind::kLazy;
  row.memory_bytes = model.memory_bytes;
  const std::size_t tasks = settings_.tasks.size();
  const auto first = static_cast<std::size_t>(&info - models_.data()) * tasks;
  for (std::size_t i = 0; i < tasks; ++i) {
    const CellJob job{settings_, settings_.tasks[i], data_[i], info,
                      fmt::format("{}, {} ({} of {})", info.label, settings_.tasks[i].name,
                                  first + i + 1, models_.size() * tasks)};
    Cell& cell = row.cells.emplace_back();
    const bool is_complete = run_cell(job, model, folder, context_, cell);
    if (!is_complete) return false;
    context_.log->info(cell_text(info, cell));
    warn_of_full_contexts(info, cell, *context_.log);
  }
  if (likeness) likeness->add(info, model, row);
  return true;
}

}  // namespace mod::eval
