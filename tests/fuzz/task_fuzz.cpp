// Any bytes as a task file: reading must end in one Error(kInvalidInput) or in a task that holds
// what the rest of the evaluation relies on and reads the same again; then an item is asked with
// it.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "eval/graders.h"
#include "eval/prompt.h"
#include "eval/task.h"
#include "eval/text_edits.h"
#include "mod/error.h"

namespace {

using namespace mod::eval;
using Json = nlohmann::ordered_json;

// Small, so that a template that uses up its steps is no slow input.
constexpr mod::text::jinja::Limits kLimits{100'000, std::size_t{1} << 18};

void require(bool holds) {
  if (!holds) std::abort();
}

bool is_one_of(const std::string& word, const std::vector<std::string_view>& names) {
  return std::find(names.begin(), names.end(), word) != names.end();
}

void check(const Task& task) {
  require(!task.name.empty() && task.name.size() <= 100);
  require(task.name.find_first_of("/\\,") == std::string::npos);
  require(!task.data.file.empty() && task.answer.text);
  require(task.question.text || !task.messages.empty());
  require(is_one_of(task.prompt, prompt_names()) && is_one_of(task.grader, grader_names()));
  require(task.is_multiple_choice() == (task.grader == "choice"));
  require(!task.choices || !task.choices->list.empty() || !task.choices->fixed.empty());
  require(task.shots >= 0 && task.shots <= 1000 && (task.shots == 0 || !task.shots_from.empty()));
  const DecodingSettings& decoding = task.decoding;
  require(decoding.max_new_tokens <= 1'000'000 && decoding.sampling.top_k >= 0);
  require(decoding.sampling.temperature >= 0 && decoding.sampling.temperature <= 100);
  require(decoding.sampling.top_p >= 0 && decoding.sampling.top_p <= 1);
  for (const std::string& stop : decoding.stops) require(!stop.empty());
}

bool same(const Task& a, const Task& b) {
  return a.name == b.name && a.help == b.help && a.data.file == b.data.file &&
         a.data.items == b.data.items && a.question.edits == b.question.edits &&
         a.answer.edits == b.answer.edits && a.messages == b.messages && a.prompt == b.prompt &&
         a.system == b.system && a.shots == b.shots && a.grader == b.grader &&
         a.dataset == b.dataset && a.choices.has_value() == b.choices.has_value() &&
         a.decoding.stops == b.decoding.stops &&
         a.decoding.max_new_tokens == b.decoding.max_new_tokens;
}

const Json& item() {
  static const Json json = Json::parse(R"({
    "question": "What is 2 + 3?", "answer": "\\boxed{5} (five) [title]", "problem": "x", "idx": 0,
    "choices": ["3", "5"], "label": 1, "final_answer": ["$5$"], "d": {"text": ["a", "b"]}})");
  return json;
}

std::string rendered(const FieldText& field) {
  std::string text;
  if (field.text) {
    mod::text::jinja::Template::Variables variables;
    for (const auto& [name, value] : item().items()) variables.emplace_back(name, &value);
    text = field.text->render(variables, mod::text::jinja::TimePoint(), kLimits);
  }
  for (const std::string& edit : field.edits) text = apply_edit(edit, text);
  return text;
}

void ask(const Task& task) {
  try {
    const std::string question = rendered(task.question), answer = rendered(task.answer);
    const Shot shot{rendered(task.shots_question), answer};
    (void)make_prompt(task.prompt, task.system, {&shot, 1}, question);
    if (task.choices) (void)rendered(task.choices->text);
  } catch (const mod::Error& error) {
    require(error.code() != mod::ErrorCode::kInternal);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const Task task = parse_task(text, "nowhere/t.yaml");
    check(task);
    require(same(task, parse_task(task.source_text, "nowhere/t.yaml")));
    ask(task);
  } catch (const mod::Error& error) {
    require(error.code() == mod::ErrorCode::kInvalidInput);
  }
  return 0;
}
