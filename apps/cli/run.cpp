// `mod run MODEL -p TEXT`: completes a text.
#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "answer.h"
#include "answer_page.h"
#include "commands.h"
#include "mix/generation.h"
#include "mod/error.h"
#include "model_options.h"
#include "print.h"
#include "prompt_options.h"
#include "sampling_options.h"
#include "speed.h"

namespace mod::cli {
namespace {

struct Options {
  ModelArguments model;
  SamplingArguments sampling;
  PromptArguments prompt;
  AnswerArguments answer;
};

/// Without a tokenizer the ids are the answer.
void print_ids(const mix::Generation& generation) {
  std::vector<mix::Token> ids;
  for (const mix::WrittenToken& token : generation.tokens()) ids.push_back(token.id);
  fmt::print("{}\n", fmt::join(ids, ","));
}

void warn_of_a_full_context(const mix::Generation& generation, const mix::Engine& engine,
                            Log& log) {
  if (generation.finish() != mix::Finish::kContext) return;
  log.warn(fmt::format("the answer ends because the context of {} tokens is full",
                       engine.longest_text()));
}

void run_model(const Options& options, const Invocation& run) {
  check_prompt_options(options.prompt);
  const Runnable runnable = open_runnable(options.model, run, true);
  mix::Engine& engine = *runnable.engine;
  const bundle::Bundle& bundle = runnable.bundle;
  if (!options.sampling.stops.empty()) bundle.need_tokenizer();
  mix::GenerationOptions settings = generation_options(options.sampling, {}, bundle.generation);
  settings.credits = wanted_credits(options.answer, bundle);
  mix::Generation generation(engine, engine.start(), prompt_of(options.prompt, bundle, run.log()),
                             settings, bundle.tokenizer.get());
  run.log().debug("sampling: " + mix::sampling_text(generation.sampling()));
  const SpeedOfAnswer speed = write_answer(runnable, generation, options.answer, run.json);
  if (run.json) {
    print_json(answer_json(generation, bundle));
  } else if (bundle.tokenizer) {
    fmt::print("\n");
  } else {
    print_ids(generation);
  }
  std::fflush(stdout);
  if (!options.answer.html.empty()) {
    const auto& read = generation.prompt_ids();
    const std::string prompt = bundle.tokenizer ? bundle.tokenizer->decode(read, false) : "";
    write_answer_page(options.answer.html, prompt, generation, bundle, speed);
    run.log().info("page: " + options.answer.html);
  }
  warn_of_a_full_context(generation, engine, run.log());
  run.log().info(speed_text(speed, bundle, run.context));
  if (const std::string text = mixture_summary(generation, bundle); !text.empty()) {
    run.log().info(text);
  }
  if (generation.finish() == mix::Finish::kCancelled) {
    throw Error(ErrorCode::kCancelled, "stopped by the user");
  }
}

}  // namespace

void add_run(CommandTree& tree, CLI::App& parent) {
  auto options = std::make_shared<Options>();
  CLI::App& command = tree.add(
      parent, "run", "Complete a text",
      "mod run examples/specialists/math -p \"Ben has 3 bags with 4 nuts each.\"\n"
      "  mod run recipe.yml -f prompt.txt --temperature 0.7 --top-p 0.9 --seed 1\n"
      "  mod run examples/specialists/base --ids 1,87,85 --ignore-eos -n 16 --json\n"
      "  mod run mixture.yml -p \"Hello\" --color\n"
      "  mod run --expert a=models/a@0.7 --expert b=models/b@0.3 --gate fixed -p \"Hello\"\n\n"
      "The prompt is raw text (`mod chat` applies the chat template); special tokens in it are\n"
      "recognised. Without sampling options the answer is greedy. A recipe is merged in memory.\n"
      "--json prints {text, ids, prompt_tokens, generated_tokens, finish_reason, tokens: [{id,\n"
      "text, logprob}]}; finish_reason is stop (end token, --stop) or length. An end token is in\n"
      "ids and not in text; logprob is natural and before penalties and temperature.\n"
      "Of a mixture every token also has experts: {NAME: {logprob, rank, weight, responsibility}}\n"
      "(null: not evaluated for it), and the answer forward_passes: {NAME: n}. The experts' own\n"
      "temperatures and masks come first, then the mix, then penalties, temperature, top-k, top-p\n"
      "and min-p, then the choice.",
      [options](Invocation& run) { run_model(*options, run); });
  add_model_options(command, options->model);
  add_prompt_options(command, options->prompt);
  add_sampling_options(command, options->sampling);
  add_answer_options(command, options->answer, true);
}

}  // namespace mod::cli
