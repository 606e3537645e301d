#include "arch/rope.h"

namespace mod::arch {
namespace {

constexpr double kDefaultTheta = 10000.0;

std::string value_text(const Json& value) {
  if (value.is_number()) return Json(value.get<double>()).dump();
  if (value.is_string()) return value.get<std::string>();
  return value.dump();
}

bool is_default(const std::string& key, const std::string& value) {
  return (key == "rope_type" && value == "default") ||
         (key == "partial_rotary_factor" && value == "1.0");
}

/// Members of a rope_scaling or rope_parameters object over those of `out`.
void add_members(const Json& object, RopeMembers& out) {
  for (const auto& [key, value] : object.items()) {
    if (value.is_null() || value.is_object()) continue;
    out[key == "type" ? "rope_type" : key] = value;
  }
}

void add_if_set(const Json& config, const char* key, const char* name, RopeMembers& out) {
  if (const Json* value = find_key(config, key)) out[name] = *value;
}

bool is_nested(const Json& parameters) {
  for (const auto& [key, value] : parameters.items()) {
    if (value.is_object()) return true;
  }
  return false;
}

}  // namespace

std::map<std::string, RopeMembers> rope_members(const Json& whole) {
  const Json* text = find_key(whole, "text_config");
  const Json& config = text && text->is_object() ? *text : whole;
  std::map<std::string, RopeMembers> out;
  const Json* parameters = find_key(config, "rope_parameters");
  if (parameters && parameters->is_object() && is_nested(*parameters)) {
    for (const auto& [kind, settings] : parameters->items()) {
      if (settings.is_object()) add_members(settings, out[kind]);
    }
    return out;
  }
  RopeMembers all;
  add_if_set(config, "rope_theta", "rope_theta", all);
  add_if_set(config, "partial_rotary_factor", "partial_rotary_factor", all);
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    const Json* members = find_key(config, key);
    if (members && members->is_object()) add_members(*members, all);
  }
  if (find_key(config, "rope_local_base_freq")) {
    add_if_set(config, "rope_local_base_freq", "rope_theta", out[kSlidingAttention]);
    out[kFullAttention] = std::move(all);
  } else {
    out[""] = std::move(all);
  }
  return out;
}

std::map<std::string, RopeSettings> rope_settings(const Json& config) {
  std::map<std::string, RopeSettings> out;
  for (const auto& [kind, members] : rope_members(config)) {
    RopeSettings& settings = out[kind];
    settings["rope_theta"] = value_text(kDefaultTheta);
    for (const auto& [key, value] : members) {
      const std::string written = value_text(value);
      if (!is_default(key, written)) settings[key] = written;
    }
  }
  return out;
}

std::string rope_text(const std::map<std::string, RopeSettings>& settings) {
  std::string out;
  for (const auto& [kind, values] : settings) {
    if (!out.empty()) out += "; ";
    if (!kind.empty()) out += kind + ": ";
    bool first = true;
    for (const auto& [key, value] : values) {
      if (!first) out += ", ";
      first = false;
      out += key;
      out += ' ';
      out += value;
    }
  }
  return out;
}

}  // namespace mod::arch
