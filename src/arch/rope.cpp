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

/// Members of a rope_scaling or rope_parameters object.
void add_members(const Json& object, RopeSettings& out) {
  for (const auto& [key, value] : object.items()) {
    if (value.is_null() || value.is_object()) continue;
    const std::string name = key == "type" ? "rope_type" : key;
    const std::string text = value_text(value);
    if (!is_default(name, text)) out[name] = text;
  }
}

RopeSettings with_theta(const Json& config, const char* key) {
  const auto theta = config_number(config, key);
  return {{"rope_theta", value_text(theta.value_or(kDefaultTheta))}};
}

bool is_nested(const Json& parameters) {
  for (const auto& [key, value] : parameters.items()) {
    if (value.is_object()) return true;
  }
  return false;
}

}  // namespace

std::map<std::string, RopeSettings> rope_settings(const Json& whole) {
  const Json* text = find_key(whole, "text_config");
  const Json& config = text && text->is_object() ? *text : whole;
  std::map<std::string, RopeSettings> out;
  const Json* parameters = find_key(config, "rope_parameters");
  if (parameters && parameters->is_object()) {
    if (!is_nested(*parameters)) {
      out[""] = with_theta(config, "rope_theta");
      add_members(*parameters, out[""]);
      return out;
    }
    for (const auto& [kind, settings] : parameters->items()) {
      if (!settings.is_object()) continue;
      out[kind] = {{"rope_theta", value_text(kDefaultTheta)}};
      add_members(settings, out[kind]);
    }
    return out;
  }
  RopeSettings all = with_theta(config, "rope_theta");
  const Json* scaling = find_key(config, "rope_scaling");
  if (scaling && scaling->is_object()) add_members(*scaling, all);
  if (const auto factor = config_number(config, "partial_rotary_factor"); factor && *factor != 1) {
    all["partial_rotary_factor"] = value_text(*factor);
  }
  if (find_key(config, "rope_local_base_freq")) {
    out["full_attention"] = all;
    out["sliding_attention"] = with_theta(config, "rope_local_base_freq");
  } else {
    out[""] = all;
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
