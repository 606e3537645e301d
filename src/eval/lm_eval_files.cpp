#include "eval/lm_eval_files.h"

#include <algorithm>
#include <system_error>
#include <unordered_map>

#include "base/hash.h"
#include "eval/item_json.h"
#include "io/file.h"
#include "mod/error.h"
#include "mod/version.h"

namespace mod::eval {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::string dump(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

std::string filter_of(const std::string& grader) {
  const std::string metric = lm_eval_metric(grader);
  return metric.substr(metric.find(',') + 1);
}

/// "acc_norm" -> "acc_norm,none"; "flexible-extract" -> "exact_match,flexible-extract".
std::string metric_key(const std::string& name) {
  const bool is_filter = name == "flexible-extract" || name == "qwen";
  return is_filter ? "exact_match," + name : name + ",none";
}

/// "a,b" -> "a_stderr,b".
std::string stderr_key(const std::string& key) {
  const std::size_t comma = key.find(',');
  return key.substr(0, comma) + "_stderr" + key.substr(comma);
}

Json task_result(const Task& task, const Cell& cell) {
  const std::string metric = lm_eval_metric(task.grader);
  Json json = {
      {"alias", task.name}, {metric, cell.accuracy}, {stderr_key(metric), cell.stderr_accuracy}};
  if (cell.accuracy_qwen) json["exact_match,qwen"] = *cell.accuracy_qwen;
  for (const auto& [name, value] : cell.metrics) {
    const std::string key = metric_key(name);
    json[key] = value;
    if (const auto error = cell.metrics_stderr.find(name); error != cell.metrics_stderr.end()) {
      json[stderr_key(key)] = error->second;
    }
  }
  return json;
}

Json task_config(const Task& task) {
  Json generation = {{"until", task.decoding.stops},
                     {"max_gen_toks", task.decoding.max_new_tokens},
                     {"do_sample", !task.decoding.sampling.is_greedy()},
                     {"temperature", task.decoding.sampling.temperature}};
  return {{"task", task.name},
          {"description", task.help},
          {"output_type", task.is_multiple_choice() ? "multiple_choice" : "generate_until"},
          {"num_fewshot", task.shots},
          {"generation_kwargs", task.is_multiple_choice() ? Json(nullptr) : generation},
          {"metadata", {{"prompt", task.prompt}, {"grader", task.grader}}}};
}

class Writer {
 public:
  Writer(const fs::path& folder, const Evaluation& evaluation, const Results& results)
      : folder_(folder), evaluation_(evaluation), results_(results), date_(results.date) {
    std::replace(date_.begin(), date_.end(), ':', '-');
  }

  fs::path write(const Row& row) {
    const fs::path folder = folder_ / file_name(row.label);
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) {
      throw Error(ErrorCode::kIo,
                  "cannot make the folder " + folder.string() + ": " + error.message());
    }
    const std::vector<Task>& tasks = evaluation_.settings().tasks;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      const Cell* cell = row.find(tasks[i].name);
      if (!cell) continue;
      const std::string name = "samples_" + file_name(tasks[i].name) + "_" + date_ + ".jsonl";
      io::write_file_atomic(folder / name, samples(tasks[i], evaluation_.data()[i], *cell));
    }
    const fs::path file = folder / ("results_" + date_ + ".json");
    io::write_file_atomic(file, dump(results_of(row), 2) + "\n");
    return file;
  }

