// A task: where its items lie, how the prompt is built, how the answer is taken and graded. Read
// from YAML (docs/eval.md lists the keys); those in src/eval/tasks are compiled in.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mix/sampling.h"
#include "text/template/template.h"

namespace mod::eval {

/// Where a data file comes from, for people who have to get it themselves.
struct DataSource {
  std::string file;         // as written in the task
  std::string folder;       // where it lies by default, from the working directory; may be empty
  std::string source;       // repository and path, or other words
  std::string licence;      // of the data
  std::uint64_t items = 0;  // published number; 0: not known
};

/// A text made of an item's fields, then edited by named steps (text_edits.h).
struct FieldText {
  std::optional<text::jinja::Template> text;  // nothing: the key was not given
  std::vector<std::string> edits;
};

/// How the choices of a multiple-choice item are found.
struct ChoiceFields {
  std::string list;                // path of the field ("choices.text"), unless `fixed`
  std::vector<std::string> fixed;  // the same for every item ("A", "B", ...)
  std::string labels;              // path of a list in which the answer stands; may be empty
  FieldText text;                  // of one choice, also with `choice`; nothing: the choice itself
};

/// What ends a reply and how tokens are chosen.
struct DecodingSettings {
  std::size_t max_new_tokens = 108;
  mix::SamplingOptions sampling;
  std::vector<std::string> stops;
};

/// Immutable after reading; copies share the parsed templates.
struct Task {
  std::string name, help;
  DataSource data;
  std::filesystem::path folder;  // of the task's file, empty for one that is compiled in
  FieldText question, answer;
  std::string messages;  // field with a chat that takes the question's place; may be empty
  std::string prompt = "chat", system;
  int shots = 0;
  std::string shots_from;    // file of few-shot examples; may be empty
  FieldText shots_question;  // of an example's fields; nothing: its `question`
  /// Whether the tokenizer puts its begin token before a prompt that is no chat.
  bool begin_token = true;
  std::string grader = "exact";
  std::string dataset;  // what the graders `strict` and `qwen` are told; may be empty
  std::optional<ChoiceFields> choices;  // multiple choice by log-likelihood
  DecodingSettings decoding;
  std::string source_text;  // the YAML, or a line that stands for it: what --resume compares

  bool is_multiple_choice() const { return choices.has_value(); }
};

/// Reads one task. `file` is the path used in messages; relative data files are looked up from its
/// folder. Throws one Error(kInvalidInput) with all that is wrong.
Task parse_task(std::string_view yaml, const std::filesystem::path& file);

/// A jsonl file as a task: `question` or `messages`, and `answer`; graded by `exact`.
Task jsonl_task(const std::filesystem::path& file);

/// The tasks that are compiled in, in the order of the docs.
std::vector<Task> builtin_tasks();

/// Names of tasks or groups of them ("specialists", "paper"), task files (.yaml, .yml), jsonl
/// files. Throws Error(kInvalidInput): unknown (with the nearest name), named twice, and as
/// parse_task.
std::vector<Task> resolve_tasks(const std::vector<std::string>& words);

}  // namespace mod::eval
