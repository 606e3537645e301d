#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "eval/task.h"
#include "eval/task_texts.h"
#include "mod/error.h"

namespace mod::eval {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 20;

/// Names that stand for several tasks.
struct Group {
  std::string_view name;
  std::string_view tasks;  // separated by blanks
};

constexpr std::array<Group, 2> kGroups = {{
    {"specialists", "math code french switch"},
    {"paper",
     "gsm8k hendrycks_math svamp asdiv mawps carp_en gaokao2023en olympiadbench college_math "
     "mmlu_stem aime24 amc23"},
}};

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    words.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

std::vector<std::string> without_groups(const std::vector<std::string>& words) {
  std::vector<std::string> out;
  for (const std::string& word : words) {
    const auto group = std::find_if(kGroups.begin(), kGroups.end(),
                                    [&](const Group& g) { return g.name == word; });
    if (group == kGroups.end()) {
      out.push_back(word);
    } else {
      for (std::string& task : words_of(group->tasks)) out.push_back(std::move(task));
    }
  }
  return out;
}

Task resolve_task(const std::string& word, const std::vector<Task>& builtin) {
  for (const Task& task : builtin) {
    if (task.name == word) return task;
  }
  const fs::path path = word;
  const fs::path extension = path.extension();
  if (extension == ".jsonl" || extension == ".json") return jsonl_task(path);
  if (extension == ".yaml" || extension == ".yml") {
    Task task = parse_task(read_text_file(word, kMostBytes), path);
    task.folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
    return task;
  }
  std::vector<std::string_view> names;
  for (const Task& task : builtin) names.push_back(task.name);
  for (const Group& group : kGroups) names.push_back(group.name);
  throw Error(
      ErrorCode::kInvalidInput,
      fmt::format("--tasks: there is no task '{}'{}; `mod eval --tasks list` shows all, and "
                  "a .yaml or .jsonl file is a task as well",
                  word, did_you_mean(word, names)));
}

}  // namespace

std::vector<Task> builtin_tasks() {
  std::vector<Task> tasks;
  for (const TaskText& text : task_texts()) tasks.push_back(parse_task(text.yaml, text.file));
  return tasks;
}

Task jsonl_task(const fs::path& file) {
  Task task;
  task.name = file.stem().string();
  task.help = "items of " + file.string();
  task.data.file = file.string();
  task.folder = ".";
  task.messages = "messages";
  const std::string where = file.string();
  task.question.text.emplace("{{ question }}", where + ": question");
  task.answer.text.emplace("{{ answer }}", where + ": answer");
  task.source_text = "jsonl";
  return task;
}

std::vector<Task> resolve_tasks(const std::vector<std::string>& words) {
  const std::vector<Task> builtin = builtin_tasks();
  std::vector<Task> tasks;
  for (const std::string& word : without_groups(words)) {
    Task task = resolve_task(word, builtin);
    for (const Task& other : tasks) {
      if (other.name != task.name) continue;
      throw Error(ErrorCode::kInvalidInput,
                  fmt::format("--tasks: two tasks have the name '{}'", task.name));
    }
    tasks.push_back(std::move(task));
  }
  if (tasks.empty()) throw Error(ErrorCode::kInvalidInput, "--tasks: name at least one task");
  return tasks;
}

}  // namespace mod::eval
