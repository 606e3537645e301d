// What the commands that work on a tokenizer share.
#pragma once

#include <filesystem>
#include <string>

#include "cpu/context.h"
#include "json_lines.h"
#include "text/tokenizer.h"

namespace mod::cli {

/// The folder or tokenizer.json that a MODEL argument means where only the tokenizer is needed.
/// Throws as bundle::text_folder.
std::filesystem::path tokenizer_argument_path(const std::string& name, const Context& context);

/// A MODEL argument of which only the tokenizer is needed: as bundle::text_folder, or the
/// tokenizer.json itself. Throws as that and Tokenizer::load.
text::Tokenizer open_tokenizer_argument(const std::string& name, const Context& context);

}  // namespace mod::cli
