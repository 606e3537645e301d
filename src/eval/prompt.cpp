#include "eval/prompt.h"

#include "eval/grade/text.h"
#include "mod/error.h"

namespace mod::eval {
namespace {

using Json = nlohmann::ordered_json;

/// Where worked examples stand in a text prompt.
enum class Examples {
  kBefore,      // each as a prompt of its own with its answer behind it
  kInQuestion,  // all of them in the one question: question, line feed, answer
};

struct Type {
  std::string_view name, help;
  std::string_view before, after;  // of the question
  std::string_view answer_before;  // between an example's prompt and its answer
  std::string_view joiner;         // between examples, and before the question
  std::string_view stop;
  Examples examples = Examples::kBefore;
  bool strip_spaces = true;  // at both ends of the whole prompt, as the reference does
};

constexpr Type kTypes[] = {
    {"chat", "the model's chat template: system, examples as turns, question", "", "", "", "", ""},
    {"raw", "the question as it is", "", "", " ", "\n\n", "", Examples::kBefore, false},
    {"qwen25-math-cot", "Qwen2.5-Math's chat with its boxed instruction as the system message",
     "<|im_start|>system\nPlease reason step by step, and put your final answer within "
     "\\boxed{}.<|im_end|>\n<|im_start|>user\n",
     "<|im_end|>\n<|im_start|>assistant\n", "", "\n\n", "", Examples::kInQuestion},
    {"cot", "\"Question: ..\", \"Answer:\" for base models", "Question: ", "\nAnswer: ", "",
     "\n\n\n", "\n\nQuestion:"},
    {"direct", "as cot, examples nearer to one another", "Question: ", "\nAnswer: ", "", "\n\n",
     ""},
    {"qwen-boxed", "Qwen's chat, the boxed instruction after the question",
     "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n",
     "\nPlease reason step by step, and put your final answer within "
     "\\boxed{}.<|im_end|>\n<|im_start|>assistant\n",
     "", "\n\n", ""},
    {"deepseek-math", "\"User: ..\", the boxed instruction, \"Assistant:\"", "User: ",
     "\nPlease reason step by step, and put your final answer within \\boxed{}.\n\nAssistant:", "",
     "\n\n\n", ""},
    {"mistral", "\"[INST] ..[/INST]\"", "[INST] ", "[/INST]", "", " ", ""},
};

const Type& find(std::string_view name) {
  for (const Type& type : kTypes) {
    if (type.name == name) return type;
  }
  throw Error(ErrorCode::kInternal, "no prompt type '" + std::string(name) + "'");
}

std::string framed(const Type& type, const std::string& question) {
  return std::string(type.before) + question + std::string(type.after);
}

std::string text_prompt(const Type& type, std::span<const Shot> shots,
                        const std::string& question) {
  std::string text;
  const bool inside = type.examples == Examples::kInQuestion;
  for (const Shot& shot : shots) {
    text += inside ? shot.question + "\n" : framed(type, shot.question);
    text += std::string(type.answer_before) + shot.answer + std::string(type.joiner);
  }
  text = inside ? framed(type, text + question) : text + framed(type, question);
  return type.strip_spaces ? std::string(trim(text, " ")) : text;
}

}  // namespace

std::vector<std::string_view> prompt_names() {
  std::vector<std::string_view> names;
  for (const Type& type : kTypes) names.push_back(type.name);
  return names;
}

std::string_view prompt_help(std::string_view name) { return find(name).help; }
std::string_view prompt_stop(std::string_view name) { return find(name).stop; }

PromptText make_prompt(std::string_view name, const std::string& system,
                       std::span<const Shot> shots, const std::string& question) {
  const Type& type = find(name);
  if (type.name == "chat") {
    Json messages = Json::array();
    messages.push_back({{"role", "user"}, {"content", question}});
    return make_chat(system, shots, messages);
  }
  return {nullptr, text_prompt(type, shots, question)};
}

PromptText make_chat(const std::string& system, std::span<const Shot> shots, const Json& messages) {
  PromptText prompt;
  prompt.messages = Json::array();
  if (!system.empty()) prompt.messages.push_back({{"role", "system"}, {"content", system}});
  for (const Shot& shot : shots) {
    prompt.messages.push_back({{"role", "user"}, {"content", shot.question}});
    prompt.messages.push_back({{"role", "assistant"}, {"content", shot.answer}});
  }
  for (const Json& message : messages) prompt.messages.push_back(message);
  return prompt;
}

}  // namespace mod::eval
