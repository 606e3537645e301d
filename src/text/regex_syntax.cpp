#include "text/regex_syntax.h"

#include <fmt/format.h>

#include <cctype>
#include <vector>

#include "checkpoint/quote.h"
#include "mod/error.h"
#include "text/utf8.h"

namespace mod::text {
namespace {

// Classes as Oniguruma 6.9 defines them, as ranges inside brackets.
constexpr std::string_view kSpace = "\\t-\\r\\x{85}\\p{Z}";
constexpr std::string_view kNotSpace =
    "\\x{0}-\\x{8}\\x{e}-\\x{1f}!-\\x{84}\\x{86}-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}"
    "\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}"
    "\\x{3001}-\\x{10ffff}";
constexpr std::string_view kWord =
    "\\p{L}\\p{M}\\p{Nd}\\p{Nl}\\p{Pc}\\x{24b6}-\\x{24e9}"
    "\\x{1f130}-\\x{1f149}\\x{1f150}-\\x{1f169}\\x{1f170}-\\x{1f189}";
// Outside of brackets, below U+0100, Latin-1's superscripts and fractions are word characters as
// well.
constexpr std::string_view kWordLatin = "\\x{b2}\\x{b3}\\x{b9}\\x{bc}-\\x{be}";
constexpr std::string_view kHex = "0-9a-fA-F";

std::string bare_word() { return std::string(kWord) + std::string(kWordLatin); }

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

class Translator {
 public:
  Translator(std::string_view pattern, const std::string& where)
      : pattern_(pattern), where_(where) {}

  std::string run() {
    while (at_ < pattern_.size()) element();
    return std::move(out_);
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("{}: the pattern {} has {}, which is not supported", where_,
                            checkpoint::quote_name(pattern_), what));
  }

  bool at(std::string_view text) const { return pattern_.substr(at_).starts_with(text); }
  char next() const { return at_ < pattern_.size() ? pattern_[at_] : '\0'; }

  void copy(std::size_t count) {
    out_ += pattern_.substr(at_, count);
    at_ += count;
  }

  void element() {
    switch (next()) {
      case '\\':
        atom_ = out_.size();
        escape(false);
        break;
      case '[':
        atom_ = out_.size();
        bracket();
        break;
      case '(':
        group();
        break;
      case ')':
        if (!groups_.empty()) {
          atom_ = groups_.back();
          groups_.pop_back();
        }
        copy(1);
        break;
      case '{':
        interval();
        break;
      case '*':
      case '+':
      case '?':
      case '|':
      case '^':
        copy(1);
        break;
      default: {
        const std::size_t size = decode_character(pattern_, at_).size;
        atom_ = out_.size();
        copy(size);
      }
    }
  }

  void group() {
    groups_.push_back(out_.size());
    if (at("(*")) refuse("a verb (*...)");
    if (!at("(?")) return copy(1);
    for (const std::string_view plain : {"(?:", "(?=", "(?!", "(?>", "(?<=", "(?<!"}) {
      if (at(plain)) return copy(plain.size());
    }
    if (at("(?#")) {
      groups_.pop_back();
      const std::size_t end = pattern_.find(')', at_);
      at_ = end == std::string_view::npos ? pattern_.size() : end + 1;
      return;
    }
    if (at("(?<") || at("(?'")) {
      if (at_ + 3 < pattern_.size() && is_letter(pattern_[at_ + 3])) return copy(3);
    }
    flags();
  }

  /// (?imx-imx) or (?imx-imx: ; Ruby's m is PCRE2's s.
  void flags() {
    std::string text = "(?";
    std::size_t i = at_ + 2;
    for (; i < pattern_.size(); ++i) {
      const char c = pattern_[i];
      if (c == 'm') {
        text += 's';
      } else if (c == 'i' || c == 'x' || c == '-') {
        text += c;
      } else {
        break;
      }
    }
    const char last = i < pattern_.size() ? pattern_[i] : '\0';
    if (text.size() == 2 || (last != ')' && last != ':')) {
      refuse("the group " + checkpoint::quote_name(pattern_.substr(at_, 4)));
    }
    if (last == ')') groups_.pop_back();
    if (text.find('x') != std::string::npos) refuse("the flag x");
    out_ += text + last;
    at_ = i + 1;
  }

  /// {n}, {n,}, {n,m}, {,n}; a '{' that begins nothing of these is itself.
  void interval() {
    std::size_t i = at_ + 1;
    const auto digits = [&] {
      const std::size_t first = i;
      while (i < pattern_.size() && is_digit(pattern_[i])) ++i;
      return pattern_.substr(first, i - first);
    };
    const std::string_view least = digits();
    const bool comma = i < pattern_.size() && pattern_[i] == ',';
    if (comma) ++i;
    const std::string_view most = comma ? digits() : std::string_view();
    const bool closed = i < pattern_.size() && pattern_[i] == '}';
    if (!closed || (least.empty() && most.empty())) {
      atom_ = out_.size();
      out_ += "\\{";
      ++at_;
      return;
    }
    at_ = i + 1;
    const std::string text =
        fmt::format("{{{}{}{}}}", least.empty() ? "0" : least, comma ? "," : "", most);
    if (next() == '?' && !comma) refuse("the quantifier {n}?");
    if (next() == '+') {  // not possessive: the whole once more
      ++at_;
      out_.insert(atom_, "(?:");
      out_ += text + ")+";
    } else {
      out_ += text;
    }
  }

