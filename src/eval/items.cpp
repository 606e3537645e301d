#include "eval/items.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <unordered_map>

#include "base/hash.h"
#include "base/random.h"
#include "eval/grade/text.h"
#include "eval/graders.h"
#include "eval/json_file.h"
#include "eval/text_edits.h"
#include "mod/error.h"

namespace mod::eval {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// A field by its path ("choices.text"); null if there is none.
const Json* field(const Json& doc, std::string_view path) {
  const Json* at = &doc;
  for (const std::string_view part : split(path, ".")) {
    if (!at->is_object()) return nullptr;
    const auto found = at->find(std::string(part));
    if (found == at->end()) return nullptr;
    at = &*found;
  }
  return at;
}

/// `otherwise`: where there is no template; `choice`: a further variable, or null.
std::string render(const FieldText& text, const Json& doc, const Json* choice,
                   const std::string& otherwise, const std::string& place) {
  text::jinja::Template::Variables variables;
  for (const auto& [key, value] : doc.items()) variables.emplace_back(key, &value);
  if (choice) variables.emplace_back("choice", choice);
  std::string out = otherwise;
  try {
    if (text.text) out = text.text->render(variables);
  } catch (const Error& error) {
    throw Error(ErrorCode::kCorruptFile, place + ": " + error.what());
  }
  for (const std::string& edit : text.edits) out = apply_edit(edit, out);
  return out;
}

/// Builds the items of one file.
class ItemReader {
 public:
  ItemReader(const Task& task, const fs::path& file) : task_(task), file_(file.string()) {}

  void add(const Json& doc, const std::string& place) {
    place_ = place;
    if (!doc.is_object()) fail("not a JSON object");
    if (lines_ == 0) has_idx_ = doc.contains("idx");
    Item item;
    item.id = id_of(doc);
    ++lines_;
    read_question(doc, item);
    if (item.question.empty() && item.messages.is_null()) {
      if (is_math()) return;  // as the reference does
      fail("the question is empty");
    }
    const std::string answer = rendered(task_.answer, doc);
    if (task_.choices) {
      read_choices(doc, answer, item);
    } else {
      item.gold = prepare_gold(task_.grader, task_.dataset, answer);
      if (is_math()) add_hint(item);
      if (!is_math() && item.gold.empty()) fail("the answer is empty");
    }
    item.doc = doc;
    keep(std::move(item));
  }

  std::vector<Item> take() {
    if (items_.empty()) {
      throw Error(ErrorCode::kInvalidInput, file_ + ": there are no items in it");
    }
    if (has_idx_) sort_by_number();
    for (std::size_t i = 0; i < items_.size(); ++i) items_[i].place = i;
    return std::move(items_);
  }

 private:
  [[noreturn]] void fail(const std::string& text) const {
    throw Error(ErrorCode::kCorruptFile, place_ + ": " + text);
  }

  bool is_math() const { return task_.grader == "strict" || task_.grader == "qwen"; }

  std::string id_of(const Json& doc) const {
    if (!has_idx_) return std::to_string(lines_);
    const auto found = doc.find("idx");
    if (found == doc.end()) fail("'idx' is missing, which the first line has");
    return found->is_string() ? found->get<std::string>() : found->dump();
  }

  std::string rendered(const FieldText& text, const Json& doc) const {
    return render(text, doc, nullptr, {}, place_);
  }

  void read_question(const Json& doc, Item& item) const {
    if (!task_.messages.empty()) {
      if (const Json* messages = field(doc, task_.messages)) {
        if (!messages->is_array() || messages->empty()) fail("'messages' must be a list");
        item.messages = *messages;
        const Json& last = messages->back();
        const Json* content = field(last, "content");
        if (content && content->is_string()) item.question = content->get<std::string>();
        return;
      }
    }
    if (!task_.question.text) fail("'" + task_.messages + "' is missing");
    item.question = rendered(task_.question, doc);
    if (is_math()) item.question = std::string(trim(item.question));
  }

  /// What the reference appends to questions of two answers.
  static void add_hint(Item& item) {
    const std::string gold = lower(item.gold);
    if (gold == "true" || gold == "false") item.question += " (True or False)";
    if (gold == "yes" || gold == "no") item.question += " (Yes or No)";
  }

  void read_choices(const Json& doc, const std::string& answer, Item& item) const {
    const ChoiceFields& fields = *task_.choices;
    std::vector<Json> list;
    if (fields.fixed.empty()) {
      const Json* found = field(doc, fields.list);
      if (!found || !found->is_array()) fail("'" + fields.list + "' must be a list of texts");
      list.assign(found->begin(), found->end());
    } else {
      list.assign(fields.fixed.begin(), fields.fixed.end());
    }
    if (list.empty()) fail("there are no choices");
    for (const Json& choice : list) {
      if (!choice.is_string()) fail("every choice must be a text");
      item.choices.push_back(render(fields.text, doc, &choice, choice.get<std::string>(), place_));
    }
    item.gold_choice = choice_index(doc, std::string(trim(answer)), item.choices.size());
    item.gold = item.choices[item.gold_choice];
  }

