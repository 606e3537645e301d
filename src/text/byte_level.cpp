#include "text/byte_level.h"

#include <array>
#include <cstdint>

#include "text/utf8.h"

namespace mod::text {
namespace {

constexpr bool stands_for_itself(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xFF && byte != 0xAD);
}

struct Tables {
  std::array<std::uint16_t, 256> code{};  // of the character for a byte
  std::array<std::int16_t, 324> byte{};   // of a character; -1: none
};

constexpr Tables kTables = [] {
  Tables tables;
  tables.byte.fill(-1);
  std::uint16_t next = 256;
  for (std::uint16_t byte = 0; byte < 256; ++byte) {
    const std::uint16_t code = stands_for_itself(byte) ? byte : next++;
    tables.code[byte] = code;
    tables.byte[code] = static_cast<std::int16_t>(byte);
  }
  return tables;
}();

}  // namespace

void append_byte_characters(std::string& out, std::string_view bytes) {
  const std::size_t before = out.size();
  out.resize(before + 2 * bytes.size());
  char* to = out.data() + before;
  for (const char c : bytes) {
    const std::uint16_t code = kTables.code[static_cast<unsigned char>(c)];
    if (code < 0x80) {
      *to++ = static_cast<char>(code);
    } else {
      *to++ = static_cast<char>(0xC0 | code >> 6);
      *to++ = static_cast<char>(0x80 | (code & 0x3F));
    }
  }
  out.resize(static_cast<std::size_t>(to - out.data()));
}

bool append_character_bytes(std::string& out, std::string_view characters) {
  const std::size_t before = out.size();
  for (std::size_t at = 0; at < characters.size();) {
    const Character c = decode_character(characters, at);
    const std::int16_t byte = c.code < kTables.byte.size() ? kTables.byte[c.code] : -1;
    if (byte < 0) {
      out.resize(before);
      return false;
    }
    out.push_back(static_cast<char>(byte));
    at += c.size;
  }
  return true;
}

}  // namespace mod::text
