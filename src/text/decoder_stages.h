// The kinds of decoder stages, one function for each; see decoder.h.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "text/decoder.h"
#include "text/pattern.h"

namespace mod::text {

/// All tokens together: characters stand for bytes (byte_level.h), a token with other characters
/// for itself; then ill-formed UTF-8 becomes U+FFFD.
std::unique_ptr<Decoder> byte_level_decoder();

/// Runs of tokens <0x00> to <0xFF> become the text of these bytes, or one U+FFFD a byte where they
/// are not UTF-8.
std::unique_ptr<Decoder> byte_fallback_decoder();

/// One token of all.
std::unique_ptr<Decoder> fuse_decoder();

/// `replacement` becomes a space; in the first token, where `drop_first`, nothing.
std::unique_ptr<Decoder> metaspace_decoder(std::string replacement, bool drop_first);

/// In every token.
std::unique_ptr<Decoder> replace_decoder(std::string literal, std::string content);
std::unique_ptr<Decoder> replace_decoder(std::unique_ptr<Pattern> pattern, std::string content);

/// Takes away at most `start` times the character `content` in front of every token and `stop`
/// times behind it.
std::unique_ptr<Decoder> strip_decoder(std::string content, std::size_t start, std::size_t stop);

/// A space between tokens.
std::unique_ptr<Decoder> join_decoder();

}  // namespace mod::text