  std::size_t choice_index(const Json& doc, const std::string& answer, std::size_t n) const {
    std::size_t index = n;
    if (task_.choices->labels.empty()) {
      const char* end = answer.data() + answer.size();
      const auto [at, error] = std::from_chars(answer.data(), end, index);
      if (error != std::errc() || at != end) index = n;
    } else if (const Json* labels = field(doc, task_.choices->labels); labels) {
      index = 0;
      for (const Json& label : *labels) {
        if ((label.is_string() ? label.get<std::string>() : label.dump()) == answer) break;
        ++index;
      }
    }
    if (index >= n) fail(fmt::format("the answer '{}' is none of the {} choices", answer, n));
    return index;
  }

  /// A repeated id replaces the earlier item, as the reference does at scoring.
  void keep(Item item) {
    const auto [known, is_new] = by_id_.try_emplace(item.id, items_.size());
    if (is_new) {
      items_.push_back(std::move(item));
    } else {
      items_[known->second] = std::move(item);
    }
  }

  void sort_by_number() {
    const auto number = [](const Item& item) {
      const auto found = item.doc.find("idx");
      return found->is_number() ? found->get<double>() : 0;
    };
    std::stable_sort(items_.begin(), items_.end(),
                     [&](const Item& a, const Item& b) { return number(a) < number(b); });
  }

  const Task& task_;
  std::string file_, place_;
  std::size_t lines_ = 0;
  bool has_idx_ = false;
  std::vector<Item> items_;
  std::unordered_map<std::string, std::size_t> by_id_;
};

void select(const Task& task, const ItemSelection& selection, std::vector<Item>& items) {
  const std::size_t n = items.size();
  if (selection.shuffle) {
    const RandomKey key = random_key(selection.seed, "shuffle/" + task.name);
    for (std::size_t i = n; i > 1; --i) {
      const std::uint64_t word = random_word(key, i, 0, RandomPurpose::kSelect);
      std::swap(items[i - 1], items[(word * i) >> 32]);
    }
  }
  if (selection.limit <= 0) return;
  const double share =
      selection.limit < 1 ? std::ceil(selection.limit * static_cast<double>(n)) : selection.limit;
  if (share < static_cast<double>(n)) items.resize(static_cast<std::size_t>(share));
}

std::vector<Shot> load_shots(const Task& task, const fs::path& data_dir) {
  std::vector<Shot> shots;
  if (task.shots == 0) return shots;
  const fs::path file = find_data(task, task.shots_from, data_dir);
  for_each_line(file, [&](const Json& line, const std::string& place) {
    if (shots.size() == static_cast<std::size_t>(task.shots)) return;
    const Json *question = field(line, "question"), *answer = field(line, "answer");
    if (!question || !answer || !question->is_string() || !answer->is_string()) {
      throw Error(ErrorCode::kCorruptFile,
                  place + ": an example needs the texts 'question' and 'answer'");
    }
    shots.push_back(
        {render(task.shots_question, line, nullptr, question->get<std::string>(), place),
         answer->get<std::string>()});
  });
  if (shots.size() < static_cast<std::size_t>(task.shots)) {
    throw Error(ErrorCode::kInvalidInput, fmt::format("{}: {} examples are wanted and there are {}",
                                                      file.string(), task.shots, shots.size()));
  }
  return shots;
}

std::string hash_of(const TaskData& data) {
  Json all = Json::array();
  for (const Shot& shot : data.shots) all.push_back({shot.question, shot.answer});
  for (const Item& item : data.items) {
    all.push_back({item.id, item.question, item.messages, item.gold, item.choices});
  }
  return sha256_hex(all.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

TaskData load_task_data(const Task& task, const fs::path& data_dir,
                        const ItemSelection& selection) {
  TaskData data;
  data.file = find_data(task, task.data.file, data_dir);
  ItemReader reader(task, data.file);
  for_each_line(data.file,
                [&](const Json& line, const std::string& place) { reader.add(line, place); });
  data.items = reader.take();
  data.in_file = data.items.size();
  select(task, selection, data.items);
  data.shots = load_shots(task, data_dir);
  data.hash = hash_of(data);
  return data;
}

PromptText ask_item(const Task& task, const TaskData& data, const Item& item) {
  if (!item.messages.is_null()) return make_chat(task.system, data.shots, item.messages);
  return make_prompt(task.prompt, task.system, data.shots, item.question);
}

}  // namespace mod::eval
