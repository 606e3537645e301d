#include "eval/grade/text.h"

#include <utf8proc.h>

#include <algorithm>

namespace mod::eval {
namespace {

bool is_ascii(Character c) noexcept { return c.code >= 0 && c.code < 128; }

utf8proc_category_t category(Character c) noexcept {
  return c.code < 0 ? UTF8PROC_CATEGORY_CN : utf8proc_category(c.code);
}

}  // namespace

Character character_at(std::string_view text, std::size_t at) noexcept {
  if (at >= text.size()) return {};
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 128) return {byte, 1};
  utf8proc_int32_t code = -1;
  const auto left = static_cast<utf8proc_ssize_t>(std::min<std::size_t>(text.size() - at, 4));
  const utf8proc_ssize_t size =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + at, left, &code);
  if (size <= 0) return {-1, 1};
  return {code, static_cast<std::size_t>(size)};
}

Character character_before(std::string_view text, std::size_t at) noexcept {
  for (std::size_t back = 1; back <= std::min<std::size_t>(at, 4); ++back) {
    const Character c = character_at(text, at - back);
    if (c.size == back) return c;
  }
  return at == 0 ? Character{} : Character{-1, 1};
}

bool is_space(Character c) noexcept {
  if (is_ascii(c))
    return c.code == ' ' || (c.code >= 9 && c.code <= 13) || (c.code >= 28 && c.code <= 31);
  if (c.code == 0x85) return true;
  const utf8proc_category_t kind = category(c);
  return kind == UTF8PROC_CATEGORY_ZS || kind == UTF8PROC_CATEGORY_ZL ||
         kind == UTF8PROC_CATEGORY_ZP;
}

bool is_digit(Character c) noexcept {
  if (is_ascii(c)) return c.code >= '0' && c.code <= '9';
  return category(c) == UTF8PROC_CATEGORY_ND;
}

bool is_word(Character c) noexcept {
  if (is_ascii(c)) {
    const int low = c.code | 32;
    return (low >= 'a' && low <= 'z') || is_digit(c) || c.code == '_';
  }
  const utf8proc_category_t kind = category(c);
  return (kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO) ||
         (kind >= UTF8PROC_CATEGORY_ND && kind <= UTF8PROC_CATEGORY_NO);
}

std::size_t length(std::string_view text) noexcept {
  std::size_t n = 0;
  for (std::size_t at = 0; at < text.size(); at += character_at(text, at).size) ++n;
  return n;
}

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_space(character_at(text, 0))) {
    text.remove_prefix(character_at(text, 0).size);
  }
  while (!text.empty()) {
    const Character last = character_before(text, text.size());
    if (!is_space(last)) break;
    text.remove_suffix(last.size);
  }
  return text;
}

std::string_view trim_left(std::string_view text, std::string_view set) noexcept {
  text.remove_prefix(std::min(text.find_first_not_of(set), text.size()));
  return text;
}

std::string_view trim_right(std::string_view text, std::string_view set) noexcept {
  return text.substr(0, text.find_last_not_of(set) + 1);
}

std::string_view trim(std::string_view text, std::string_view set) noexcept {
  return trim_right(trim_left(text, set), set);
}

std::string lower(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    if (is_ascii(c)) {
      out += static_cast<char>(c.code >= 'A' && c.code <= 'Z' ? c.code + 32 : c.code);
    } else if (c.code < 0) {
      out += text[at];
    } else {
      utf8proc_uint8_t bytes[4];
      const utf8proc_ssize_t size = utf8proc_encode_char(utf8proc_tolower(c.code), bytes);
      out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    }
    at += c.size;
  }
  return out;
}

std::string replace_all(std::string_view text, std::string_view what, std::string_view by) {
  std::string out;
  out.reserve(text.size());
  std::size_t from = 0;
  for (std::size_t at; (at = text.find(what, from)) != std::string_view::npos;) {
    out.append(text, from, at - from);
    out.append(by);
    from = at + what.size();
  }
  out.append(text, from);
  return out;
}

std::string drop(std::string_view text, std::string_view what) {
  return replace_all(text, what, "");
}

std::size_t count(std::string_view text, std::string_view what) noexcept {
  std::size_t n = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string_view::npos;
       at += what.size()) {
    ++n;
  }
  return n;
}

std::vector<std::string_view> split(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> parts;
  std::size_t from = 0;
  for (std::size_t at; (at = text.find(separator, from)) != std::string_view::npos;) {
    parts.push_back(text.substr(from, at - from));
    from = at + separator.size();
  }
  parts.push_back(text.substr(from));
  return parts;
}

}  // namespace mod::eval
