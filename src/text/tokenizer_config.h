// What a tokenizer needs of the tokenizer_config.json beside a tokenizer.json.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/added_tokens.h"

namespace mod::text {

struct TokenizerConfig {
  std::optional<std::string> bos, eos, pad, unk;
  /// All tokens that are named as special, these four among them, with their flags; no ids.
  std::vector<AddedToken> special;
  /// What transformers 5 does with these: where one is there, the post-processor is replaced by
  /// begin token, text, end token.
  std::optional<bool> add_bos, add_eos;
  bool clean_up_spaces = false;
};

/// `text` is the whole file, `file` its name for messages; an empty text is an empty object. Keys
/// that concern other things (the chat template) are not looked at. Throws Error(kCorruptFile).
TokenizerConfig read_tokenizer_config(std::string_view text, const std::string& file);

}  // namespace mod::text
