// A mixture as typed data: experts, rule, gate and mode, from a YAML file or from the command line,
// before any model is opened. Grammar: docs/mixtures.md. All mistakes are reported at once.
#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/problems.h"
#include "mix/gate.h"
#include "mix/mode.h"
#include "mix/rule.h"

namespace mod::bundle {

inline constexpr std::size_t kMostExperts = 64;

/// One of `experts`.
struct ExpertEntry {
  std::string name;              // unique; letters, digits, '_' and '-'
  std::string model;             // as written
  std::string argument;          // for Opener::open, wherever the file lies
  std::optional<double> weight;  // share or exponent, by the rule; as written
  double temperature = 1;
  std::optional<std::string> system;         // instead of the chat's; "": none
  std::optional<std::string> chat_template;  // as written: a file, or the text itself
  std::string template_text;                 // the text, where chat_template is written
  std::optional<std::string> prefix;         // stands before raw prompts
  std::string role;                          // one of the rule's; "" where it has none
  std::optional<std::size_t> context;        // most tokens of a text
  /// Members rope_theta and rope_scaling that are in force instead of config.json's, as far as
  /// written; see override_rope.
  nlohmann::ordered_json rope = nlohmann::ordered_json::object();
  Place place;
};

struct MixtureFile {
  std::string name;              // the file, or "the command line"
  std::filesystem::path folder;  // relative paths start here
  const mix::Rule* rule = nullptr;
  std::vector<double> rule_parameters;  // in order of the rule's table
  const mix::Gate* gate = nullptr;
  std::vector<double> gate_parameters;
  mix::ModeSettings mode;
  std::vector<ExpertEntry> experts;  // in order of the file; at least one
  Place place, rule_place, gate_place, mode_place;

  /// As written, in order of the experts; empty: none are written.
  std::vector<double> weights() const;
  /// The experts in the order of the rule's roles: places in `experts`. 0, 1, 2... without roles.
  std::vector<std::size_t> rule_order() const;
};

/// Values of --rule, --gate and --mode: a name or {kind: NAME, ...}; "": as written, or the
/// default.
struct MixtureChoices {
  std::string rule, gate, mode;
};

struct MixtureOptions {
  /// --set KEY=VALUE: mixture.gate.rate=0.02, experts.math.weight=0.5 (or experts[0].weight).
  std::vector<std::pair<std::string, std::string>> set;
  std::string weights;      // --weights NAME=W,...; "": as written
  bool find_models = true;  // false: touch no file, so that `argument` is what is written
  /// Weights are about to be learned: where a gate needs some and none are written, equal ones are
  /// put in, which is noted.
  bool equal_weights = false;
  MixtureChoices choices;  // in place of what a file says
};

/// `set`: KEY=VALUE each. Throws Error(kInvalidInput) where there is no '='.
MixtureOptions mixture_options(const std::vector<std::string>& set);

/// Whether this is the text of a mixture: a map with the key `mixture`, whatever else it has.
bool is_mixture(std::string_view text);

/// Errors, and notes about weights that were not written, go to `problems`; the result is usable
/// only without errors. `file` is used in messages, and relative paths start at its folder.
MixtureFile parse_mixture(std::string_view text, const std::filesystem::path& file,
                          const MixtureOptions& options, Problems& problems);

/// Also throws as read_text_file, as where there is no such file.
MixtureFile read_mixture(const std::filesystem::path& file, const MixtureOptions& options,
                         Problems& problems);

/// read_mixture with everything that is wrong thrown as one Error(kInvalidInput) and the rest
/// logged.
MixtureFile load_mixture(const std::filesystem::path& file, const MixtureOptions& options,
                         Log& log);

/// A mixture without a file: NAME=MODEL[@WEIGHT] each. What follows the last '@' is a weight if it
/// reads as a number. Under a rule with roles the names are the roles. Relative paths start at the
/// working directory. Otherwise as parse_mixture.
MixtureFile mixture_of_experts(const std::vector<std::string>& experts,
                               const MixtureOptions& options, Problems& problems);

/// --weights NAME=W,... on a mixture that is already read: the named ones change. Checks the
/// result as parse_mixture does.
void override_weights(MixtureFile& mixture, std::string_view weights, Problems& problems);

/// YAML of `mixture`, as it is in memory, that finds the same models if it is written to
/// `new_file`; if that is "", from anywhere. parse_mixture makes the same mixture of it, bit by bit
/// in its numbers.
std::string mixture_yaml(const MixtureFile& mixture, const std::filesystem::path& new_file);

/// Puts ExpertEntry::rope in force in the contents of a config.json.
void override_rope(nlohmann::ordered_json& config, const nlohmann::ordered_json& rope);

}  // namespace mod::bundle
