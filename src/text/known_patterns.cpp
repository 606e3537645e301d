#include "text/known_patterns.h"

#include <array>
#include <utility>

#include "text/char_table.h"
#include "text/utf8.h"

namespace mod::text {
namespace {

constexpr std::pair<KnownPattern, std::string_view> kPatterns[] = {
    {KnownPattern::kGpt2,
     R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)"},
    {KnownPattern::kLlama3,
     R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
     R"(|\s*[\r\n]+|\s+(?!\S)|\s+)"},
    {KnownPattern::kQwen2,
     R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
     R"(|\s*[\r\n]+|\s+(?!\S)|\s+)"},
    {KnownPattern::kTekken,
     R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
     R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)"
     R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)"},
};

/// Finds where the match that begins at a place ends. One function for each part of a pattern; kNo
/// where the part does not match.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text), table_(CharTable::get()) {}

  std::size_t gpt2(std::size_t at) const {
    const Seen first = see(at);
    if (first.code == '\'') {
      if (const std::size_t end = contraction(at, false); end != kNo) return end;
    }
    const std::size_t begin = first.code == ' ' ? at + 1 : at;
    const std::uint8_t classes = see(begin).classes;
    if (begin < text_.size()) {
      if (classes & kLetter) return run(begin, kLetter);
      if (classes & kNumber) return run(begin, kNumber);
      if (!(classes & kSpace)) return run_of_others(begin);
    }
    return spaces(at, run(at, kSpace));
  }

  /// Llama 3 and Qwen 2: at most `digits` digits to a piece.
  std::size_t words(std::size_t at, int digits) const {
    const Seen first = see(at);
    if (first.code == '\'') {
      if (const std::size_t end = contraction(at, true); end != kNo) return end;
    }
    if (first.classes & kLetter) return run(at, kLetter);
    if (first.classes & kNumber) return number(at, digits);
    if (first.code != '\r' && first.code != '\n') {
      const std::size_t end = run(at + first.size, kLetter);
      if (end > at + first.size) return end;
    }
    return rest(at, first, false);
  }

  std::size_t tekken(std::size_t at) const {
    const Seen first = see(at);
    const bool may_lead =
        !(first.classes & (kLetter | kNumber)) && first.code != '\r' && first.code != '\n';
    using Part = std::size_t (Scanner::*)(std::size_t) const;
    for (const Part part : {&Scanner::down_to_lower, &Scanner::upper_then_lower}) {
      for (const bool lead : {true, false}) {
        if (lead && !may_lead) continue;
        const std::size_t end = (this->*part)(lead ? at + first.size : at);
        if (end != kNo) return end;
      }
    }
    if (first.classes & kNumber) return at + first.size;
    return rest(at, first, true);
  }

 private:
  static constexpr std::size_t kNo = 0;

  struct Seen {
    char32_t code;
    std::uint32_t size;
    std::uint8_t classes;
  };

  Seen see(std::size_t at) const {
    if (at >= text_.size()) return {kInvalidCode, 0, 0};
    const Character c = decode_character(text_, at);
    return {c.code, c.size, table_[c.code]};
  }

  /// End of the run of characters of any of these classes.
  std::size_t run(std::size_t at, std::uint8_t classes) const {
    while (at < text_.size()) {
      const Seen c = see(at);
      if (!(c.classes & classes)) break;
      at += c.size;
    }
    return at;
  }

  /// [^\s\p{L}\p{N}]+
  std::size_t run_of_others(std::size_t at) const {
    while (at < text_.size()) {
      const Seen c = see(at);
      if (c.classes & (kLetter | kNumber | kSpace)) break;
      at += c.size;
    }
    return at;
  }

  std::size_t run_of_bytes(std::size_t at, std::string_view bytes) const {
    while (at < text_.size() && bytes.find(text_[at]) != std::string_view::npos) ++at;
    return at;
  }

