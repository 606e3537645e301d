// Commands that turn each line of a jsonl file into a line on stdout.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "checkpoint/model_folder.h"

namespace mod::cli {

/// Calls `visit` with every line of a JSON Lines file and its place "FILE:LINE"; empty lines are
/// passed over. Throws Error(kInvalidInput) where there is no such file, kCorruptFile where a line
/// is no JSON.
void for_each_json_line(
    const std::string& file,
    const std::function<void(const checkpoint::Json& line, const std::string& place)>& visit);

/// The value of a key that a line must have. Throws Error(kCorruptFile).
const checkpoint::Json& json_line_value(const checkpoint::Json& line, const char* key,
                                        const std::string& place);

/// One JSON value on one line of stdout.
void print_json_line(const checkpoint::Json& value);

/// The string under a key, or nothing where it is missing or null. Throws Error(kInvalidInput) with
/// the place for a line that is no object and for another type.
std::optional<std::string> optional_text(const checkpoint::Json& line, const char* key,
                                         const std::string& place);
/// The same for a key that must be there.
std::string required_text(const checkpoint::Json& line, const char* key, const std::string& place);

}  // namespace mod::cli
