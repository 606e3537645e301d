// The classes of characters that splitting asks for, from the general categories of Unicode 16, the
// version that Hugging Face's tokenizers 0.23 use. Immutable; thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "text/utf8.h"

namespace mod::text {

/// Bits of CharTable::operator[].
enum CharClass : std::uint8_t {
  kLetter = 1,           // \p{L}
  kNumber = 2,           // \p{N}
  kSpace = 4,            // \s: White_Space
  kUpperOrNeutral = 8,   // [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]
  kLowerOrNeutral = 16,  // [\p{Ll}\p{Lm}\p{Lo}\p{M}]
  kPunctuation = 32,     // \p{P} of an older Unicode and ASCII punctuation: see the .cpp
  kWord = 64,            // \w: alphabetic, marks, decimal digits, connectors, joiners
  kMark = 128,           // \p{M}
};

class CharTable {
 public:
  /// The one table; built at the first call.
  static const CharTable& get();

  /// Class bits of a code point; 0 for kInvalidCode.
  std::uint8_t operator[](char32_t code) const noexcept {
    if (code < 0x80) return pages_[code];
    if (code > 0x10FFFF) return 0;
    return pages_[(static_cast<std::size_t>(index_[code >> 8]) << 8) + (code & 0xFF)];
  }

 private:
  CharTable();

  std::array<std::uint16_t, 0x1100> index_{};  // page of each 256 code points
  std::vector<std::uint8_t> pages_;            // the first is that of ASCII
};

}  // namespace mod::text