  void bracket() {
    copy(1);
    if (next() == '^') copy(1);
    if (next() == ']') copy(1);
    while (at_ < pattern_.size() && next() != ']') {
      if (at("[:")) refuse("a POSIX bracket");
      if (next() == '[') refuse("a class inside a class");
      if (at("&&")) refuse("an intersection of classes");
      if (next() == '\\') {
        escape(true);
      } else {
        copy(1);
      }
    }
    copy(1);
  }

  void put_class(std::string_view ranges, bool in_class, bool negated) {
    if (in_class) {
      out_ += ranges;
    } else {
      out_ += fmt::format("[{}{}]", negated ? "^" : "", ranges);
    }
  }

  void escape(bool in_class) {
    if (at_ + 1 >= pattern_.size()) return copy(1);
    if (const std::size_t size = decode_character(pattern_, at_ + 1).size; size > 1) {
      return copy(1 + size);
    }
    const char c = pattern_[at_ + 1];
    at_ += 2;
    switch (c) {
      case 's':
        return put_class(kSpace, in_class, false);
      case 'S':
        return put_class(kNotSpace, in_class, false);
      case 'w':
        return put_class(in_class ? std::string(kWord) : bare_word(), in_class, false);
      case 'h':
        return put_class(kHex, in_class, false);
      case 'W':
        if (in_class) refuse("\\W inside a class");
        return put_class(bare_word(), false, true);
      case 'H':
        if (in_class) refuse("\\H inside a class");
        return put_class(kHex, false, true);
      case 'v':
        out_ += "\\x0B";
        return;
      case 'b':
      case 'B':
        return word_boundary(in_class, c == 'B');
      case 'p':
      case 'P':
        return property(c);
      case 'x':
      case 'u':
        return code(c);
      default:
        return other(c, in_class);
    }
  }

  void word_boundary(bool in_class, bool negated) {
    if (in_class) {
      out_ += "\\x08";
      return;
    }
    out_ += fmt::format("(?:(?<=[{0}])(?{1}[{0}])|(?<![{0}])(?{2}[{0}]))", bare_word(),
                        negated ? '=' : '!', negated ? '!' : '=');
  }

  /// \p{Han} is the script here; PCRE2 takes a bare name for the script extensions.
  void property(char letter) {
    const std::size_t close = pattern_.find('}', at_);
    if (next() != '{' || close == std::string_view::npos) refuse("\\p without a name in braces");
    std::string name(pattern_.substr(at_ + 1, close - at_ - 1));
    at_ = close + 1;
    bool negated = letter == 'P';
    if (name.starts_with('^')) {
      negated = !negated;
      name.erase(0, 1);
    }
    for (const char c : name) {
      if (!is_letter(c) && c != '_') refuse("the property " + checkpoint::quote_name(name));
    }
    const bool category = name.size() <= 2 || name == "Any";
    out_ += fmt::format("\\{}{{{}{}}}", negated ? 'P' : 'p', category ? "" : "sc:", name);
  }

  void code(char letter) {
    const auto is_hex = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; };
    std::string digits;
    if (letter == 'x' && next() == '{') {
      const std::size_t close = pattern_.find('}', at_);
      if (close == std::string_view::npos) refuse("\\x{ without an end");
      digits = pattern_.substr(at_ + 1, close - at_ - 1);
      at_ = close + 1;
    } else {
      const std::size_t most = letter == 'x' ? 2 : 4;
      while (digits.size() < most && is_hex(next())) digits += pattern_[at_++];
      if (digits.empty() || (letter == 'u' && digits.size() < 4))
        refuse("an unfinished \\x or \\u");
      if (letter == 'x' && std::stoul(digits, nullptr, 16) >= 0x80) refuse("a byte above \\x7F");
    }
    out_ += fmt::format("\\x{{{}}}", digits);
  }

  void other(char c, bool in_class) {
    // In a class these mean the same in both; outside, A z Z are anchors and digits refer back.
    constexpr std::string_view kSame = "dDnrtfae", kOutside = "AzZRX";
    const bool same = kSame.find(c) != std::string_view::npos;
    const bool outside = !in_class && kOutside.find(c) != std::string_view::npos;
    if ((is_letter(c) && !same && !outside) || (in_class && is_digit(c) && c != '0')) {
      refuse(fmt::format("\\{}", c));
    }
    out_ += '\\';
    out_ += c;
  }

  std::string_view pattern_;
  const std::string& where_;
  std::string out_;
  std::size_t at_ = 0;
  std::size_t atom_ = 0;             // where in out_ the last thing begins that can be repeated
  std::vector<std::size_t> groups_;  // where in out_ the open groups begin
};

}  // namespace

std::string to_pcre2(std::string_view pattern, const std::string& where) {
  return Translator(pattern, where).run();
}

}  // namespace mod::text
