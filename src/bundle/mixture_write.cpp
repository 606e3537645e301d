// A mixture as YAML, for `mod fit`; and rope settings put in force.
#include <fmt/format.h>

#include <system_error>

#include "bundle/mixture_schema.h"

namespace mod::bundle {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

yaml::Node text_node(std::string_view text) {
  yaml::Node node;
  node.kind = yaml::Kind::kString;
  node.text = text;
  return node;
}

yaml::Node number_node(double value) {
  yaml::Node node;
  node.kind = yaml::Kind::kFloat;
  node.number = value;
  return node;
}

yaml::Node integer_node(std::size_t value) {
  yaml::Node node;
  node.kind = yaml::Kind::kInt;
  node.integer = static_cast<long long>(value);
  return node;
}

yaml::Node map_node() {
  yaml::Node node;
  node.kind = yaml::Kind::kMap;
  return node;
}

yaml::Node json_node(const Json& value) {
  yaml::Node node;
  if (value.is_object()) {
    node.kind = yaml::Kind::kMap;
    for (const auto& [key, member] : value.items()) {
      node.entries.emplace_back(key, json_node(member));
    }
  } else if (value.is_array()) {
    node.kind = yaml::Kind::kSequence;
    for (const Json& item : value) node.items.push_back(json_node(item));
  } else if (value.is_boolean()) {
    node.kind = yaml::Kind::kBool;
    node.boolean = value.get<bool>();
  } else if (value.is_number_integer()) {
    node.kind = yaml::Kind::kInt;
    node.integer = value.get<long long>();
  } else if (value.is_number()) {
    node = number_node(value.get<double>());
  } else if (value.is_string()) {
    node = text_node(value.get<std::string>());
    node.quoted = true;  // to_json would read "1e6" as a number
  }
  return node;
}

/// Its name, or a map with all parameters.
yaml::Node choice_node(std::string_view name, std::span<const mix::Parameter> parameters,
                       std::span<const double> values) {
  if (parameters.empty()) return text_node(name);
  yaml::Node map = map_node();
  map.entries.emplace_back("kind", text_node(name));
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const bool whole = parameters[i].name == "lag";
    map.entries.emplace_back(
        parameters[i].name,
        whole ? integer_node(static_cast<std::size_t>(values[i])) : number_node(values[i]));
  }
  return map;
}

yaml::Node mixture_node(const MixtureFile& mixture) {
  const mix::Mode& mode = mode_of(mixture.mode.kind);
  const double lazy[] = {mixture.mode.epsilon, static_cast<double>(mixture.mode.lag)};
  yaml::Node map = map_node();
  map.entries.emplace_back(
      "rule", choice_node(mixture.rule->name, mixture.rule->parameters, mixture.rule_parameters));
  map.entries.emplace_back(
      "gate", choice_node(mixture.gate->name, mixture.gate->parameters, mixture.gate_parameters));
  map.entries.emplace_back("mode", choice_node(mode.name, mode.parameters, lazy));
  return map;
}

/// `name`, which is found from the mixture's folder or the working directory, for a file in
/// `folder` ("": any). What is no path (a hub name) stays.
std::string moved(const std::string& name, const MixtureFile& mixture, const fs::path& folder) {
  if (fs::path(name).is_absolute()) return name;
  const fs::path found = detail::find_path(name, mixture.folder);
  if (found.empty()) return name;
  std::error_code error;
  const fs::path target = fs::weakly_canonical(found, error);
  if (error) return fs::absolute(found).lexically_normal().string();
  if (folder.empty()) return target.string();
  const fs::path relative = target.lexically_relative(folder);
  if (relative.empty()) return target.string();
  // A file of the same name below the working directory would make the relative one ambiguous.
  std::error_code ignored;
  const bool twice = fs::exists(relative, ignored) && !fs::equivalent(relative, target, ignored);
  return twice ? target.string() : relative.string();
}

class ExpertWriter {
 public:
  ExpertWriter(const MixtureFile& mixture, fs::path folder)
      : mixture_(mixture), folder_(std::move(folder)) {}

  yaml::Node write(const ExpertEntry& expert) const {
    yaml::Node map = map_node();
    for (const detail::SchemaKey& key : detail::schema()) {
      if (key.level != detail::Level::kExpert) continue;
      auto value = value_of(key.name, expert);
      if (value) map.entries.emplace_back(key.name, std::move(*value));
    }
    return map;
  }

 private:
  std::optional<yaml::Node> value_of(std::string_view key, const ExpertEntry& expert) const {
    if (key == "name") return text_node(expert.name);
    if (key == "model") return text_node(moved(expert.model, mixture_, folder_));
    if (key == "role" && !expert.role.empty()) return text_node(expert.role);
    if (key == "weight" && expert.weight) return number_node(*expert.weight);
    if (key == "temperature" && expert.temperature != 1) return number_node(expert.temperature);
    if (key == "system" && expert.system) return text_node(*expert.system);
    if (key == "prefix" && expert.prefix) return text_node(*expert.prefix);
    if (key == "context" && expert.context) return integer_node(*expert.context);
    if (key == "chat_template" && expert.chat_template) {
      const std::string& text = *expert.chat_template;
      return text_node(text == expert.template_text ? text : moved(text, mixture_, folder_));
    }
    const auto rope = expert.rope.find(key);
    if (rope == expert.rope.end()) return std::nullopt;
    return json_node(*rope);
  }

  const MixtureFile& mixture_;
  fs::path folder_;
};

/// All members but those that rope_scaling does not replace.
void replace_scaling(Json& members, const Json& scaling) {
  Json fresh = Json::object();
  for (const char* kept : {"rope_theta", "partial_rotary_factor"}) {
    if (members.contains(kept)) fresh[kept] = members[kept];
  }
  fresh.update(scaling);
  members = std::move(fresh);
}

/// The members that the layers with full attention use, where rope_parameters has one set for each
/// kind of layer.
Json& full_members(Json& parameters) {
  const auto full = parameters.find("full_attention");
  return full != parameters.end() && full->is_object() ? *full : parameters;
}

}  // namespace

std::string mixture_yaml(const MixtureFile& mixture, const fs::path& new_file) {
  fs::path folder;
  if (!new_file.empty()) {
    std::error_code error;
    folder = fs::weakly_canonical(fs::absolute(new_file).parent_path(), error);
  }
  yaml::Node root = map_node(), list;
  list.kind = yaml::Kind::kSequence;
  const ExpertWriter writer(mixture, folder);
  for (const ExpertEntry& expert : mixture.experts) list.items.push_back(writer.write(expert));
  root.entries.emplace_back("mixture", mixture_node(mixture));
  root.entries.emplace_back("experts", std::move(list));
  return yaml::dump(root);
}

void override_rope(Json& config, const Json& rope) {
  if (rope.empty()) return;
  const auto text = config.find("text_config");
  Json& inner = text != config.end() && text->is_object() ? *text : config;
  const auto parameters = inner.find("rope_parameters");
  const bool new_form = parameters != inner.end() && parameters->is_object();
  const auto theta = rope.find("rope_theta"), scaling = rope.find("rope_scaling");
  if (scaling != rope.end()) {
    if (new_form) {
      replace_scaling(full_members(*parameters), *scaling);
    } else {
      inner["rope_scaling"] = *scaling;
    }
  }
  if (theta != rope.end()) {
    (new_form ? full_members(*parameters) : inner)["rope_theta"] = *theta;
    if (const auto old = inner.find("rope_scaling"); old != inner.end() && old->is_object()) {
      old->erase("rope_theta");
    }
  }
}

}  // namespace mod::bundle
