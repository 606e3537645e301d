#include "checkpoint/quote.h"

#include <fmt/format.h>

#include "base/text.h"

namespace mod::checkpoint {

std::string printable(std::string_view text, std::size_t limit) {
  const bool cut = text.size() > limit;
  std::string out;
  const bool utf8 = is_valid_utf8(text);
  if (cut) {
    text = text.substr(0, limit);
    while (utf8 && !is_valid_utf8(text)) text.remove_suffix(1);
  }
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !utf8)) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  if (cut) out += "...";
  return out;
}

std::string quote_name(std::string_view text) { return fmt::format("'{}'", printable(text)); }

bool is_plain_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.size() <= 255 &&
         name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

}  // namespace mod::checkpoint
