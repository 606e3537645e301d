// `mod bench`: each kind of benchmark is a file of its own, bench_NAME.cpp, and a line here.
#include "commands.h"

namespace mod::cli {

void add_bench(CommandTree& tree, CLI::App& parent) {
  CLI::App& bench =
      tree.add_group(parent, "bench", "Measure speed, and make models to measure with",
                     "mod bench make-model --like qwen2.5-0.5b /dev/shm/model");
  add_bench_merge(tree, bench);
  add_bench_tokenizer(tree, bench);
  add_bench_decode(tree, bench);
  add_bench_prefill(tree, bench);
  add_bench_mix(tree, bench);
  add_bench_eval(tree, bench);
  add_bench_make_model(tree, bench);
}

}  // namespace mod::cli