  std::size_t number(std::size_t at, int digits) const {
    for (int i = 0; i < digits; ++i) {
      const Seen c = see(at);
      if (!(c.classes & kNumber)) break;
      at += c.size;
    }
    return at;
  }

  /// 's|'t|'re|'ve|'m|'ll|'d; without regard to case U+017F is an s too.
  std::size_t contraction(std::size_t at, bool any_case) const {
    const auto letter = [&](std::size_t i) -> char {
      if (i >= text_.size()) return '\0';
      const char c = text_[i];
      return any_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    const char first = letter(at + 1), second = letter(at + 2);
    if (first == 's' || first == 't' || first == 'm' || first == 'd') return at + 2;
    if ((first == 'r' || first == 'v') && second == 'e') return at + 3;
    if (first == 'l' && second == 'l') return at + 3;
    return any_case && text_.substr(at + 1).starts_with("\xC5\xBF") ? at + 3 : kNo;
  }

  /// What is left once letters and numbers did not match: others with their line ends, or white
  /// space.
  std::size_t rest(std::size_t at, const Seen& first, bool with_slash) const {
    const std::size_t begin = first.code == ' ' ? at + 1 : at;
    const std::size_t end = run_of_others(begin);
    if (end > begin) return run_of_bytes(end, with_slash ? "\r\n/" : "\r\n");
    const std::size_t space_end = run(at, kSpace);
    const std::size_t line_end = text_.substr(at, space_end - at).find_last_of("\r\n");
    if (line_end != std::string_view::npos) return at + line_end + 1;
    return spaces(at, space_end);
  }

  /// \s+(?!\S)|\s+: a run of spaces before something else leaves its last one to that.
  std::size_t spaces(std::size_t at, std::size_t end) const {
    if (end == text_.size()) return end;
    std::size_t last = end - 1;
    while (last > at && (static_cast<unsigned char>(text_[last]) & 0xC0) == 0x80) --last;
    return last > at ? last : end;
  }

  /// [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+: the first run gives back as little
  /// as the second needs.
  std::size_t down_to_lower(std::size_t at) const {
    std::size_t neutral_end = kNo;
    for (;;) {
      const Seen c = see(at);
      if (!(c.classes & kUpperOrNeutral)) break;
      at += c.size;
      if (c.classes & kLowerOrNeutral) neutral_end = at;
    }
    const std::size_t end = run(at, kLowerOrNeutral);
    return end > at ? end : neutral_end;
  }

  std::size_t upper_then_lower(std::size_t at) const {
    const std::size_t end = run(at, kUpperOrNeutral);
    return end > at ? run(end, kLowerOrNeutral) : kNo;
  }

  std::string_view text_;
  const CharTable& table_;
};

template <class MatchEnd>
void split(std::string_view text, MatchSink visit, MatchEnd match_end) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = match_end(at);
    visit(at, end);
    at = end;
  }
}

}  // namespace

std::optional<KnownPattern> find_known_pattern(std::string_view pattern) {
  for (const auto& [known, text] : kPatterns) {
    if (text == pattern) return known;
  }
  return std::nullopt;
}

std::string_view text_of(KnownPattern pattern) {
  return kPatterns[static_cast<std::size_t>(pattern)].second;
}

void split_by(KnownPattern pattern, std::string_view text, MatchSink visit) {
  const Scanner scanner(text);
  switch (pattern) {
    case KnownPattern::kGpt2:
      return split(text, visit, [&](std::size_t at) { return scanner.gpt2(at); });
    case KnownPattern::kLlama3:
      return split(text, visit, [&](std::size_t at) { return scanner.words(at, 3); });
    case KnownPattern::kQwen2:
      return split(text, visit, [&](std::size_t at) { return scanner.words(at, 1); });
    case KnownPattern::kTekken:
      return split(text, visit, [&](std::size_t at) { return scanner.tekken(at); });
  }
}

}  // namespace mod::text
