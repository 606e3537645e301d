#include "report/html.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "text/utf8.h"

namespace mod::report {
namespace {

/// Acts on the text around it, or cannot be seen. The joiners U+200C and U+200D stay: scripts and
/// emoji need them.
bool is_invisible(char32_t code) {
  return (code >= 0x80 && code < 0xA0) || code == 0xAD || code == 0x61C || code == 0x200B ||
         code == 0x200E || code == 0x200F || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF || (code >= 0xFFF9 && code <= 0xFFFB);
}

enum class Lines { kKeep, kMark };

/// A character that needs no other form stays as it is.
void append_seen(std::string& out, std::string_view bytes, char32_t code, Lines lines) {
  const bool breaks = code == '\n' || code == '\t';
  if (breaks && lines == Lines::kMark) {
    out += code == '\n' ? "\u21B5" : "\u21E5";
  } else if (code < 0x20 && !breaks) {
    text::append_utf8(out, 0x2400 + code);
  } else if (code == 0x7F) {
    text::append_utf8(out, 0x2421);
  } else if (is_invisible(code)) {
    fmt::format_to(std::back_inserter(out), "\u27E8U+{:04X}\u27E9",
                   static_cast<std::uint32_t>(code));
  } else {
    out += bytes;
  }
}

std::string seen(std::string_view given, Lines lines) {
  std::string valid;
  text::append_replacing_invalid(valid, given);
  std::string out;
  out.reserve(valid.size());
  for (std::size_t at = 0; at < valid.size();) {
    const text::Character character = text::decode_character(valid, at);
    append_seen(out, std::string_view(valid).substr(at, character.size), character.code, lines);
    at += character.size;
  }
  return out;
}

}  // namespace

std::string clean(std::string_view text) { return seen(text, Lines::kKeep); }

std::string one_line(std::string_view text) { return seen(text, Lines::kMark); }

std::string token_label(std::string_view text) {
  const std::string line = one_line(text);
  const std::size_t first = line.find_first_not_of(' ');
  std::string out;
  if (first == std::string::npos) {
    for (std::size_t i = 0; i < line.size(); ++i) out += "\u2423";
    return out;
  }
  const std::size_t last = line.find_last_not_of(' ');
  for (std::size_t i = 0; i < first; ++i) out += "\u2423";
  out += line.substr(first, last - first + 1);
  for (std::size_t i = last + 1; i < line.size(); ++i) out += "\u2423";
  return out;
}

std::string escape(std::string_view text) {
  const std::string seen_text = clean(text);
  std::string out;
  out.reserve(seen_text.size());
  for (const char c : seen_text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string script_json(const Json& value) {
  const std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::string_view rest = std::string_view(text).substr(at);
    if (rest[0] == '<' || rest[0] == '>' || rest[0] == '&') {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(rest[0]));
    } else if (rest.starts_with("\u2028") || rest.starts_with("\u2029")) {
      out += rest[2] == '\xA8' ? "\\u2028" : "\\u2029";
      at += 2;
    } else {
      out += rest[0];
    }
  }
  return out;
}

Json finite_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(); }

}  // namespace mod::report
