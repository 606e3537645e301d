// What Split and Replace look for: a known pattern, a regular expression, a literal, or a class of
// characters. Immutable; thread-safe with a RegexWork for each thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "text/config_node.h"
#include "text/regex.h"

namespace mod::text {

class Pattern {
 public:
  virtual ~Pattern() = default;
  /// All matches from left to right, not overlapping.
  virtual void find_all(std::string_view text, RegexWork& work, MatchSink visit) const = 0;
};

/// {"String": literal} or {"Regex": pattern}.
std::unique_ptr<Pattern> pattern_of(const ConfigNode& node);

/// The `content` of a Replace. Refuses '$' with a Regex: it may stand for a group there.
const std::string& content_of(const ConfigNode& replace);

/// A known pattern where the text is one, else a Regex; `where` as there.
std::unique_ptr<Pattern> make_regex_pattern(std::string_view pattern, const std::string& where);
/// An empty literal matches between all characters.
std::unique_ptr<Pattern> make_literal_pattern(std::string literal);
/// Single characters that are in one of these classes (bits of CharClass).
std::unique_ptr<Pattern> make_class_pattern(std::uint8_t classes);
/// Runs of word characters and runs of others that are no white space (Hugging Face's
/// "Whitespace").
std::unique_ptr<Pattern> make_word_pattern();

}  // namespace mod::text