 private:
  Json results_of(const Row& row) const {
    Json json;
    double seconds = 0;
    const std::vector<Task>& tasks = evaluation_.settings().tasks;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      const Task& task = tasks[i];
      const Cell* cell = row.find(task.name);
      if (!cell) continue;
      seconds += cell->seconds;
      const std::string metric = lm_eval_metric(task.grader);
      json["results"][task.name] = task_result(task, *cell);
      json["group_subtasks"][task.name] = Json::array();
      json["configs"][task.name] = task_config(task);
      json["versions"][task.name] = results_.version;
      json["n-shot"][task.name] = task.shots;
      json["higher_is_better"][task.name][metric.substr(0, metric.find(','))] = true;
      json["n-samples"][task.name] = {{"original", evaluation_.data()[i].in_file},
                                      {"effective", cell->items.size()}};
      json["mod"]["tasks"][task.name] = {{"seconds", cell->seconds},
                                         {"prompt_tokens", cell->prompt_tokens},
                                         {"new_tokens", cell->new_tokens},
                                         {"forward_passes", cell->forward_passes}};
    }
    add_run(row, seconds, json);
    return json;
  }

  void add_run(const Row& row, double seconds, Json& json) const {
    const EvalSettings& settings = evaluation_.settings();
    const double limit = settings.selection.limit;
    json["config"] = {{"model", "mod"},
                      {"model_args", "pretrained=" + row.model},
                      {"batch_size", settings.batch == 0 ? Json("auto") : Json(settings.batch)},
                      {"limit", limit > 0 ? Json(limit) : Json(nullptr)},
                      {"random_seed", settings.selection.seed}};
    json["git_hash"] = kCommit;
    json["date"] = results_.date;
    json["model_source"] = "mod";
    json["model_name"] = row.model;
    json["model_name_sanitized"] = file_name(row.label);
    json["chat_template"] = nullptr;
    json["total_evaluation_time_seconds"] = std::to_string(seconds);
    json["mod"]["version"] = results_.version;
    json["mod"]["kind"] = row_kind_name(row.kind);
    json["mod"]["label"] = row.label;
    json["mod"]["parents"] = row.parents;
    json["mod"]["memory_bytes"] = row.memory_bytes;
    json["mod"]["samples"] = results_.samples;
    json["mod"]["complete"] = results_.is_complete;
  }

  static std::string samples(const Task& task, const TaskData& data, const Cell& cell) {
    std::unordered_map<std::string, const Item*> items;
    for (const Item& item : data.items) items[item.id] = &item;
    std::string text;
    for (const ItemResult& result : cell.items) {
      text += dump(sample(task, data, *items.at(result.id), result)) + "\n";
    }
    return text;
  }

  static Json sample(const Task& task, const TaskData& data, const Item& item,
                     const ItemResult& result) {
    const PromptText prompt = ask_item(task, data, item);
    const std::string asked = prompt.is_chat() ? dump(prompt.messages) : prompt.text;
    const std::string metric = lm_eval_metric(task.grader);
    const std::string name = metric.substr(0, metric.find(','));
    Json json = {{"doc_id", item.place}, {"doc", item.doc}, {"target", item.gold}};
    if (task.is_multiple_choice()) {
      json["target"] = item.gold_choice;
      for (std::size_t i = 0; i < result.choices.size(); ++i) {
        json["arguments"]["gen_args_" + std::to_string(i)] = {{"arg_0", asked},
                                                              {"arg_1", " " + item.choices[i]}};
        const Choice& choice = result.choices[i];
        json["resps"].push_back({{choice.logprob, choice.is_best}});
        json["filtered_resps"].push_back({choice.logprob, choice.is_best});
      }
    } else {
      json["arguments"]["gen_args_0"] = {{"arg_0", asked},
                                         {"arg_1", task_config(task)["generation_kwargs"]}};
      Json replies = Json::array({result.response});
      for (const Reply& reply : result.more_samples) replies.push_back(reply.response);
      json["resps"] = Json::array({replies});
      json["filtered_resps"] = Json::array({result.graded ? Json(*result.graded) : Json(nullptr)});
    }
    json["filter"] = filter_of(task.grader);
    json["metrics"] = Json::array({name});
    json["doc_hash"] = sha256_hex(dump(item.doc));
    json["prompt_hash"] = sha256_hex(asked);
    json["target_hash"] = sha256_hex(item.gold);
    json[name] = result.correct ? 1.0 : 0.0;
    for (const auto& [other, verdict] : result.more_metrics) json[other] = verdict ? 1.0 : 0.0;
    json["mod"] = to_json(result);
    return json;
  }

  const fs::path& folder_;
  const Evaluation& evaluation_;
  const Results& results_;
  std::string date_;
};

}  // namespace

std::string lm_eval_metric(const std::string& grader) {
  if (grader == "choice") return "acc,none";
  return grader.starts_with("gsm8k") ? "exact_match,strict-match" : "exact_match,none";
}

std::vector<fs::path> write_lm_eval_files(const fs::path& folder, const Evaluation& evaluation,
                                          const Results& results) {
  Writer writer(folder, evaluation, results);
  std::vector<fs::path> files;
  for (const Row& row : results.rows) files.push_back(writer.write(row));
  return files;
}

}  // namespace mod::eval
