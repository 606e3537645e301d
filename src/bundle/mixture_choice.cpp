// rule, gate and mode: a name, or a map of `kind` and parameters.
#include <fmt/format.h>

#include "base/text.h"
#include "bundle/mixture_reader.h"

namespace mod::bundle::detail {
namespace {

/// What rules, gates and modes have in common.
struct Option {
  std::string_view name;
  std::span<const mix::Parameter> parameters;
};

template <class Entry>
Option option_of(const Entry& entry) {
  return {entry.name, entry.parameters};
}

template <class Entry>
Option option_of(const Entry* entry) {
  return option_of(*entry);
}

template <class Entries>
std::vector<Option> options_of(const Entries& entries) {
  std::vector<Option> out;
  for (const auto& entry : entries) out.push_back(option_of(entry));
  return out;
}

struct Choice {
  std::size_t index = 0;
  std::vector<double> parameters;
};

std::optional<std::size_t> find_option(ReadContext& context, const yaml::Node& node,
                                       std::string_view what, std::span<const Option> options) {
  const auto name = read_text(context, node, fmt::format("'{}'", what));
  if (!name) return std::nullopt;
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < options.size(); ++i) {
    if (options[i].name == *name) return i;
    names.push_back(options[i].name);
  }
  const std::string hint = name->size() <= 64 ? did_you_mean(*name, names) : "";
  context.problems.error(node.place, fmt::format("unknown {} {}{}", what, in_quotes(*name), hint),
                         fmt::format("allowed: {}", joined(names)));
  return std::nullopt;
}

bool read_parameters(ReadContext& context, const yaml::Node& map, std::string_view what,
                     const Option& option, std::vector<double>& values) {
  bool good = true;
  std::vector<std::string_view> known{"kind"};
  for (const mix::Parameter& p : option.parameters) known.push_back(p.name);
  check_keys(context.problems, map, known, fmt::format("{} '{}'", what, option.name));
  for (std::size_t i = 0; i < option.parameters.size(); ++i) {
    const mix::Parameter& parameter = option.parameters[i];
    const yaml::Node* node = map.find(parameter.name);
    if (absent(node)) continue;
    const bool whole = option.name == "lazy" && parameter.name == "lag";
    const auto value =
        read_parameter(context, *node, parameter, fmt::format("{} '{}'", what, option.name), whole);
    good = good && value;
    values[i] = value.value_or(parameter.value);
  }
  return good;
}

/// `standard`: the choice where nothing is written.
std::optional<Choice> read_choice(ReadContext& context, const yaml::Node* node,
                                  std::string_view what, std::span<const Option> options,
                                  std::size_t standard) {
  std::optional<std::size_t> index = standard;
  const bool map = !absent(node) && node->kind == yaml::Kind::kMap;
  if (map) {
    const yaml::Node* kind = node->find("kind");
    if (absent(kind)) {
      const Option& option = options[standard];
      context.problems.error(
          node->place, fmt::format("'{}' is a map without 'kind'", what),
          fmt::format("write its name, as in {}: {{kind: {}}}", what, option.name));
      return std::nullopt;
    }
    index = find_option(context, *kind, what, options);
  } else if (!absent(node)) {
    index = find_option(context, *node, what, options);
  }
  if (!index) return std::nullopt;
  Choice choice{*index, mix::default_values(options[*index].parameters)};
  if (map && !read_parameters(context, *node, what, options[*index], choice.parameters)) {
    return std::nullopt;
  }
  return choice;
}

std::size_t standard_gate(const mix::Rule* rule) {
  const std::string_view name = rule != nullptr && !rule->gates.allowed ? "fixed" : "share";
  const auto gates = mix::gates();
  std::size_t i = 0;
  while (gates[i]->name != name) ++i;
  return i;
}

}  // namespace

bool read_choices(ReadContext& context, const yaml::Node* mixture, MixtureFile& file) {
  const auto find = [&](const char* key) { return mixture ? mixture->find(key) : nullptr; };
  const auto place_of = [&](const yaml::Node* node) {
    return absent(node) ? file.place : node->place;
  };
  const yaml::Node *rule = find("rule"), *gate = find("gate"), *mode = find("mode");
  file.rule_place = place_of(rule);
  file.gate_place = place_of(gate);
  file.mode_place = place_of(mode);
  const auto rules = options_of(mix::rules()), gates = options_of(mix::gates()),
             modes = options_of(mix::kModes);
  const auto chosen_rule = read_choice(context, rule, "rule", rules, 0);
  if (chosen_rule) {
    file.rule = mix::rules()[chosen_rule->index];
    file.rule_parameters = chosen_rule->parameters;
  }
  const auto chosen_gate = read_choice(context, gate, "gate", gates, standard_gate(file.rule));
  if (chosen_gate) {
    file.gate = mix::gates()[chosen_gate->index];
    file.gate_parameters = chosen_gate->parameters;
  }
  const auto chosen_mode = read_choice(context, mode, "mode", modes, 0);
  if (chosen_mode) {
    file.mode = mix::make_mode(mix::kModes[chosen_mode->index].kind, chosen_mode->parameters);
  }
  return chosen_rule && chosen_gate && chosen_mode;
}

}  // namespace mod::bundle::detail
