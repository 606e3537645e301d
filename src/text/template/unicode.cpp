#include "text/template/unicode.h"

#include <utf8proc.h>

#include <algorithm>

namespace mod::text::jinja {
namespace {

constexpr char32_t kSharpS = 0xDF;
constexpr char32_t kCapitalSharpS = 0x1E9E;

utf8proc_category_t category(char32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

char32_t upper(char32_t c) {
  return static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c)));
}

char32_t lower(char32_t c) {
  return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c)));
}

char32_t title(char32_t c) {
  return static_cast<char32_t>(utf8proc_totitle(static_cast<utf8proc_int32_t>(c)));
}

void append_upper(std::string& out, char32_t c) {
  if (c == kSharpS) {
    out += "SS";
  } else {
    append_char(out, upper(c));
  }
}

void append_title(std::string& out, char32_t c) {
  if (c == kSharpS) {
    out += "Ss";
  } else {
    append_char(out, title(c));
  }
}

bool is_cased(char32_t c) { return is_upper(c) || is_lower(c) || is_title(c); }

template <typename Append>
std::string map_chars(std::string_view text, Append append) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); i += char_bytes(text, i)) append(out, char_at(text, i));
  return out;
}

template <typename Drop>
std::string_view strip_while(std::string_view text, Side side, Drop drop) {
  if (side != Side::kRight) {
    while (!text.empty() && drop(char_at(text, 0))) text.remove_prefix(char_bytes(text, 0));
  }
  while (side != Side::kLeft && !text.empty()) {
    const std::size_t begin = last_char(text);
    if (!drop(char_at(text, begin))) break;
    text = text.substr(0, begin);
  }
  return text;
}

}  // namespace

std::size_t char_bytes(std::string_view text, std::size_t i) {
  const auto lead = static_cast<unsigned char>(text[i]);
  const std::size_t length = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  return std::min(length, text.size() - i);
}

char32_t char_at(std::string_view text, std::size_t i) {
  const auto byte = [&](std::size_t k) {
    return static_cast<char32_t>(static_cast<unsigned char>(text[i + k]));
  };
  const std::size_t length = char_bytes(text, i);
  if (length == 1) return byte(0);
  char32_t c = byte(0) & (0xFFu >> (length + 1));
  for (std::size_t k = 1; k < length; ++k) c = c << 6 | (byte(k) & 0x3Fu);
  return c;
}

void append_char(std::string& out, char32_t c) {
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | (c >> shift & 0x3F)); };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    tail(0);
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

std::size_t count_chars(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::size_t byte_offset(std::string_view text, std::size_t index) {
  std::size_t i = 0;
  for (; index > 0 && i < text.size(); --index) i += char_bytes(text, i);
  return i;
}

std::size_t last_char(std::string_view text) {
  std::size_t begin = text.size() - 1;
  while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) --begin;
  return begin;
}

std::vector<std::string_view> split_chars(std::string_view text) {
  std::vector<std::string_view> chars;
  chars.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); i += chars.back().size()) {
    chars.push_back(text.substr(i, char_bytes(text, i)));
  }
  return chars;
}

std::string reversed(std::string_view text) {
  std::string out(text.size(), '\0');
  std::size_t end = text.size();
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = char_bytes(text, i);
    end -= length;
    text.copy(out.data() + end, length, i);
    i += length;
  }
  return out;
}

bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

bool is_line_end(char32_t c) {
  return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 ||
         c == 0x2029;
}

bool is_alpha(char32_t c) {
  const auto kind = category(c);
  return kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO;
}

bool is_decimal(char32_t c) { return category(c) == UTF8PROC_CATEGORY_ND; }

bool is_digit(char32_t c) {
  const bool superscript = c == 0xB2 || c == 0xB3 || c == 0xB9 || c == 0x2070 ||
                           (c >= 0x2074 && c <= 0x2079) || (c >= 0x2080 && c <= 0x2089);
  return is_decimal(c) || superscript;
}

bool is_numeric(char32_t c) {
  const auto kind = category(c);
  return kind >= UTF8PROC_CATEGORY_ND && kind <= UTF8PROC_CATEGORY_NO;
}

bool is_upper(char32_t c) { return category(c) == UTF8PROC_CATEGORY_LU; }

bool is_lower(char32_t c) { return category(c) == UTF8PROC_CATEGORY_LL; }

bool is_title(char32_t c) { return category(c) == UTF8PROC_CATEGORY_LT; }

bool is_printable(char32_t c) {
  if (c == ' ') return true;
  const auto kind = category(c);
  const bool separator = kind >= UTF8PROC_CATEGORY_ZS && kind <= UTF8PROC_CATEGORY_ZP;
  const bool other = kind >= UTF8PROC_CATEGORY_CC || kind == UTF8PROC_CATEGORY_CN;
  return !separator && !other;
}

bool is_name_start(char32_t c) {
  if (c < 0x80) return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return is_alpha(c) || category(c) == UTF8PROC_CATEGORY_NL;
}

bool is_name_part(char32_t c) {
  if (c < 0x80) return is_name_start(c) || (c >= '0' && c <= '9');
  const auto kind = category(c);
  return is_name_start(c) || kind == UTF8PROC_CATEGORY_MN || kind == UTF8PROC_CATEGORY_MC ||
         kind == UTF8PROC_CATEGORY_ND || kind == UTF8PROC_CATEGORY_PC;
}

std::string to_upper(std::string_view text) { return map_chars(text, append_upper); }

std::string to_lower(std::string_view text) {
  return map_chars(text, [](std::string& out, char32_t c) { append_char(out, lower(c)); });
}

std::string case_folded_text(std::string_view text) {
  return map_chars(text, [](std::string& out, char32_t c) {
    if (c == kSharpS || c == kCapitalSharpS) {
      out += "ss";
    } else {
      append_char(out, lower(c));
    }
  });
}

std::string capitalized(std::string_view text) {
  bool first = true;
  return map_chars(text, [&](std::string& out, char32_t c) {
    first ? append_title(out, c) : append_char(out, lower(c));
    first = false;
  });
}

std::string title_cased(std::string_view text) {
  bool inside = false;
  return map_chars(text, [&](std::string& out, char32_t c) {
    inside ? append_char(out, lower(c)) : append_title(out, c);
    inside = is_cased(c);
  });
}

std::string swap_cased(std::string_view text) {
  return map_chars(text, [](std::string& out, char32_t c) {
    is_upper(c) ? append_char(out, lower(c)) : append_upper(out, c);
  });
}

bool is_upper_text(std::string_view text) {
  bool any = false;
  for (std::size_t i = 0; i < text.size(); i += char_bytes(text, i)) {
    const char32_t c = char_at(text, i);
    if (is_lower(c) || is_title(c)) return false;
    any = any || is_upper(c);
  }
  return any;
}

bool is_lower_text(std::string_view text) {
  bool any = false;
  for (std::size_t i = 0; i < text.size(); i += char_bytes(text, i)) {
    const char32_t c = char_at(text, i);
    if (is_upper(c) || is_title(c)) return false;
    any = any || is_lower(c);
  }
  return any;
}

std::string_view strip(std::string_view text, Side side) {
  return strip_while(text, side, is_space);
}

std::string_view strip(std::string_view text, std::string_view set, Side side) {
  std::u32string chars;
  for (std::size_t i = 0; i < set.size(); i += char_bytes(set, i)) chars += char_at(set, i);
  std::sort(chars.begin(), chars.end());
  return strip_while(text, side,
                     [&](char32_t c) { return std::binary_search(chars.begin(), chars.end(), c); });
}

}  // namespace mod::text::jinja
