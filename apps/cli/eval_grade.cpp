// `mod eval grade`: the graders alone, on answers or on whole replies.
#include <memory>

#include "commands.h"
#include "eval/grade/equal.h"
#include "eval/grade/extract.h"
#include "json_lines.h"
#include "print.h"

namespace mod::cli {
namespace {

struct Options {
  std::string file;
  std::string mode = "strict";
  bool raw = false;
};

std::optional<std::string> answer_of_reply(const Json& line, const std::optional<std::string>& gold,
                                           const std::string& where) {
  const std::string reply = required_text(line, "response", where);
  const std::string dataset = required_text(line, "dataset", where);
  return gold ? eval::prediction(reply, dataset, *gold) : eval::prediction(reply, dataset);
}

Json grade_line(const Json& line, const Options& options, const std::string& where) {
  const auto gold = optional_text(line, "gold", where);
  std::optional<std::string> answer;
  if (options.raw) {
    answer = answer_of_reply(line, gold, where);
  } else if (line.contains("pred")) {
    answer = optional_text(line, "pred", where);
  } else {
    answer = required_text(line, "pred", where);
  }
  const eval::GradeMode mode =
      options.mode == "qwen" ? eval::GradeMode::kQwen : eval::GradeMode::kStrict;
  Json result;
  result["equal"] = gold ? Json(eval::answers_equal(answer, *gold, mode)) : Json(nullptr);
  result["pred"] = answer ? Json(*answer) : Json(nullptr);
  result["gold"] = gold ? Json(*gold) : Json(nullptr);
  return result;
}

void grade(const Options& options) {
  for_each_json_line(options.file, [&options](const Json& line, const std::string& where) {
    print_json_line(grade_line(line, options, where));
  });
}

}  // namespace

void add_eval_grade(CommandTree& tree, CLI::App& parent) {
  auto options = std::make_shared<Options>();
  CLI::App& command = tree.add(parent, "grade", "Grade answers that are in a file",
                               "mod eval grade --jsonl answers.jsonl --mode qwen\n"
                               "  mod eval grade --jsonl replies.jsonl --raw\n"
                               "answers.jsonl: {\"pred\": \"\\\\frac{1}{2}\", \"gold\": \"0.5\"}\n"
                               "replies.jsonl: {\"response\": \"So it is \\\\boxed{4}.\", "
                               "\"dataset\": \"math\", \"gold\": \"4\"}",
                               [options](Invocation&) { grade(*options); });
  command.add_option("--jsonl", options->file, "Lines of {\"pred\", \"gold\"}")
      ->required()
      ->type_name("FILE");
  command
      .add_option("--mode", options->mode,
                  "strict: the whole answer counts; qwen: as the reference, with its flaws")
      ->check(CLI::IsMember({"strict", "qwen"}))
      ->capture_default_str();
  command.add_flag("--raw", options->raw,
                   "Lines of {\"response\", \"dataset\"} and perhaps \"gold\": extract the answer");
}

}  // namespace mod::cli
