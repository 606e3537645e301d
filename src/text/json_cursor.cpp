#include "text/json_cursor.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

#include "checkpoint/quote.h"
#include "text/utf8.h"

namespace mod::text {
namespace {

constexpr std::size_t kMaxDepth = 100;  // as checkpoint::parse_json

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

using Word = std::uint64_t;
constexpr Word kOnes = 0x0101010101010101, kHigh = 0x8080808080808080;

/// Eight bytes of `text` as a number whose lowest byte is the first.
Word load_word(const char* text) {
  Word word = 0;
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(&word, text, sizeof word);
  } else {
    for (int i = 7; i >= 0; --i) word = word << 8 | static_cast<unsigned char>(text[i]);
  }
  return word;
}

/// The high bit of the lowest zero byte is set (and maybe others above it).
constexpr Word zero_bytes(Word word) { return (word - kOnes) & ~word & kHigh; }

/// The same for bytes of a string that do not stand for themselves: quote, backslash, controls,
/// UTF-8.
constexpr Word special_bytes(Word word) {
  const Word controls = (word - kOnes * 0x20) & ~word & kHigh;
  return controls | zero_bytes(word ^ kOnes * '"') | zero_bytes(word ^ kOnes * '\\') |
         (word & kHigh);
}

bool is_special(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\';
}

/// First place from `at` on that is special, or the end. Eight bytes at a time: byte by byte this
/// is half of the time of reading tokenizer.json.
std::size_t find_special(std::string_view text, std::size_t at) {
  for (; at + 8 <= text.size(); at += 8) {
    const Word found = special_bytes(load_word(text.data() + at));
    if (found != 0) return at + static_cast<std::size_t>(std::countr_zero(found)) / 8;
  }
  while (at < text.size() && !is_special(text[at])) ++at;
  return at;
}

/// A character of two bytes: nearly every token of a vocabulary of bytes has one.
bool is_pair(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  return byte(at) >= 0xC2 && byte(at) < 0xE0 && at + 1 < text.size() &&
         (byte(at + 1) & 0xC0) == 0x80;
}

/// First place from `at` on that is no white space, or the end.
std::size_t find_value(std::string_view text, std::size_t at) {
  while (at < text.size() && is_space(text[at])) {
    ++at;
    for (; at + 8 <= text.size(); at += 8) {  // the indent of a pretty-printed file
      const Word other = load_word(text.data() + at) ^ kOnes * ' ';
      if (other == 0) continue;
      at += static_cast<std::size_t>(std::countr_zero(other)) / 8;
      break;
    }
  }
  return at;
}

}  // namespace

JsonCursor::JsonCursor(std::string_view text, const std::string& file)
    : text_(text), file_(&file) {}

