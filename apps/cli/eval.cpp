// `mod eval`: what needs no model is a subcommand of its own, eval_NAME.cpp, and a line here.
#include "commands.h"

namespace mod::cli {

void add_eval(CommandTree& tree, CLI::App& parent) {
  CLI::App& eval = tree.add_group(parent, "eval", "Grade answers",
                                  "mod eval grade --jsonl answers.jsonl --mode qwen");
  add_eval_grade(tree, eval);
  add_eval_normalize(tree, eval);
}

}  // namespace mod::cli
