// The parts of a tokenizer; see tokenizer.h. Internal to the room.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "text/added_tokens.h"
#include "text/decoder.h"
#include "text/model.h"
#include "text/normalizer.h"
#include "text/post_processor.h"
#include "text/pre_tokenizer.h"
#include "text/tokenizer.h"

namespace mod::text {

struct Tokenizer::State {
  NormalizerChain normalizers;
  PreTokenizerChain pre_tokenizers;
  std::unique_ptr<Model> model;
  AddedTokens added;
  PostProcessor post_processor;
  DecoderChain decoders;
  std::optional<std::int32_t> bos, eos, pad, unk;

  /// Added tokens come before those of the model.
  bool is_special(std::int32_t id) const;
  std::optional<std::string_view> decoded_form(std::int32_t id) const;
  std::optional<std::string_view> token(std::int32_t id) const;
  std::optional<std::int32_t> id(std::string_view token) const;
};

}  // namespace mod::text
