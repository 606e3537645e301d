#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "base/yaml.h"
#include "checkpoint/quote.h"
#include "eval/graders.h"
#include "eval/prompt.h"
#include "eval/task.h"
#include "eval/text_edits.h"
#include "mod/error.h"

namespace mod::eval {
namespace {

constexpr std::array<std::string_view, 29> kKeys = {
    "task",           "help",        "data",        "data_folder",   "source",        "licence",
    "items",          "question",    "answer",      "messages",      "prompt",        "system",
    "shots",          "shots_from",  "begin_token", "grader",        "dataset",       "choices",
    "choice",         "labels",      "stop",        "temperature",   "top_p",         "top_k",
    "max_new_tokens", "answer_edit", "choice_edit", "question_edit", "shots_question"};

constexpr std::uint64_t kMostNewTokens = 1'000'000;
constexpr std::size_t kLongestName = 100;  // bytes: it becomes a part of file names

/// Reads keys of one map; what is wrong is collected.
class Reader {
 public:
  Reader(const yaml::Node& root, std::string file, Problems& problems)
      : root_(root), file_(std::move(file)), problems_(problems) {
    for (const auto& [key, value] : root.entries) {
      if (std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end()) continue;
      problems_.error(value.place, "unknown key " + checkpoint::quote_name(key) +
                                       did_you_mean(key, std::span(kKeys)));
    }
    for (const std::string& key : root.duplicates) {
      problems_.error(root.place, "the key " + checkpoint::quote_name(key) + " stands twice");
    }
  }

  const yaml::Node* find(std::string_view key) const {
    const yaml::Node* node = root_.find(key);
    return node && !node->is_null() ? node : nullptr;
  }

  void wrong(std::string_view key, const std::string& wanted) {
    const yaml::Node* node = find(key);
    problems_.error(node->place,
                    fmt::format("`{}` must be {}, not {}", key, wanted, node->describe()));
  }

  std::string text(std::string_view key, std::string otherwise = {}) {
    const yaml::Node* node = find(key);
    if (!node) return otherwise;
    if (!node->is_scalar()) return wrong(key, "a text"), otherwise;
    return node->text;
  }

  std::uint64_t count(std::string_view key, std::uint64_t otherwise, std::uint64_t most) {
    const yaml::Node* node = find(key);
    if (!node) return otherwise;
    if (node->kind != yaml::Kind::kInt || node->integer < 0 ||
        static_cast<std::uint64_t>(node->integer) > most) {
      return wrong(key, fmt::format("a whole number from 0 to {}", most)), otherwise;
    }
    return static_cast<std::uint64_t>(node->integer);
  }

  double number(std::string_view key, double otherwise, double most) {
    const yaml::Node* node = find(key);
    if (!node) return otherwise;
    const std::optional<double> value = node->as_number();
    if (!value || !(*value >= 0 && *value <= most)) {
      return wrong(key, fmt::format("a number from 0 to {}", most)), otherwise;
    }
    return *value;
  }

  bool flag(std::string_view key, bool otherwise) {
    const yaml::Node* node = find(key);
    if (!node) return otherwise;
    if (node->kind != yaml::Kind::kBool) return wrong(key, "true or false"), otherwise;
    return node->boolean;
  }

  /// A list of texts, or one text.
  std::vector<std::string> texts(std::string_view key) {
    const yaml::Node* node = find(key);
    if (!node) return {};
    if (node->is_scalar()) return {node->text};
    std::vector<std::string> out;
    if (node->kind == yaml::Kind::kSequence) {
      for (const yaml::Node& item : node->items) {
        if (!item.is_scalar() || item.is_null()) break;
        out.push_back(item.text);
      }
      if (out.size() == node->items.size()) return out;
    }
    return wrong(key, "a text or a list of texts"), std::vector<std::string>();
  }

  FieldText field(std::string_view key) {
    FieldText out;
    if (find(key)) {
      try {
        out.text.emplace(text(key), fmt::format("{}: {}", file_, key));
      } catch (const Error& error) {
        problems_.error(Place{}, error.what());
      }
    }
    const std::string edits = std::string(key) + "_edit";
    out.edits = texts(edits);
    for (const std::string& edit : out.edits) named(edits, edit, edit_names());
    return out;
  }

  std::string choice(std::string_view key, std::string otherwise,
                     const std::vector<std::string_view>& names) {
    std::string word = text(key, std::move(otherwise));
    named(key, word, names);
    return word;
  }

 private:
  void named(std::string_view key, const std::string& word,
             const std::vector<std::string_view>& names) {
    if (std::find(names.begin(), names.end(), word) != names.end()) return;
    const yaml::Node* node = find(key);
    problems_.error(node ? node->place : root_.place,
                    fmt::format("`{}`: there is no '{}'{}; there are: {}", key, word,
                                did_you_mean(word, names), fmt::join(names, ", ")));
  }

