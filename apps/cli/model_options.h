// A MODEL that is to run, and the options of every command that runs one.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "bundle/bundle.h"
#include "command.h"
#include "mix/engine.h"
#include "mixture_options.h"
#include "runtime_options.h"

namespace mod::cli {

struct ModelArguments {
  std::string model;
  ExpertArguments mixture;  // in place of `model`, or what overrides a mixture file
  std::vector<std::string> set;
  RuntimeArguments runtime;
  bool cap_scores = false;
};

/// MODEL, or the options for a mixture that is written on the command line (with a mixture file
/// they override what it says), and how it runs.
void add_model_options(CLI::App& command, ModelArguments& arguments);

struct Runnable {
  bundle::Bundle bundle;
  std::unique_ptr<mix::Engine> engine;
  std::shared_ptr<bundle::Opener> opener;  // what it opened; what it opens next shares tensors
};

/// Opens MODEL, or the mixture of --expert. `text`: tokenizer and chat template are wanted too.
/// Throws Error(kInvalidInput) if both or none are given, or options for mixtures with another
/// model; and as bundle::Opener::open.
Runnable open_runnable(const ModelArguments& arguments, const Invocation& run, bool text = true);

/// Another model in the same process, with the same settings; it shares the tensors that are equal.
/// Throws as bundle::Opener::open.
Runnable open_beside(const Runnable& first, const ModelArguments& arguments,
                     const std::string& model, const Invocation& run);

/// A MODEL that must be a mixture, or that of --expert, as data: nothing is opened.
/// `equal_weights`: see bundle::MixtureOptions. Throws as bundle::load_mixture.
bundle::MixtureFile read_mixture_arguments(const ModelArguments& arguments, const Invocation& run,
                                           bool equal_weights);
/// That mixture. Throws as bundle::Opener::open_mixture.
Runnable open_runnable(const ModelArguments& arguments, const bundle::MixtureFile& mixture,
                       const Invocation& run, bool text = true);

}  // namespace mod::cli
