// Steps of reading a mixture, shared by mixture_*.cpp; not for use elsewhere. Each step reports
// what is wrong to the collector and goes on, so that one run shows everything.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/problems.h"
#include "base/yaml.h"
#include "bundle/mixture_file.h"

namespace mod::bundle::detail {

struct ReadContext {
  Problems& problems;
  std::filesystem::path folder;  // relative paths start here
  bool find_models = true;
};

/// True where YAML means "absent": no node, or null.
bool absent(const yaml::Node* node);

/// 'text' in quotes, fit for a message.
std::string in_quotes(std::string_view text);

/// "a, b, c"
std::string joined(std::span<const std::string_view> names);

// ---- mixture_values.cpp: the value, or nothing after an error. `what` begins the message.

/// A text that YAML does not take for something else.
std::optional<std::string> read_text(ReadContext& context, const yaml::Node& node,
                                     std::string_view what);
std::optional<double> read_number(ReadContext& context, const yaml::Node& node,
                                  std::string_view what);
/// Within the limits of `parameter`, and whole where `whole`.
std::optional<double> read_parameter(ReadContext& context, const yaml::Node& node,
                                     const mix::Parameter& parameter, std::string_view of,
                                     bool whole = false);
nlohmann::ordered_json to_json(const yaml::Node& node);

// ---- mixture_choice.cpp

/// rule, gate and mode: everything but `rule` has a default that depends on the rule. False after
/// an error: what is left unread is null.
bool read_choices(ReadContext& context, const yaml::Node* mixture, MixtureFile& file);

// ---- mixture_experts.cpp

/// False where name, role or weight of an expert is not known, so that check_experts is of no use.
bool read_experts(ReadContext& context, const yaml::Node& root, MixtureFile& file);

// ---- mixture_models.cpp

/// Fills expert.argument; says where it looked if there is no such model.
void find_model(ReadContext& context, const Place& place, ExpertEntry& expert);
/// Fills expert.template_text and checks it.
void find_template(ReadContext& context, const Place& place, ExpertEntry& expert);
/// `name` as it is found from `folder`, then from the working directory; "" if in neither.
std::filesystem::path find_path(const std::string& name, const std::filesystem::path& folder);

// ---- mixture_check.cpp

/// What rule, gate and mode demand of each other.
void check_mode(const MixtureFile& mixture, Problems& problems);
/// What they demand of the experts' roles and weights. Takes names for roles where none is written.
void check_experts(MixtureFile& mixture, Problems& problems);

/// Keys that are unknown, misplaced or repeated.
void check_keys(Problems& problems, const yaml::Node& map, std::span<const std::string_view> known,
                std::string_view where);

// ---- mixture_file.cpp

/// --set; false after an error.
bool apply_sets(yaml::Node& root, const MixtureOptions& options, Problems& problems);

/// From the document to a mixture, with --weights.
MixtureFile read_document(const yaml::Node& root, const std::string& name, ReadContext& context,
                          const MixtureOptions& options);

// ---- mixture_arguments.cpp

/// Puts rule, gate and mode into the document's `mixture`; false after an error.
bool apply_choices(yaml::Node& root, const MixtureChoices& choices, Problems& problems);

/// Changes weights; false after an error.
bool apply_weights(MixtureFile& mixture, std::string_view weights, Problems& problems);

}  // namespace mod::bundle::detail
