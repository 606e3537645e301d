// The table of keys, with what reads those of an expert.
#include "bundle/mixture_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mod::bundle::detail {
namespace {

constexpr mix::Parameter kTemperature = {"temperature", 1, 0, 100, "", false, true};
constexpr mix::Parameter kContext = {"context", 0, 1, 2147483648.0, ""};
constexpr mix::Parameter kRopeTheta = {"rope_theta", 0, 1.001, 1e15, ""};
constexpr std::size_t kLongestName = 64;

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kLongestName &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '-';
         });
}

void read_name(ReadContext& context, const yaml::Node& node, ExpertEntry& expert) {
  if (is_name(node.text) && node.is_scalar() && !node.is_null()) {
    expert.name = node.text;  // "7b" and "1" are names as well
    return;
  }
  context.problems.error(
      node.place, fmt::format("the name of an expert cannot be {}", node.describe()),
      fmt::format("use letters, digits, '_' and '-', at most {} of them", kLongestName));
}

void read_model(ReadContext& context, const yaml::Node& node, ExpertEntry& expert) {
  const auto model = read_text(context, node, "'model'");
  if (!model) return;
  expert.model = *model;
  find_model(context, node.place, expert);
}

void read_role(ReadContext& context, const yaml::Node& node, ExpertEntry& expert) {
  expert.role = read_text(context, node, "'role'").value_or("");
}

void read_weight(ReadContext& context, const yaml::Node& node, ExpertEntry& expert) {
  expert.weight = read_number(context, node, "'weight'");
}

void read_temperature(ReadContext& context, const yaml::Node& node, ExpertEntry& expert) {
  expert.temperature = read_parameter(context, node, kTemperature, "").value_or(1);
}

void read_system(ReadContext& context, const yaml::Node& node, ExpertEntry& expert) {
  expert.system = read_text(context, node, "'system'");
}

void read_template(ReadContext& context, const yaml::Node& node, ExpertEntry& expert) {
  expert.chat_template = read_text(context, node, "'chat_template'");
  if (expert.chat_template) find_template(context, node.place, expert);
}

void read_prefix(ReadContext& context, const yaml::Node& node, ExpertEntry& expert) {
  expert.prefix = read_text(context, node, "'prefix'");
}

void read_context(ReadContext& context, const yaml::Node& node, ExpertEntry& expert) {
  const auto value = read_parameter(context, node, kContext, "", true);
  if (value) expert.context = static_cast<std::size_t>(*value);
}

void read_theta(ReadContext& context, const yaml::Node& node, ExpertEntry& expert) {
  const auto value = read_parameter(context, node, kRopeTheta, "");
  if (value) expert.rope["rope_theta"] = *value;
}

void read_scaling(ReadContext& context, const yaml::Node& node, ExpertEntry& expert) {
  const yaml::Node* type = node.find("rope_type");
  if (type == nullptr) type = node.find("type");
  if (node.kind == yaml::Kind::kMap && type != nullptr && type->kind == yaml::Kind::kString) {
    expert.rope["rope_scaling"] = to_json(node);
    return;
  }
  context.problems.error(node.place,
                         node.kind == yaml::Kind::kMap
                             ? std::string("'rope_scaling' names no 'rope_type'")
                             : fmt::format("'rope_scaling' must be a map, not {}", node.describe()),
                         "write it as config.json does, as in rope_scaling: {rope_type: linear, "
                         "factor: 2}; {rope_type: default} is none");
}

constexpr SchemaKey kSchema[] = {
    {Level::kTop, "mixture", "map", "the defaults of its keys", "",
     "how the experts are combined; this key makes the file a mixture"},
    {Level::kTop, "experts", "list of maps", "required", "1 to 64 entries",
     "the models that write together"},
    {Level::kMixture, "rule", "name or map", "`linear`", "the names below",
     "how distributions combine"},
    {Level::kMixture, "gate", "name or map", "`share`; `fixed` under a rule with roles",
     "the names below", "who gets which weight"},
    {Level::kMixture, "mode", "name or map", "`exact`", "the names below",
     "which experts are evaluated for a token"},
    {Level::kExpert, "name", "text", "required", "letters, digits, `_`, `-`; at most 64; unique",
     "what the expert is called everywhere", read_name},
    {Level::kExpert, "model", "text", "required", "a folder, a recipe or a hub name",
     "looked up from the file's folder, then from the working directory, then in the local cache",
     read_model},
    {Level::kExpert, "role", "text", "the name, if it is a role", "a role of the rule, each once",
     "refused by rules without roles", read_role},
    {Level::kExpert, "weight", "number", "none: equal shares",
     "0 to 1e9; -1000 to 1000 for `log_linear` with gate `fixed`",
     "share, or exponent for `log_linear`; of all experts or of none", read_weight},
    {Level::kExpert, "temperature", "number", "1", "above 0, at most 100",
     "divides the expert's logits before its softmax", read_temperature},
    {Level::kExpert, "system", "text", "the chat's", "\"\": none",
     "the system message that this expert sees, in chats", read_system},
    {Level::kExpert, "chat_template", "text", "the model's", "a file, or a Jinja template itself",
     "how this expert reads a chat", read_template},
    {Level::kExpert, "prefix", "text", "none", "", "stands before raw prompts for this expert",
     read_prefix},
    {Level::kExpert, "context", "integer", "the model's", "1 to 2147483648",
     "most tokens of a text in this expert's view", read_context},
    {Level::kExpert, "rope_theta", "number", "the model's", "1.001 to 1e15",
     "instead of the one in config.json", read_theta},
    {Level::kExpert, "rope_scaling", "map", "the model's", "as config.json writes it",
     "instead of the one in config.json; `{rope_type: default}` is none", read_scaling},
};

}  // namespace

std::span<const SchemaKey> schema() { return kSchema; }

std::string_view prefix_of(Level level) {
  return level == Level::kTop ? "" : level == Level::kMixture ? "mixture." : "experts[].";
}

}  // namespace mod::bundle::detail
