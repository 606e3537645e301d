#include "text/template/lexer.h"

#include <array>

#include "checkpoint/quote.h"
#include "text/template/string_literal.h"
#include "text/template/unicode.h"

namespace mod::text::jinja {
namespace {

constexpr auto kNone = std::string_view::npos;

bool is_digit_char(char c) { return c >= '0' && c <= '9'; }

bool is_base_digit(char c, int base) {
  if (base == 16 && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))) return true;
  return is_digit_char(c) && c - '0' < base;
}

char closing(char open) { return open == '(' ? ')' : open == '[' ? ']' : '}'; }

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  std::vector<Token> run() {
    while (at_ < source_.size()) read_outside();
    add(TokenKind::kEnd, source_.size(), 0);
    return std::move(tokens_);
  }

 private:
  // ---- outside of delimiters

  void read_outside() {
    const std::size_t open = next_opening(at_);
    if (open == kNone) {
      add_data(at_, source_.size());
      at_ = source_.size();
      return;
    }
    const char sign = sign_at(open + 2);
    add_data(at_, strip_before(at_, open, sign, source_[open + 1] == '{'));
    const std::size_t inside = open + 2 + (sign != 0);
    if (source_[open + 1] == '#') return skip_comment(open, inside);
    if (source_[open + 1] == '%') {
      if (const std::size_t raw = raw_begin(inside); raw != kNone) return read_raw(open, raw);
    }
    const bool print = source_[open + 1] == '{';
    add(print ? TokenKind::kPrintBegin : TokenKind::kBlockBegin, open, 2);
    at_ = inside;
    read_inside(print);
  }

  std::size_t next_opening(std::size_t from) const {
    for (std::size_t i = source_.find('{', from); i != kNone; i = source_.find('{', i + 1)) {
      if (i + 1 >= source_.size()) return kNone;
      const char c = source_[i + 1];
      if (c == '{' || c == '%' || c == '#') return i;
    }
    return kNone;
  }

  char sign_at(std::size_t i) const {
    return i < source_.size() && (source_[i] == '-' || source_[i] == '+') ? source_[i] : '\0';
  }

  /// Where the text from `begin` to a tag at `end` ends once the tag took its white space.
  std::size_t strip_before(std::size_t begin, std::size_t end, char sign, bool print) const {
    const std::string_view text = source_.substr(begin, end - begin);
    if (sign == '-') return begin + strip(text, Side::kRight).size();
    if (sign == '+' || print) return end;
    const std::size_t newline = text.rfind('\n');
    const std::size_t line = newline == kNone ? 0 : newline + 1;
    const bool starts_line = line > 0 || begin == 0 || source_[begin - 1] == '\n';
    if (!starts_line || !strip(text.substr(line), Side::kBoth).empty()) return end;
    return begin + line;
  }

  std::size_t skip_space(std::size_t i) const {
    while (i < source_.size() && is_space(char_at(source_, i))) i += char_bytes(source_, i);
    return i;
  }

  /// End of the closing delimiter at `i` with the white space that it takes; npos if there is none.
  std::size_t closing_end(std::size_t i, std::string_view delimiter, bool trims_line) const {
    if (source_.substr(i).starts_with(delimiter)) {
      const std::size_t end = i + delimiter.size();
      return trims_line && end < source_.size() && source_[end] == '\n' ? end + 1 : end;
    }
    const char sign = sign_at(i);
    if (sign == 0 || !source_.substr(i + 1).starts_with(delimiter)) return kNone;
    if (sign == '-') return skip_space(i + 1 + delimiter.size());
    return trims_line ? i + 1 + delimiter.size() : kNone;  // `+}}` is no delimiter
  }

  void skip_comment(std::size_t open, std::size_t i) {
    const std::size_t hash = source_.find("#}", i);
    if (hash == kNone) fail_at(offset(open), "the comment is not closed with '#}'");
    const bool signed_end = hash > i && sign_at(hash - 1) != 0;
    at_ = closing_end(signed_end ? hash - 1 : hash, "#}", true);
  }

  bool word_at(std::size_t& i, std::string_view word) const {
    const std::size_t begin = skip_space(i);
    if (!source_.substr(begin).starts_with(word)) return false;
    i = skip_space(begin + word.size());
    return true;
  }

  /// End of `raw %}` whose statement begins at `i`; npos if it is another statement.
  std::size_t raw_begin(std::size_t i) const {
    if (!word_at(i, "raw") || sign_at(i) == '+') return kNone;
    return closing_end(i, "%}", false);
  }

  void read_raw(std::size_t open, std::size_t begin) {
    for (std::size_t i = source_.find("{%", begin); i != kNone; i = source_.find("{%", i + 1)) {
      const char sign = sign_at(i + 2);
      std::size_t end = i + 2 + (sign != 0);
      if (!word_at(end, "endraw")) continue;
      end = closing_end(end, "%}", true);
      if (end == kNone) continue;
      add_data(begin, strip_before(begin, i, sign, false));
      at_ = end;
      return;
    }
    fail_at(offset(open), "the raw block is not closed with '{% endraw %}'");
  }

  // ---- between delimiters

  void read_inside(bool print) {
    const std::string_view delimiter = print ? "}}" : "%}";
    while (true) {
      at_ = skip_space(at_);
      if (at_ >= source_.size()) {
        fail_at(tokens_.back().at,
                "the template ends inside of a tag; '" + std::string(delimiter) + "' is missing");
      }
      if (open_.empty()) {
        const std::size_t end = closing_end(at_, delimiter, !print);
        if (end != kNone) {
          add(print ? TokenKind::kPrintEnd : TokenKind::kBlockEnd, at_, 2);
          at_ = end;
          return;
        }
      }
      read_token();
    }
  }

  void read_token() {
    const char c = source_[at_];
    if (is_digit_char(c)) return read_number();
    if (c == '\'' || c == '"') return read_string(c);
    if (is_name_start(char_at(source_, at_))) return read_name();
    read_operator();
  }

  /// End of digits with single underscores between them.
  std::size_t digits_end(std::size_t i, int base) const {
    while (i < source_.size() && is_base_digit(source_[i], base)) {
      ++i;
      const bool more =
          i + 1 < source_.size() && source_[i] == '_' && is_base_digit(source_[i + 1], base);
      if (more) ++i;
    }
    return i;
  }

  /// End of a float at the current place; its beginning if there is none.
  std::size_t float_end() const {
    if (at_ > 0 && source_[at_ - 1] == '.') return at_;  // x.1.2 are two attributes
    std::size_t end = digits_end(at_, 10);
    bool is_float = false;
    if (end + 1 < source_.size() && source_[end] == '.' && is_digit_char(source_[end + 1])) {
      end = digits_end(end + 1, 10);
      is_float = true;
    }
    if (end < source_.size() && (source_[end] | 0x20) == 'e') {
      const std::size_t digits = end + 1 + (sign_at(end + 1) != 0);
      if (digits < source_.size() && is_digit_char(source_[digits])) {
        return digits_end(digits, 10);
      }
    }
    return is_float ? end : at_;
  }

  std::size_t integer_end() const {
    if (source_[at_] != '0') return digits_end(at_, 10);
    const char kind = at_ + 1 < source_.size() ? static_cast<char>(source_[at_ + 1] | 0x20) : 0;
    const int base = kind == 'x' ? 16 : kind == 'o' ? 8 : kind == 'b' ? 2 : 0;
    if (base != 0) {
      std::size_t digits = at_ + 2;
      if (digits < source_.size() && source_[digits] == '_') ++digits;
      if (digits < source_.size() && is_base_digit(source_[digits], base)) {
        return digits_end(digits, base);
      }
    }
    return digits_end(at_, 1);  // zeros
  }

  void read_number() {
    const std::size_t end = float_end();
    const bool is_float = end > at_;
    const std::size_t stop = is_float ? end : integer_end();
    add(is_float ? TokenKind::kFloat : TokenKind::kInteger, at_, stop - at_);
    at_ = stop;
  }

  void read_string(char quote) {
    std::size_t i = at_ + 1;
    while (i < source_.size() && source_[i] != quote) i += source_[i] == '\\' ? 2 : 1;
    if (i >= source_.size()) fail_at(offset(at_), "the string is not closed");
    add(TokenKind::kString, at_, i + 1 - at_);
    tokens_.back().string = unescaped(source_.substr(at_ + 1, i - at_ - 1), offset(at_));
    at_ = i + 1;
  }

  void read_name() {
    std::size_t i = at_;
    while (i < source_.size() && is_name_part(char_at(source_, i))) i += char_bytes(source_, i);
    add(TokenKind::kName, at_, i - at_);
    at_ = i;
  }

  void read_operator() {
    static constexpr std::array<std::string_view, 7> kTwo = {
        "//", "**", "==", "!=", ">=", "<=", ""};
    constexpr std::string_view kOne = "+-/*%~[](){}><=.:|,;";
    const std::string_view rest = source_.substr(at_);
    for (const std::string_view two : kTwo) {
      if (!two.empty() && rest.starts_with(two)) return take_operator(2);
    }
    const char c = source_[at_];
    if (kOne.find(c) == kNone) {
      fail_at(offset(at_), "unexpected character " +
                               checkpoint::quote_name(rest.substr(0, char_bytes(source_, at_))));
    }
    balance(c);
    take_operator(1);
  }

  void take_operator(std::size_t length) {
    add(TokenKind::kOperator, at_, length);
    at_ += length;
  }

  /// Inside of brackets '}}' and '%}' are no delimiters.
  void balance(char c) {
    if (c == '(' || c == '[' || c == '{') {
      open_.push_back(closing(c));
    } else if (c == ')' || c == ']' || c == '}') {
      if (open_.empty()) fail_at(offset(at_), std::string("unexpected '") + c + "'");
      if (open_.back() != c) {
        fail_at(offset(at_),
                std::string("unexpected '") + c + "', expected '" + open_.back() + "'");
      }
      open_.pop_back();
    }
  }

  // ----

  static Offset offset(std::size_t i) { return static_cast<Offset>(i); }

  void add(TokenKind kind, std::size_t at, std::size_t length) {
    tokens_.push_back({kind, offset(at), source_.substr(at, length), {}});
  }

  void add_data(std::size_t begin, std::size_t end) {
    if (end > begin) add(TokenKind::kData, begin, end - begin);
  }

  std::string_view source_;
  std::size_t at_ = 0;
  std::string open_;  // the brackets that wait for their end
  std::vector<Token> tokens_;
};

}  // namespace

std::string normalized_source(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      out += source[i];
      continue;
    }
    out += '\n';
    if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
  }
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

std::vector<Token> tokenize(std::string_view source) { return Lexer(source).run(); }

std::string describe(const Token& token) {
  switch (token.kind) {
    case TokenKind::kData:
      return "text";
    case TokenKind::kPrintBegin:
      return "'{{'";
    case TokenKind::kPrintEnd:
      return "the end of the expression";
    case TokenKind::kBlockBegin:
      return "'{%'";
    case TokenKind::kBlockEnd:
      return "the end of the statement";
    case TokenKind::kEnd:
      return "the end of the template";
    default:
      return checkpoint::quote_name(token.text);
  }
}

}  // namespace mod::text::jinja
