// JSON in and out: what a rendering is given, and the filter `tojson` as Hugging Face sets it up
// (json.dumps of Python; nothing is escaped for HTML).
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "text/template/value.h"

namespace mod::text::jinja {

/// `where` names the value for messages ("messages"); the size of all its texts and numbers is
/// added to `bytes`. Throws Failure for texts that are not UTF-8 and for values nested too deeply.
Value from_json(const Json& json, const std::string& where, std::size_t& bytes);

struct JsonStyle {
  bool ensure_ascii = false;
  std::optional<std::string> indent;  // of one level; none: everything on one line
  std::string item_separator = ", ";
  std::string key_separator = ": ";
  bool sort_keys = false;
};

/// Fails for what JSON has no form for (undefined, functions, iterators).
std::string to_json(Budget& budget, const Value& value, const JsonStyle& style);

}  // namespace mod::text::jinja