  const yaml::Node& root_;
  std::string file_;
  Problems& problems_;
};

DataSource read_data(Reader& in) {
  DataSource data;
  data.file = in.text("data");
  data.folder = in.text("data_folder");
  data.source = in.text("source");
  data.licence = in.text("licence");
  data.items = in.count("items", 0, 1'000'000'000);
  return data;
}

std::optional<ChoiceFields> read_choices(Reader& in) {
  const yaml::Node* node = in.find("choices");
  if (!node) return std::nullopt;
  ChoiceFields fields;
  if (node->is_scalar()) {
    fields.list = node->text;
  } else {
    fields.fixed = in.texts("choices");
  }
  fields.labels = in.text("labels");
  fields.text = in.field("choice");
  return fields;
}

DecodingSettings read_decoding(Reader& in) {
  DecodingSettings out;
  out.max_new_tokens = in.count("max_new_tokens", out.max_new_tokens, kMostNewTokens);
  out.sampling.temperature = in.number("temperature", 0, 100);
  out.sampling.top_p = in.number("top_p", 1, 1);
  out.sampling.top_k = static_cast<std::int64_t>(in.count("top_k", 0, 1'000'000'000));
  out.stops = in.texts("stop");
  return out;
}

void check_task(const Task& task, const yaml::Node& root, Problems& problems) {
  const auto missing = [&](bool is_missing, const char* key, const char* what) {
    if (is_missing) problems.error(root.place, fmt::format("`{}` is missing: {}", key, what));
  };
  missing(task.name.empty(), "task", "a short name");
  missing(task.data.file.empty(), "data", "the jsonl file with the items");
  missing(!task.question.text && task.messages.empty(), "question",
          "a template of the item's fields, for example \"{{ question }}\"");
  missing(!task.answer.text, "answer",
          "a template of the item's fields, for example "
          "\"{{ answer }}\"");
  if (task.name.find_first_of("/\\,") != std::string::npos) {
    problems.error(root.place, "`task`: a name must not hold slashes or commas");
  }
  const bool is_math = task.grader == "strict" || task.grader == "qwen";
  missing(is_math && task.dataset.empty(), "dataset",
          "the reference's name of the set, which decides how answers are extracted");
  if (task.name.size() > kLongestName) {
    problems.error(root.place, fmt::format("`task`: a name has at most {} bytes, this one has {}",
                                           kLongestName, task.name.size()));
  }
  const std::vector<std::string>& stops = task.decoding.stops;
  if (std::find(stops.begin(), stops.end(), "") != stops.end()) {
    problems.error(root.place, "`stop`: an empty text would end every reply before it begins");
  }
  if (task.choices && task.choices->list.empty() && task.choices->fixed.empty()) {
    problems.error(root.place, "`choices` is empty");
  }
  if (task.choices && task.grader != "choice") {
    problems.error(root.place, "a task with `choices` is graded by `choice`");
  }
  if (!task.choices && task.grader == "choice") {
    problems.error(root.place, "the grader `choice` needs `choices`");
  }
  if (task.shots > 0 && task.shots_from.empty()) {
    problems.error(root.place, "`shots` needs `shots_from`: the file with the examples");
  }
}

}  // namespace

Task parse_task(std::string_view yaml, const std::filesystem::path& file) {
  const std::string name = file.string();
  const yaml::Node root = yaml::parse_one(yaml, name);
  if (root.kind != yaml::Kind::kMap) {
    throw Error(ErrorCode::kInvalidInput, name + ": a task must be a map, not " + root.describe());
  }
  Problems problems;
  Reader in(root, name, problems);
  Task task;
  task.name = in.text("task");
  task.help = in.text("help");
  task.data = read_data(in);
  task.question = in.field("question");
  task.answer = in.field("answer");
  task.messages = in.text("messages");
  task.prompt = in.choice("prompt", in.find("choices") ? "raw" : "chat", prompt_names());
  task.system = in.text("system");
  task.shots = static_cast<int>(in.count("shots", 0, 1000));
  task.shots_from = in.text("shots_from");
  task.shots_question = in.field("shots_question");
  task.begin_token = in.flag("begin_token", true);
  task.grader = in.choice("grader", in.find("choices") ? "choice" : "exact", grader_names());
  task.dataset = in.text("dataset");
  task.choices = read_choices(in);
  task.decoding = read_decoding(in);
  task.source_text = std::string(yaml);
  check_task(task, root, problems);
  problems.throw_if_errors();
  return task;
}

}  // namespace mod::eval