void JsonCursor::fail_at(std::size_t place, const std::string& what, ErrorCode code) const {
  const std::string_view before = text_.substr(0, std::min(place, text_.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t start = before.rfind('\n') == before.npos ? 0 : before.rfind('\n') + 1;
  throw Error(code, *file_ + ":" + std::to_string(line) + ":" +
                        std::to_string(before.size() - start + 1) + ": " + what);
}

void JsonCursor::skip_space() { at_ = find_value(text_, at_); }

void JsonCursor::fail_end() const { fail("not valid JSON: the text ends too early"); }

void JsonCursor::fail_expected(const char* what) const {
  fail(std::string("not valid JSON: expected ") + what + ", found " +
       checkpoint::quote_name(text_.substr(at_, 1)));
}

JsonCursor::Kind JsonCursor::kind() {
  const char c = peek();
  switch (c) {
    case '{':
      return Kind::kObject;
    case '[':
      return Kind::kArray;
    case '"':
      return Kind::kString;
    case 't':
    case 'f':
      return Kind::kBoolean;
    case 'n':
      return Kind::kNull;
    default:
      if (c != '-' && !is_digit(c)) fail_expected("a value");
      return Kind::kNumber;
  }
}

void JsonCursor::begin(bool object) {
  expect(object ? '{' : '[', object ? "an object" : "a list");
  if (levels_.size() == kMaxDepth) fail("nested deeper than 100 levels");
  levels_.push_back({object, true});
}

void JsonCursor::begin_object() { begin(true); }
void JsonCursor::begin_array() { begin(false); }

bool JsonCursor::next(bool object) {
  Level& level = levels_.back();
  if (peek() == (object ? '}' : ']')) {
    ++at_;
    levels_.pop_back();
    return false;
  }
  if (!level.first) {
    if (text_[at_] != ',') expect(',', object ? "',' or '}'" : "',' or ']'");
    ++at_;
  }
  level.first = false;
  return true;
}

bool JsonCursor::next_key(std::string_view& key) {
  if (!next(true)) return false;
  key = string(key_);
  const std::size_t place = value_at_;
  expect(':', "':'");
  value_at_ = place;
  return true;
}

bool JsonCursor::next_item() { return next(false); }

std::string_view JsonCursor::string(std::string& buffer) {
  expect('"', "a string");
  const std::size_t start = at_;
  for (;;) {
    at_ = find_special(text_, at_);
    if (at_ == text_.size()) fail("not valid JSON: a string without an end");
    const auto c = static_cast<unsigned char>(text_[at_]);
    if (c == '"') return text_.substr(start, at_++ - start);
    if (c == '\\') {
      unescape(buffer, start);
      return buffer;
    }
    if (c < 0x20) fail("not valid JSON: a control character in a string");
    if (is_pair(text_, at_)) {
      at_ += 2;
      continue;
    }
    const Character character = decode_multibyte(text_, at_);
    if (character.code == kInvalidCode) fail("not valid UTF-8 in a string");
    at_ += character.size;
  }
}

/// The cursor stands at the first backslash; what lies between `from` and it is plain.
void JsonCursor::unescape(std::string& buffer, std::size_t from) {
  buffer.assign(text_, from, at_ - from);
  while (at_ < text_.size()) {
    const auto c = static_cast<unsigned char>(text_[at_]);
    if (c == '"') {
      ++at_;
      return;
    }
    if (c < 0x20) fail("not valid JSON: a control character in a string");
    if (c == '\\') {
      ++at_;
      append_utf8(buffer, escaped_code());
      continue;
    }
    const Character character = decode_character(text_, at_);
    if (character.code == kInvalidCode) fail("not valid UTF-8 in a string");
    buffer.append(text_, at_, character.size);
    at_ += character.size;
  }
  fail("not valid JSON: a string without an end");
}

char32_t JsonCursor::escaped_code() {
  constexpr std::string_view kLetters = "\"\\/bfnrt", kMeanings = "\"\\/\b\f\n\r\t";
  if (at_ == text_.size()) fail("not valid JSON: a string without an end");
  const char c = text_[at_++];
  if (const std::size_t i = kLetters.find(c); i != std::string_view::npos) {
    return static_cast<unsigned char>(kMeanings[i]);
  }
  if (c != 'u') fail("not valid JSON: an unknown escape in a string");
  const std::uint32_t unit = hex4();
  if (unit < 0xD800 || unit > 0xDFFF) return unit;
  if (unit > 0xDBFF || text_.substr(at_, 2) != "\\u") fail("half of a surrogate pair in a string");
  at_ += 2;
  const std::uint32_t low = hex4();
  if (low < 0xDC00 || low > 0xDFFF) fail("half of a surrogate pair in a string");
  return 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
}

std::uint32_t JsonCursor::hex4() {
  std::uint32_t value = 0;
  const std::string_view digits = text_.substr(at_, 4);
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (error != std::errc() || digits.size() < 4 || end != digits.data() + 4) {
    fail("not valid JSON: \\u needs four hexadecimal digits");
  }
  at_ += 4;
  return value;
}

/// A number by the grammar of JSON (RFC 8259, section 6).
std::string_view JsonCursor::number_text() {
  peek();
  const std::size_t start = at_;
  const auto at = [&](char c) { return at_ < text_.size() && text_[at_] == c; };
  const auto digits = [&] {
    const std::size_t first = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    if (at_ == first) fail("not valid JSON: expected a number");
  };
  if (at('-')) ++at_;
  const bool zero = at('0');
  const std::size_t whole = at_;
  digits();
  if (zero && at_ > whole + 1) fail("not valid JSON: a number begins with 0");
  if (at('.')) {
    ++at_;
    digits();
  }
  if (at('e') || at('E')) {
    ++at_;
    if (at('+') || at('-')) ++at_;
    digits();
  }
  return text_.substr(start, at_ - start);
}

std::int64_t JsonCursor::integer() {
  const std::string_view text = number_text();
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    fail(checkpoint::quote_name(text) + " is not a whole number of 64 bits");
  }
  return value;
}

double JsonCursor::number() {
  const std::string_view text = number_text();
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    fail(checkpoint::quote_name(text) + " is out of the range of numbers");
  }
  return value;
}

void JsonCursor::word(std::string_view expected) {
  if (text_.substr(at_, expected.size()) != expected) {
    fail("not valid JSON: expected " + std::string(expected));
  }
  at_ += expected.size();
}

bool JsonCursor::boolean() {
  const bool value = peek() == 't';
  word(value ? "true" : "false");
  return value;
}

void JsonCursor::null() {
  peek();
  word("null");
}

std::string_view JsonCursor::skip() {
  const std::size_t base = levels_.size();
  peek();
  const std::size_t start = at_;
  std::string buffer;
  std::string_view key;
  for (;;) {
    switch (kind()) {
      case Kind::kObject:
        begin_object();
        break;
      case Kind::kArray:
        begin_array();
        break;
      case Kind::kString:
        string(buffer);
        break;
      case Kind::kNumber:
        number_text();
        break;
      case Kind::kBoolean:
        boolean();
        break;
      case Kind::kNull:
        null();
        break;
    }
    while (levels_.size() > base && !(levels_.back().object ? next_key(key) : next_item())) {
    }
    if (levels_.size() == base) return text_.substr(start, at_ - start);
  }
}

void JsonCursor::end() {
  skip_space();
  value_at_ = at_;
  if (at_ != text_.size()) fail("not valid JSON: something follows the end of the value");
}

}  // namespace mod::text
