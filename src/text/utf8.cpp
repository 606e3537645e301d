#include "text/utf8.h"

#include <algorithm>

namespace mod::text {
namespace {

bool is_continuation(unsigned char byte) { return (byte & 0xC0) == 0x80; }

/// Size that a lead byte announces; 0 for a byte that leads nothing.
std::uint32_t announced_size(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;
  if (lead < 0xE0) return 2;
  if (lead < 0xF0) return 3;
  return lead < 0xF5 ? 4 : 0;
}

/// The second byte is what keeps out overlong forms, surrogates and codes above 0x10FFFF.
bool may_follow(unsigned char lead, unsigned char second) {
  switch (lead) {
    case 0xE0:
      return second >= 0xA0 && second <= 0xBF;
    case 0xED:
      return second >= 0x80 && second <= 0x9F;
    case 0xF0:
      return second >= 0x90 && second <= 0xBF;
    case 0xF4:
      return second >= 0x80 && second <= 0x8F;
    default:
      return is_continuation(second);
  }
}

/// Bytes of the longest well-formed beginning of a character, up to its whole size.
std::uint32_t well_formed_size(std::string_view text, std::uint32_t size) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (size < 2 || text.size() < 2 || !may_follow(byte(0), byte(1))) return 1;
  std::uint32_t good = 2;
  while (good < size && good < text.size() && is_continuation(byte(good))) ++good;
  return good;
}

}  // namespace

Character decode_multibyte(std::string_view text, std::size_t at) noexcept {
  const std::string_view rest = text.substr(at, 4);
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(rest[i]); };
  const std::uint32_t size = announced_size(byte(0));
  if (size < 2 || well_formed_size(rest, size) < size) return {kInvalidCode, 1};
  char32_t code = byte(0) & (0xFFu >> (size + 1));
  for (std::uint32_t i = 1; i < size; ++i) code = code << 6 | (byte(i) & 0x3Fu);
  return {code, size};
}

void append_utf8(std::string& out, char32_t code) {
  const auto put = [&](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
    return;
  }
  if (code < 0x800) {
    put(0xC0 | code >> 6);
  } else {
    if (code < 0x10000) {
      put(0xE0 | code >> 12);
    } else {
      put(0xF0 | code >> 18);
      put(0x80 | (code >> 12 & 0x3F));
    }
    put(0x80 | (code >> 6 & 0x3F));
  }
  put(0x80 | (code & 0x3F));
}

std::size_t incomplete_size(std::string_view text) noexcept {
  if (text.empty()) return 0;
  const std::uint32_t size = announced_size(static_cast<unsigned char>(text[0]));
  if (size < 2 || text.size() >= size) return 0;
  return well_formed_size(text, size) == text.size() ? text.size() : 0;
}

void append_replacing_invalid(std::string& out, std::string_view text) {
  std::size_t copied = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Character c = decode_character(text, at);
    if (c.code != kInvalidCode) {
      at += c.size;
      continue;
    }
    out.append(text, copied, at - copied);
    out.append(kReplacement);
    const std::string_view rest = text.substr(at, 4);
    const std::uint32_t size = announced_size(static_cast<unsigned char>(rest[0]));
    at += std::max<std::uint32_t>(1, well_formed_size(rest, size));
    copied = at;
  }
  out.append(text, copied, text.size() - copied);
}

}  // namespace mod::text
