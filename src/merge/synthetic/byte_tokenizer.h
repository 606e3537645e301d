// A small tokenizer for models with random weights: byte-level BPE without merges, so every text
// has tokens, plus the ChatML specials; in the files and the format of Hugging Face's Qwen2
// tokenizers.
#pragma once

#include <string>

#include "checkpoint/model_folder.h"
#include "merge/synthetic/model_shapes.h"

namespace mod::merge {

/// The printable character that byte-level tokenizers write for a byte, as UTF-8.
std::string byte_character(unsigned char byte);

/// Tokens of the small tokenizer: 256 bytes and 3 specials.
inline constexpr std::int64_t kByteTokens = 259;
inline constexpr SpecialIds kByteTokenizerIds = {256, 258};  // <|endoftext|>, <|im_end|>

checkpoint::Json byte_tokenizer();
checkpoint::Json byte_tokenizer_config(std::int64_t max_length);

}  // namespace mod::merge
