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

std::string name_of(const mix::Expert& expert) { return "experts." + expert.name + ".logprobs"; }

std::vector<checkpoint::HeaderTensor> tensors_of(const bundle::Bundle& bundle,
                                                 std::int64_t positions, std::int64_t vocabulary) {
  std::vector<checkpoint::HeaderTensor> tensors = {
      {.name = "ids", .dtype = DType::I32, .shape = {positions}}};
  const auto add = [&](const std::string& name, std::int64_t columns) {
    tensors.push_back({.name = name, .dtype = DType::F32, .shape = {positions, columns}});
  };
  if (bundle.kind != bundle::Kind::kMixture) {
    add("logits", vocabulary);
    return tensors;
  }
  const auto& experts = bundle.mixture.experts;
  add("logprobs", vocabulary);
  for (const mix::Expert& expert : experts) add(name_of(expert), vocabulary);
  add("weights", static_cast<std::int64_t>(experts.size()));
  return tensors;
}

void write_mixture(std::size_t position, const mix::Prediction& prediction,
                   const mix::Mixture& mixture, checkpoint::TensorFile& file) {
  const auto write = [&](const std::string& name, std::span<const float> scores, double total) {
    std::vector<float> row;
    for (const float score : scores) row.push_back(static_cast<float>(score - total));
    const auto bytes = std::as_bytes(std::span(row));
    file.write(name, position * bytes.size(), bytes);
  };
  std::vector<float> weights;
  write("logprobs", prediction.scores, prediction.log_total);
  for (std::size_t k = 0; k < mixture.experts.size(); ++k) {
    const mix::Opinion& opinion = prediction.experts[k];
    write(name_of(mixture.experts[k]), opinion.scores, opinion.log_total);
    weights.push_back(static_cast<float>(opinion.weight));
  }
  write("weights", weights, 0);
}

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
                fmt::format("{}: {} tokens are more than its context of {}",
                            runnable.bundle.argument, ids.size(), stream.room()));
  }
  checkpoint::TensorFile file(options.out, tensors_of(runnable.bundle, positions, vocabulary),
                              {{"format", "pt"}});
  file.write("ids", 0, std::as_bytes(std::span(ids)));
  const bool mixture = runnable.bundle.kind == bundle::Kind::kMixture;
  engine.score(stream, ids, [&](std::size_t position, const mix::Prediction& prediction) {
    if (mixture) return write_mixture(position, prediction, runnable.bundle.mixture, file);
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
      "written as they come: memory does not grow with the text.\n"
      "Of a mixture: `logprobs` (the mixture's), `experts.NAME.logprobs` (after the expert's\n"
      "temperature and masks), and `weights` (positions x experts): row t of all belongs to the\n"
      "same prediction. All ids count as one prompt; gates have heard ids[1..t] at row t.",
      [options](Invocation& run) { write_logits(*options, run); });
  add_model_options(command, options->model);
  add_prompt_options(command, options->prompt);
  command.add_option("-o,--out", options->out, "The file to write")
      ->required()
      ->type_name("FILE.safetensors");
}

}  // namespace mod::cli
