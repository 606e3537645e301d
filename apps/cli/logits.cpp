// `mod logits MODEL --ids 1,2,3 --out F.safetensors`: what a model predicts after every token.
#include <fmt/format.h>

#include <memory>

#include "base/text.h"
#include "checkpoint/tensor_file.h"
#include "commands.h"
#include "mod/error.h"
#include "model_options.h"
#include "print.h"
#include "prompt_options.h"

namespace mod::cli {
namespace {

struct Options {
  ModelArguments model;
  PromptArguments prompt;
  std::string out;
};

void write_logits(const Options& options, const Invocation& run) {
  check_prompt_options(options.prompt);
  const Runnable runnable = open_runnable(options.model, run, options.prompt.ids.empty());
  mix::Engine& engine = *runnable.engine;
  const std::vector<mix::Token> ids = prompt_ids(options.prompt, runnable.bundle, run.log());
  const auto positions = static_cast<std::int64_t>(ids.size());
  const auto vocabulary = static_cast<std::int64_t>(engine.vocabulary());
  mix::Stream stream = engine.start();
  if (ids.size() > stream.room()) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("{}: {} tokens are more than its context of {}", options.model.model,
                            ids.size(), stream.room()));
  }
  checkpoint::TensorFile file(
      options.out,
      {{.name = "ids", .dtype = DType::I32, .shape = {positions}},
       {.name = "logits", .dtype = DType::F32, .shape = {positions, vocabulary}}},
      {{"format", "pt"}});
  file.write("ids", 0, std::as_bytes(std::span(ids)));
  engine.score(stream, ids, [&](std::size_t position, const mix::Prediction& prediction) {
    const auto bytes = std::as_bytes(prediction.scores);
    file.write("logits", position * bytes.size(), bytes);
  });
  file.finish();
  if (run.json) {
    print_json({{"file", options.out}, {"positions", positions}, {"vocabulary", vocabulary}});
  } else {
    fmt::print("{}: logits of {} positions x {} tokens ({})\n", options.out, positions, vocabulary,
               size_text(static_cast<std::uint64_t>(positions * vocabulary) * sizeof(float)));
  }
}

}  // namespace

void add_logits(CommandTree& tree, CLI::App& parent) {
  auto options = std::make_shared<Options>();
  CLI::App& command = tree.add(
      parent, "logits", "Write what a model predicts after every token of a text",
      "mod logits examples/specialists/base --ids 1,87,85 --out logits.safetensors\n"
      "  mod logits recipe.yml -p \"Hello\" --out logits.safetensors\n\n"
      "The file holds `logits` (fp32, positions x vocabulary) and `ids`. Row t belongs to\n"
      "the prediction of the token after ids[t], as Hugging Face's logits do. Rows are\n"
      "written as they come: memory does not grow with the text.",
      [options](Invocation& run) { write_logits(*options, run); });
  add_model_options(command, options->model);
  add_prompt_options(command, options->prompt);
  command.add_option("-o,--out", options->out, "The file to write")
      ->required()
      ->type_name("FILE.safetensors");
}

}  // namespace mod::cli
