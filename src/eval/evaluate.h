// A whole evaluation: every model answers every item of every task.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cpu/context.h"
#include "eval/eval_model.h"
#include "eval/items.h"
#include "eval/model_info.h"
#include "eval/results.h"
#include "eval/run_folder.h"
#include "eval/task.h"

namespace mod::eval {

class LikenessRun;

struct EvalSettings {
  std::vector<std::string> models;             // arguments
  std::optional<bundle::MixtureFile> mixture;  // one more, of the command line
  std::vector<Task> tasks;
  std::filesystem::path data_dir;  // may be empty
  ItemSelection selection;         // its seed is also that of sampling
  int samples = 1;
  std::size_t batch = 0;  // 0: automatic
  bool add_parents = true;
  bool apply_chat_template = false;
  bool likeness = false;  // also compare the models' distributions (likeness_run.h)
  ModelSettings model;
};

/// Not thread-safe.
class Evaluation {
 public:
  /// Loads the data and looks at the models; everything that can be wrong without opening them is
  /// found here. Throws as load_task_data and plan_rows; Error(kInvalidInput) for several greedy
  /// samples.
  Evaluation(EvalSettings settings, const Context& context);

  const EvalSettings& settings() const { return settings_; }
  const std::vector<ModelInfo>& models() const { return models_; }
  const std::vector<TaskData>& data() const { return data_; }

  /// What decides the answers, for RunFolder.
  nlohmann::ordered_json asked() const;

  /// Items that `folder` has already are not asked again. Where the context says stop, what there
  /// is comes back with is_complete = false. Progress and a line a task go to the log. Throws as
  /// open_eval_model, make_item_prompt and answer_all; what was answered until then is in `folder`.
  Results run(RunFolder& folder);

 private:
  void run_rows(RunFolder& folder, Results& results);
  /// False where the context said stop. `likeness` may be null.
  bool run_row(const ModelInfo& info, RunFolder& folder, LikenessRun* likeness, Row& row);

  EvalSettings settings_;
  Context context_;
  std::vector<ModelInfo> models_;
  std::vector<TaskData> data_;
};

}  // namespace mod::eval
