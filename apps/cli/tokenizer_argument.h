// What the commands that work on a tokenizer share.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "checkpoint/model_folder.h"
#include "cpu/context.h"
#include "text/tokenizer.h"

namespace mod::cli {

/// The folder or tokenizer.json that a MODEL argument means where only the tokenizer is needed.
/// Throws as bundle::text_folder.
std::filesystem::path tokenizer_argument_path(const std::string& name, const Context& context);

/// A MODEL argument of which only the tokenizer is needed: as bundle::text_folder, or the
/// tokenizer.json itself. Throws as that and Tokenizer::load.
text::Tokenizer open_tokenizer_argument(const std::string& name, const Context& context);

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

}  // namespace mod::cli
