// GPT-2's way to write any bytes as printable characters: 188 bytes stand for themselves, the other
// 68 are written as U+0100 to U+0143 in order. A space is U+0120.
#pragma once

#include <string>
#include <string_view>

namespace mod::text {

/// Appends the characters that stand for `bytes`.
void append_byte_characters(std::string& out, std::string_view bytes);

/// Appends the bytes that `characters` stand for; false, with nothing appended, where one of them
/// stands for no byte.
bool append_character_bytes(std::string& out, std::string_view characters);

}  // namespace mod::text
