// Shared by the YAML tests.
#pragma once

#include <string>
#include <string_view>

#include "base/yaml.h"
#include "mod/error.h"

namespace mod::test {

inline yaml::Node yaml_of(std::string_view text) { return yaml::parse_one(text, "t.yml"); }

/// The message with which `text` is refused; "" where it is accepted, the code's name otherwise.
inline std::string failure(std::string_view text, const yaml::Limits& limits = {}) {
  try {
    yaml::parse_one(text, "t.yml", limits);
  } catch (const Error& e) {
    return e.code() == ErrorCode::kInvalidInput ? e.what() : std::string("wrong code: ") + e.what();
  }
  return "";
}

/// Kinds, texts, values and order; not places.
inline bool same(const yaml::Node& a, const yaml::Node& b) {
  const bool both_nan = a.number != a.number && b.number != b.number;
  if (a.kind != b.kind || a.boolean != b.boolean || a.integer != b.integer ||
      !(a.number == b.number || both_nan) || a.items.size() != b.items.size() ||
      a.entries.size() != b.entries.size() || (!a.is_null() && a.text != b.text)) {
    return false;
  }
  for (std::size_t i = 0; i < a.items.size(); ++i) {
    if (!same(a.items[i], b.items[i])) return false;
  }
  for (std::size_t i = 0; i < a.entries.size(); ++i) {
    if (a.entries[i].first != b.entries[i].first) return false;
    if (!same(a.entries[i].second, b.entries[i].second)) return false;
  }
  return true;
}

}  // namespace mod::test
