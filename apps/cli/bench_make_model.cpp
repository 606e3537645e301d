// `mod bench make-model OUT`: checkpoints with random weights in the shapes of real models.
#include <fmt/format.h>

#include <memory>

#include "base/text.h"
#include "commands.h"
#include "merge/synthetic/synthetic.h"
#include "mod/error.h"
#include "print.h"

namespace mod::cli {
namespace {

struct Options {
  std::string out, tokenizer, shard_size = "5GB";
  merge::SyntheticOptions model;
};

void make_model(Options options, Invocation& run) {
  const auto shard = parse_size(options.shard_size, false, true);
  if (!shard) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("--out-shard-size: '{}' is not a size; write 5GB, 500M or 5B",
                            options.shard_size));
  }
  if (options.model.share_embeddings && options.model.variants == 0) {
    throw Error(ErrorCode::kInvalidInput, "--share-embeddings needs --variants N");
  }
  options.model.shard_bytes = *shard;
  options.model.tokenizer = options.tokenizer;
  const merge::SyntheticResult result =
      merge::make_synthetic(options.out, options.model, run.context);
  if (run.json) {
    Json json;
    json["models"] = Json::array();
    for (const auto& folder : result.folders) json["models"].push_back(folder.string());
    json["parameters"] = result.parameters;
    json["bytes"] = result.bytes;
    json["seconds"] = result.seconds;
    return print_json(json);
  }
  for (const auto& folder : result.folders) fmt::print("{}\n", folder.string());
  fmt::print("{} parameters each, {} in {} ({})\n", count_text(result.parameters),
             size_text(result.bytes), duration_text(result.seconds),
             rate_text(static_cast<double>(result.bytes) / std::max(result.seconds, 1e-9)));
}

}  // namespace

void add_bench_make_model(CommandTree& tree, CLI::App& parent) {
  auto options = std::make_shared<Options>();
  CLI::App& command = tree.add(
      parent, "make-model", "Write a model with random weights in the shapes of a real one",
      "mod bench make-model --like qwen2.5-0.5b --variants 2 /dev/shm/half\n\n"
      "writes /dev/shm/half/base, /dev/shm/half/ft1 and /dev/shm/half/ft2.",
      [options](Invocation& run) { make_model(*options, run); });
  merge::SyntheticOptions& model = options->model;
  command.add_option("OUT", options->out, "The folder to write")->required();
  command
      .add_option("--like", model.like,
                  "qwen2.5-0.5b, qwen2.5-1.5b, qwen2.5-7b; of the last two also NAME-instruct and "
                  "qwen2.5-math-SIZE-instruct")
      ->required()
      ->type_name("NAME");
  command.add_option("--variants", model.variants, "Also write this many fine-tunes of the base")
      ->check(CLI::Range(0, 1000))
      ->type_name("N");
  command.add_flag("--share-embeddings", model.share_embeddings,
                   "Fine-tunes keep the embeddings and the output head of the base");
  command.add_option("--tokenizer", options->tokenizer, "Copy the tokenizer files of this folder")
      ->type_name("DIR");
  command.add_option("--layers", model.layers, "Fewer (or more) layers than the real model")
      ->check(CLI::Range(1, 100000))
      ->type_name("N");
  command.add_option("--hidden", model.hidden, "Another hidden size, with the MLP in proportion")
      ->check(CLI::Range(1, 1'000'000))
      ->type_name("N");
  command.add_option("--vocabulary", model.vocabulary, "Another number of embedding rows")
      ->check(CLI::Range(1, 10'000'000))
      ->type_name("N");
  command.add_option("--seed", model.seed, "Another seed gives other weights")->type_name("N");
  command.add_option("--out-shard-size", options->shard_size, "Bytes of weights in a file")
      ->type_name("SIZE");
  command.add_flag("--overwrite", model.overwrite, "Replace a checkpoint that stands in OUT");
}

}  // namespace mod::cli
