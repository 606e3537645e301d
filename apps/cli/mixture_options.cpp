#include "mixture_options.h"

#include "base/log_problems.h"

namespace mod::cli {

std::string_view ExpertArguments::first_override() const {
  if (!choices.rule.empty()) return "--rule";
  if (!choices.gate.empty()) return "--gate";
  if (!choices.mode.empty()) return "--mode";
  return weights.empty() ? "" : "--weights";
}

void add_mixture_options(CLI::App& command, ExpertArguments& a) {
  const char* group = "Mixtures";
  command
      .add_option("--expert", a.experts,
                  "In place of MODEL: an expert of a mixture, a folder or recipe (repeatable)")
      ->type_name("NAME=MODEL[@WEIGHT]")
      ->allow_extra_args(false)
      ->group(group);
  command
      .add_option("--rule", a.choices.rule,
                  "linear (default), log_linear, contrastive, proxy, power; or {kind: NAME, ...}")
      ->type_name("RULE")
      ->group(group);
  command
      .add_option("--gate", a.choices.gate,
                  "share (default), fixed, prompt, turn, entropy; or {kind: NAME, ...}")
      ->type_name("GATE")
      ->group(group);
  command
      .add_option("--mode", a.choices.mode,
                  "exact (default), draw, certified, lazy; or {kind: NAME, ...}")
      ->type_name("MODE")
      ->group(group);
  command.add_option("--weights", a.weights, "Weights of experts, over those of a file")
      ->type_name("NAME=W,...")
      ->group(group);
}

bundle::MixtureOptions mixture_options(const ExpertArguments& a,
                                       const std::vector<std::string>& set, bool equal_weights) {
  bundle::MixtureOptions options = bundle::mixture_options(set);
  options.choices = a.choices;
  options.weights = a.weights;
  options.equal_weights = equal_weights;
  return options;
}

bundle::MixtureFile mixture_of_experts(const ExpertArguments& a,
                                       const bundle::MixtureOptions& options, Log& log) {
  Problems problems;
  bundle::MixtureFile mixture = bundle::mixture_of_experts(a.experts, options, problems);
  log_problems(problems, log);
  problems.throw_if_errors();
  return mixture;
}

}  // namespace mod::cli
