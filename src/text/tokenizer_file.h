// Puts a tokenizer together from the contents of its files.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "text/tokenizer_config.h"
#include "text/tokenizer_state.h"

namespace mod::text {

/// Throws as Tokenizer::parse.
std::shared_ptr<const Tokenizer::State> read_tokenizer(std::string_view json,
                                                       const TokenizerConfig& config,
                                                       const std::string& name);

}  // namespace mod::text
