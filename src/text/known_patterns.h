// Hand-written splitters for the patterns that nearly all models use, recognised by their exact
// text. They know the characters of Unicode 16, need no backtracking and run several times faster
// than a regular expression. Thread-safe.
#pragma once

#include <optional>
#include <string_view>

#include "text/regex.h"

namespace mod::text {

enum class KnownPattern {
  kGpt2,    // also the one inside the ByteLevel pre-tokeniser
  kLlama3,  // digits in threes
  kQwen2,   // digits one by one
  kTekken,  // Mistral: words are cut where lower case is followed by upper case
};

std::optional<KnownPattern> find_known_pattern(std::string_view pattern);

/// The text of the pattern, as it stands in tokenizer.json.
std::string_view text_of(KnownPattern pattern);

/// All matches in order. They follow one another without a gap: each of these patterns matches at
/// every place. Bytes that are not UTF-8 count as characters that are neither letter, number nor
/// space.
void split_by(KnownPattern pattern, std::string_view text, MatchSink visit);

}  // namespace mod::text
