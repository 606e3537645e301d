// Commands that turn each line of a jsonl file into a line on stdout.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "print.h"

namespace mod::cli {

/// The objects of a jsonl file, one at a time. Blank lines are skipped. Throws Error(kInvalidInput)
/// with FILE:LINE for a line that is no JSON object, and whatever `use` throws as it is.
void for_each_json_line(
    const std::string& path,
    const std::function<void(const Json& object, const std::string& where)>& use);

/// The text under `key`, or nothing where it is missing or null. Throws Error(kInvalidInput) with
/// the place for another type.
std::optional<std::string> optional_text(const Json& object, const char* key,
                                         const std::string& where);
/// The same for a key that must be there.
std::string required_text(const Json& object, const char* key, const std::string& where);

/// One JSON value and a line feed on stdout.
void print_json_line(const Json& json);

}  // namespace mod::cli
