// `mod eval normalize`: the normal form of answers.
#include <memory>

#include "commands.h"
#include "eval/grade/normalize.h"
#include "json_lines.h"
#include "print.h"

namespace mod::cli {
namespace {

void normalize(const std::string& file) {
  for_each_json_line(file, [](const Json& line, const std::string& where) {
    const std::string in = required_text(line, "in", where);
    Json result;
    result["out"] = eval::normalize_answer(in);
    result["out_skip_unit"] = eval::normalize_answer(in, true);
    print_json_line(result);
  });
}

}  // namespace

void add_eval_normalize(CommandTree& tree, CLI::App& parent) {
  auto file = std::make_shared<std::string>();
  CLI::App& command = tree.add(parent, "normalize", "Print answers in their normal form",
                               "mod eval normalize --jsonl answers.jsonl\n"
                               "answers.jsonl: {\"in\": \"\\\\dfrac12 \\\\text{ cm}\"}",
                               [file](Invocation&) { normalize(*file); });
  command.add_option("--jsonl", *file, "Lines of {\"in\"}")->required()->type_name("FILE");
}

}  // namespace mod::cli
