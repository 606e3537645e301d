// `mod methods [NAME]`: what can be done to models, from the table that drives recipes.
#include <fmt/format.h>

#include <memory>

#include "base/text.h"
#include "commands.h"
#include "merge/method.h"
#include "mod/error.h"
#include "mod/version.h"
#include "print.h"

namespace mod::cli {
namespace {

using merge::BaseRole;
using merge::MethodInfo;
using merge::ParamSpec;
using merge::ParamType;

std::string_view type_name(ParamType type) {
  switch (type) {
    case ParamType::kNumber:
      return "number";
    case ParamType::kBool:
      return "bool";
    case ParamType::kString:
      return "string";
    case ParamType::kStringList:
      return "list of strings";
  }
  return "";
}

std::string_view base_name(BaseRole role) {
  switch (role) {
    case BaseRole::kDonor:
      return "none";
    case BaseRole::kOptional:
      return "optional";
    case BaseRole::kRequired:
      return "required";
  }
  return "";
}

std::string models_text(const MethodInfo& method) {
  if (method.max_models < 0) return fmt::format("{} or more", method.min_models);
  if (method.max_models == method.min_models) return std::to_string(method.min_models);
  return fmt::format("{} to {}", method.min_models, method.max_models);
}

Json default_json(const ParamSpec& param) {
  if (param.required || !param.has_default) return nullptr;
  switch (param.type) {
    case ParamType::kNumber:
      return param.number;
    case ParamType::kBool:
      return param.number != 0;
    case ParamType::kString:
      return param.string;
    case ParamType::kStringList:
      break;
  }
  return param.string.empty() ? Json::array() : Json::array({param.string});
}

std::string default_text(const ParamSpec& param) {
  if (param.required) return "required";
  if (!param.has_default) return "none";
  switch (param.type) {
    case ParamType::kNumber:
      return fmt::format("{}", param.number);
    case ParamType::kBool:
      return param.number != 0 ? "true" : "false";
    default:
      return param.string.empty() ? "\"\"" : std::string(param.string);
  }
}

/// A value to show: the default, or one half for a number that has none.
std::string example_value(const ParamSpec& param) {
  if (param.type == ParamType::kNumber && (param.required || !param.has_default)) return "0.5";
  if (param.type == ParamType::kStringList) return fmt::format("[{}]", param.string);
  return default_text(param);
}

void append_parameters(std::string& text, const MethodInfo& method, bool per_model,
                       const std::string& indent) {
  std::string lines;
  for (const ParamSpec& param : method.params) {
    // Switches that are off by default only clutter an example.
    const bool off = param.type == ParamType::kBool && param.number == 0;
    const bool has_value = per_model || param.required || param.has_default;
    if (param.per_model == per_model && has_value && !off)
      lines += fmt::format("{}  {}: {}\n", indent, param.name, example_value(param));
  }
  if (!lines.empty()) text += indent + "parameters:\n" + lines;
}

std::string example_recipe(const MethodInfo& method) {
  static constexpr std::string_view kNames[] = {"math", "code", "french"};
  const int wanted = std::max(method.min_models, 2);
  const int count = method.max_models < 0 ? wanted : std::min(wanted, method.max_models);
  std::string text = fmt::format("merge_method: {}\n", method.name);
  const bool has_base = method.base != BaseRole::kDonor;
  if (has_base) text += "base_model: examples/specialists/base\n";
  text += "models:\n";
  for (int i = 0; i < std::min(count, 3); ++i) {
    text += fmt::format("  - model: examples/specialists/{}\n", kNames[i]);
    append_parameters(text, method, true, "    ");
  }
  append_parameters(text, method, false, "");
  text += "dtype: bfloat16\n";
  return text;
}

Json method_json(const MethodInfo& method) {
  Json json;
  json["name"] = method.name;
  json["title"] = method.title;
  json["paper"] = method.paper;
  json["formula"] = method.formula;
  json["min_models"] = method.min_models;
  json["max_models"] = method.max_models < 0 ? Json(nullptr) : Json(method.max_models);
  json["base"] = base_name(method.base);
  json["reads"] = method.reads;
  json["parameters"] = Json::array();
  for (const ParamSpec& param : method.params) {
    Json entry;
    entry["name"] = param.name;
    entry["type"] = type_name(param.type);
    entry["per_model"] = param.per_model;
    entry["required"] = param.required;
    entry["default"] = default_json(param);
    entry["help"] = param.help;
    json["parameters"].push_back(std::move(entry));
  }
  json["example"] = example_recipe(method);
  return json;
}

void print_one(const MethodInfo& method) {
  fmt::print("{}: {}\n\n", method.name, method.title);
  fmt::print("formula  {}\n", method.formula);
  if (!method.paper.empty()) fmt::print("paper    {}\n", method.paper);
  fmt::print("models   {}; base model: {}\n", models_text(method), base_name(method.base));
  fmt::print("reads    {}\n\n", method.reads);
  if (!method.params.empty()) {
    Table table({"parameter", "type", "given", "default", "meaning"}, {});
    for (const ParamSpec& param : method.params) {
      table.add({std::string(param.name), std::string(type_name(param.type)),
                 param.per_model ? "per model" : "once", default_text(param),
                 std::string(param.help)});
    }
    table.print();
    fmt::print("\n");
  }
  fmt::print("Example:\n\n{}", example_recipe(method));
}

void print_list() {
  Table table({"method", "models", "base", "paper", ""}, {});
  for (const MethodInfo* method : merge::methods()) {
    table.add({std::string(method->name), models_text(*method),
               std::string(base_name(method->base)), std::string(method->paper),
               std::string(method->title)});
  }
  table.print();
  fmt::print("\n`mod methods NAME` shows the parameters of one method and an example.\n");
}

void print_list_json() {
  Json json;
  json["version"] = kVersion;
  json["methods"] = Json::array();
  for (const MethodInfo* method : merge::methods()) json["methods"].push_back(method_json(*method));
  print_json(json);
}

const MethodInfo& known_method(const std::string& name) {
  if (const MethodInfo* method = merge::find_method(name)) return *method;
  std::vector<std::string_view> names;
  for (const MethodInfo* method : merge::methods()) names.push_back(method->name);
  throw Error(ErrorCode::kInvalidInput,
              fmt::format("unknown method '{}'{}; `mod methods` lists them", name,
                          did_you_mean(name, names)));
}

void show_methods(const std::string& name, const Invocation& run) {
  if (name.empty()) return run.json ? print_list_json() : print_list();
  const MethodInfo& method = known_method(name);
  if (run.json) return print_json(method_json(method));
  print_one(method);
}

}  // namespace

void add_methods(CommandTree& tree, CLI::App& parent) {
  auto name = std::make_shared<std::string>();
  CLI::App& command =
      tree.add(parent, "methods", "List the merge methods, or explain one", "mod methods ties",
               [name](Invocation& run) { show_methods(*name, run); });
  command.add_option("NAME", *name, "The method to explain");
}

}  // namespace mod::cli
