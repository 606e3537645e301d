// `parameters`: scalars, gradients and lists of {value, filter}, checked against the method's list.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "base/text.h"
#include "merge/recipe_reader.h"

namespace mod::merge::detail {

namespace {

constexpr std::string_view kForms =
    "a parameter is a number, a list of numbers (gradient), or a list of {value, filter}";

struct Reading {
  ReadContext& context;
  std::string name;
  const ParamSpec* spec;  // null: the method does not have it; strings pass, the value is not used
};

bool wants_strings(const Reading& reading) {
  return reading.spec &&
         (reading.spec->type == ParamType::kString || reading.spec->type == ParamType::kStringList);
}

void refuse(const Reading& reading, const yaml::Node& node, const std::string& what,
            std::string remedy = std::string(kForms)) {
  reading.context.problems.error(
      node.place, fmt::format("parameter {} {}", in_quotes(reading.name), what), std::move(remedy));
}

bool read_number(const Reading& reading, const yaml::Node& node, Condition& out) {
  const auto value = node.is_null() ? std::nullopt : node.as_number();
  if (!value && !reading.spec && node.kind == yaml::Kind::kString) return true;
  if (!value) {
    refuse(reading, node, fmt::format("must be a number, not {}", node.describe()));
    return false;
  }
  if (!std::isfinite(*value)) {
    refuse(reading, node, fmt::format("must be finite, not {}", in_quotes(node.text)), "");
    return false;
  }
  if (reading.spec && reading.spec->type == ParamType::kBool && *value != 0 && *value != 1) {
    refuse(reading, node, fmt::format("is a switch: true or false, not {}", node.describe()), "");
    return false;
  }
  out.numbers.push_back(*value);
  return true;
}

bool read_string(const Reading& reading, const yaml::Node& node, Condition& out) {
  if (node.kind != yaml::Kind::kString) {
    std::string remedy = "quote it where it is meant as text";
    if (!node.is_scalar() || node.is_null()) remedy = "write one word";
    refuse(reading, node, fmt::format("must be a string, not {}", node.describe()),
           std::move(remedy));
    return false;
  }
  out.strings.push_back(node.text);
  return true;
}

bool read_scalar(const Reading& reading, const yaml::Node& node, Condition& out) {
  return wants_strings(reading) ? read_string(reading, node, out) : read_number(reading, node, out);
}

bool read_list(const Reading& reading, const yaml::Node& node, Condition& out) {
  if (node.items.empty()) {
    refuse(reading, node, "is an empty list");
    return false;
  }
  if (reading.spec && reading.spec->type == ParamType::kBool) {
    refuse(reading, node, "is a switch and cannot be a gradient", "write true or false");
    return false;
  }
  if (reading.spec && reading.spec->type == ParamType::kString) {
    refuse(reading, node, "takes one string, not a list", "write one word");
    return false;
  }
  for (const yaml::Node& item : node.items) {
    if (!item.is_scalar()) {
      refuse(reading, item, fmt::format("holds {} between plain values", item.describe()));
      return false;
    }
    if (!read_scalar(reading, item, out)) return false;
  }
  return true;
}

/// A scalar or a list of scalars.
bool read_value(const Reading& reading, const yaml::Node& node, Condition& out) {
  if (node.is_null()) {
    refuse(reading, node, "has no value");
    return false;
  }
  if (node.kind == yaml::Kind::kSequence) return read_list(reading, node, out);
  if (node.kind == yaml::Kind::kMap) {
    refuse(reading, node, "cannot be a map here");
    return false;
  }
  return read_scalar(reading, node, out);
}

bool read_condition(const Reading& reading, const yaml::Node& node, Condition& out) {
  check_keys(reading.context, node, Level::kCondition);
  const yaml::Node* value = node.find("value");
  if (!value) {
    refuse(reading, node, "has a map without 'value'");
    return false;
  }
  const yaml::Node* filter = node.find("filter");
  if (!absent(filter)) {
    if (!require_string(reading.context, *filter, "'filter'")) return false;
    out.filter = filter->text;
  }
  return read_value(reading, *value, out);
}

bool read_conditions(const Reading& reading, const yaml::Node& node, Setting& setting) {
  bool good = true;
  for (const yaml::Node& item : node.items) {
    if (item.kind != yaml::Kind::kMap) {
      refuse(reading, item, "mixes plain values and {value, filter} in one list");
      return false;
    }
    Condition condition;
    if (read_condition(reading, item, condition)) {
      setting.conditions.push_back(std::move(condition));
    } else {
      good = false;
    }
  }
  return good;
}

bool read_setting(const Reading& reading, const yaml::Node& node, Setting& setting) {
  Condition condition;
  if (node.kind == yaml::Kind::kMap) {
    if (!read_condition(reading, node, condition)) return false;
    reading.context.problems.warn(
        node.place,
        fmt::format("parameter {} is a single {{value, filter}}; read as a list of one",
                    in_quotes(reading.name)),
        "write it as a list entry ('- value: ...'): mergekit refuses the single form");
    setting.conditions.push_back(std::move(condition));
    return true;
  }
  const bool conditions =
      node.kind == yaml::Kind::kSequence && !node.items.empty() &&
      std::any_of(node.items.begin(), node.items.end(),
                  [](const yaml::Node& item) { return item.kind == yaml::Kind::kMap; });
  if (conditions) return read_conditions(reading, node, setting);
  if (!read_value(reading, node, condition)) return false;
  setting.conditions.push_back(std::move(condition));
  return true;
}

std::string parameter_list(const MethodInfo& method) {
  std::string out;
  for (const ParamSpec& spec : method.params) {
    if (!out.empty()) out += ", ";
    out += spec.name;
  }
  return out.empty() ? "it has none" : fmt::format("it has: {}", out);
}

void warn_foreign(ReadContext& context, const std::string& name, const Place& place) {
  if (name == "embed_slerp" || name == "input_model_parameters") {
    context.problems.warn(
        place,
        fmt::format("{} has no effect: mergekit dropped it in January 2024", in_quotes(name)),
        "remove it");
    return;
  }
  const std::string_view home = home_of_key(name);
  if (!home.empty()) {
    context.problems.warn(
        place, fmt::format("{} has no effect here: it belongs to {}", in_quotes(name), home),
        "move it");
    return;
  }
  std::vector<std::string_view> names;
  for (const ParamSpec& spec : context.method->params) names.push_back(spec.name);
  const std::string hint = name.size() <= 64 ? did_you_mean(name, names) : "";
  context.problems.warn(place,
                        fmt::format("method '{}' has no parameter {}{}; it has no effect",
                                    context.method->name, in_quotes(name), hint),
                        parameter_list(*context.method));
}

/// The entry of the method's list; warns about parameters that will have no effect.
const ParamSpec* look_up(ReadContext& context, const std::string& name, const Place& place,
                         bool beside_model) {
  if (!context.method) return nullptr;
  for (const ParamSpec& spec : context.method->params) {
    if (spec.name != name) continue;
    if (beside_model && !spec.per_model) {
      context.problems.warn(
          place,
          fmt::format("{} has no effect here: it is a parameter of the whole merge, not of a model",
                      in_quotes(name)),
          "move it to the top-level 'parameters:' (or to those of the slice)");
    }
    return &spec;
  }
  warn_foreign(context, name, place);
  return nullptr;
}

}  // namespace

Settings read_settings(ReadContext& context, const yaml::Node* node, bool beside_model) {
  Settings out;
  if (absent(node)) return out;
  if (node->kind != yaml::Kind::kMap) {
    context.problems.error(node->place,
                           fmt::format("'parameters' must be a map, not {}", node->describe()),
                           "write 'NAME: VALUE' lines under it");
    return out;
  }
  const std::set<std::string_view> twice(node->duplicates.begin(), node->duplicates.end());
  for (const auto& [name, value] : node->entries) {
    if (twice.contains(name)) {
      context.problems.warn(
          value.place, fmt::format("key {} is written twice; the last one counts", in_quotes(name)),
          "remove the other one");
    }
    const Reading reading{context, name, look_up(context, name, value.place, beside_model)};
    Setting setting;
    setting.name = name;
    setting.place = value.place;
    // Kept when refused, so that it does not count as missing; dropped when it has no effect.
    if (!read_setting(reading, value, setting)) setting.conditions.clear();
    if (reading.spec || !context.method) out.push_back(std::move(setting));
  }
  return out;
}

}  // namespace mod::merge::detail
