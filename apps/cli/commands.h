// One declaration for each subcommand; each is defined in the file of its name.
#pragma once

#include "command.h"

namespace mod::cli {

void add_merge(CommandTree& tree, CLI::App& parent);
void add_plan(CommandTree& tree, CLI::App& parent);
void add_verify(CommandTree& tree, CLI::App& parent);
void add_inspect(CommandTree& tree, CLI::App& parent);
void add_diff(CommandTree& tree, CLI::App& parent);
void add_methods(CommandTree& tree, CLI::App& parent);
void add_run(CommandTree& tree, CLI::App& parent);
void add_chat(CommandTree& tree, CLI::App& parent);
void add_logits(CommandTree& tree, CLI::App& parent);
void add_perplexity(CommandTree& tree, CLI::App& parent);
void add_tokenize(CommandTree& tree, CLI::App& parent);
void add_detokenize(CommandTree& tree, CLI::App& parent);
void add_template(CommandTree& tree, CLI::App& parent);
void add_fit(CommandTree& tree, CLI::App& parent);
void add_eval(CommandTree& tree, CLI::App& parent);
void add_bench(CommandTree& tree, CLI::App& parent);

// Below `mod eval`.
void add_eval_grade(CommandTree& tree, CLI::App& parent);
void add_eval_normalize(CommandTree& tree, CLI::App& parent);
void add_eval_compare(CommandTree& tree, CLI::App& parent);

// Below `mod bench`.
void add_bench_make_model(CommandTree& tree, CLI::App& parent);
void add_bench_merge(CommandTree& tree, CLI::App& parent);
void add_bench_tokenizer(CommandTree& tree, CLI::App& parent);
void add_bench_decode(CommandTree& tree, CLI::App& parent);
void add_bench_prefill(CommandTree& tree, CLI::App& parent);
void add_bench_mix(CommandTree& tree, CLI::App& parent);
void add_bench_eval(CommandTree& tree, CLI::App& parent);

}  // namespace mod::cli
