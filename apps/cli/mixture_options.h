// A mixture that is written on the command line, and what overrides one of a file.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "base/log.h"
#include "bundle/mixture_file.h"

namespace mod::cli {

struct ExpertArguments {
  std::vector<std::string> experts;  // NAME=MODEL[@WEIGHT]
  bundle::MixtureChoices choices;
  std::string weights;

  /// --rule, --gate, --mode or --weights: the first one that was given; "" if none was.
  std::string_view first_override() const;
};

void add_mixture_options(CLI::App& command, ExpertArguments& arguments);

/// `set`: KEY=VALUE each; `equal_weights`: see bundle::MixtureOptions.
bundle::MixtureOptions mixture_options(const ExpertArguments& arguments,
                                       const std::vector<std::string>& set,
                                       bool equal_weights = false);

/// The mixture of --expert, as data: nothing is opened. Throws one Error(kInvalidInput) with all
/// that is wrong; the rest is logged.
bundle::MixtureFile mixture_of_experts(const ExpertArguments& arguments,
                                       const bundle::MixtureOptions& options, Log& log);

}  // namespace mod::cli
