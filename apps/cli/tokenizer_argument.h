// What the commands that work on a tokenizer share.
#pragma once

#include <string>

#include "json_lines.h"
#include "text/tokenizer.h"

namespace mod::cli {

/// A MODEL argument of which only the tokenizer is needed: a folder with a tokenizer.json, that
/// file, or a hub name in the local cache. Throws as Tokenizer::load; kUnsupported for recipes and
/// mixtures.
text::Tokenizer open_tokenizer_argument(const std::string& name);

}  // namespace mod::cli
