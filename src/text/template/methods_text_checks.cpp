// Methods of strings that ask what they hold, and str.format.
#include <algorithm>

#include "text/template/interpreter.h"
#include "text/template/operators.h"
#include "text/template/registry.h"
#include "text/template/unicode.h"

namespace mod::text::jinja {
namespace {

bool is_alnum(char32_t c) { return is_alpha(c) || is_numeric(c); }
bool is_ascii(char32_t c) { return c < 0x80; }

template <bool (*kHolds)(char32_t), bool kOfNothing>
Value all_chars(Interpreter& run, const Value& self, const Args&) {
  const std::string& text = self.text();
  run.budget().spend(1 + text.size());
  if (text.empty()) return Value(kOfNothing);
  for (std::size_t i = 0; i < text.size(); i += char_bytes(text, i)) {
    if (!kHolds(char_at(text, i))) return Value(false);
  }
  return Value(true);
}

template <bool (*kHolds)(std::string_view)>
Value whole(Interpreter& run, const Value& self, const Args&) {
  run.budget().spend(1 + self.text().size());
  return Value(kHolds(self.text()));
}

/// Capitals follow uncased characters only, small letters cased ones only.
bool is_title_text(std::string_view text) {
  bool inside = false, any = false;
  for (std::size_t i = 0; i < text.size(); i += char_bytes(text, i)) {
    const char32_t c = char_at(text, i);
    const bool capital = is_upper(c) || is_title(c);
    if (capital ? inside : is_lower(c) && !inside) return false;
    inside = capital || is_lower(c);
    any = any || inside;
  }
  return any;
}

bool is_identifier(std::string_view text) {
  if (text.empty() || !is_name_start(char_at(text, 0))) return false;
  for (std::size_t i = 0; i < text.size(); i += char_bytes(text, i)) {
    if (!is_name_part(char_at(text, i))) return false;
  }
  return true;
}

Value format(Interpreter& run, const Value& self, const Args& args) {
  if (self.string().markup) fail_unsupported("'format' of a `safe` string is not supported");
  return make_string(run.budget(), format_braces(run.budget(), self.text(), args.rest()));
}

constexpr Signature kNone{"", 0};

constexpr MethodInfo kMethods[] = {
    {"format", {"", 0, Signature::kAny}, format},
    {"isalnum", kNone, all_chars<is_alnum, false>},
    {"isalpha", kNone, all_chars<is_alpha, false>},
    {"isascii", kNone, all_chars<is_ascii, true>},
    {"isdecimal", kNone, all_chars<is_decimal, false>},
    {"isdigit", kNone, all_chars<is_digit, false>},
    {"isidentifier", kNone, whole<is_identifier>},
    {"islower", kNone, whole<is_lower_text>},
    {"isnumeric", kNone, all_chars<is_numeric, false>},
    {"isprintable", kNone, all_chars<is_printable, true>},
    {"isspace", kNone, all_chars<is_space, false>},
    {"istitle", kNone, whole<is_title_text>},
    {"isupper", kNone, whole<is_upper_text>},
};

}  // namespace

std::span<const MethodInfo> text_check_methods() { return kMethods; }

}  // namespace mod::text::jinja
