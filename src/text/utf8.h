// UTF-8, one character at a time, for text that need not be valid.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mod::text {

/// The code of a byte that is no part of a well-formed character.
inline constexpr char32_t kInvalidCode = 0xFFFFFFFF;
/// U+FFFD, which stands for what cannot be decoded.
inline constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

struct Character {
  char32_t code;       // kInvalidCode: one byte that does not belong to a character
  std::uint32_t size;  // bytes, 1 to 4
};

/// The character at `at` < text.size(), where it does not begin with an ASCII byte.
Character decode_multibyte(std::string_view text, std::size_t at) noexcept;

/// The character at `at` < text.size().
inline Character decode_character(std::string_view text, std::size_t at) noexcept {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x80) return {byte, 1};
  return decode_multibyte(text, at);
}

/// Appends a scalar value (not a surrogate, at most 0x10FFFF).
void append_utf8(std::string& out, char32_t code);

/// Bytes at the start of `text` that begin a character but are cut off before its end: 0 to 3.
std::size_t incomplete_size(std::string_view text) noexcept;

/// Appends `text` with every maximal ill-formed part replaced by U+FFFD (Unicode 16, section 3.9,
/// "substitution of maximal subparts"; as Rust's String::from_utf8_lossy).
void append_replacing_invalid(std::string& out, std::string_view text);

}  // namespace mod::text
