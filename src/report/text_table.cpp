#include "report/text_table.h"

#include <utf8proc.h>

#include <algorithm>

#include "text/utf8.h"

namespace mod::report {
namespace {

std::size_t width_of(char32_t code) {
  if (code == text::kInvalidCode) return 1;
  return static_cast<std::size_t>(
      std::max(0, utf8proc_charwidth(static_cast<utf8proc_int32_t>(code))));
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size();) {
    const text::Character character = text::decode_character(text, at);
    width += width_of(character.code);
    at += character.size;
  }
  return width;
}

std::string shortened(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  if (width == 0) return {};
  const std::size_t head = (width - 1) / 2;
  std::size_t to = 0;
  for (std::size_t used = 0; to < text.size();) {
    const text::Character character = text::decode_character(text, to);
    if (used + width_of(character.code) > head) break;
    used += width_of(character.code);
    to += character.size;
  }
  std::size_t from = to;
  while (from < text.size() && display_width(text.substr(from)) > width - 1 - head)
    from += text::decode_character(text, from).size;
  return std::string(text.substr(0, to)) + "\u2026" + std::string(text.substr(from));
}

std::string lined_up(const std::vector<std::vector<std::string>>& rows, std::size_t left) {
  std::vector<std::size_t> widths;
  for (const std::vector<std::string>& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t c = 0; c < row.size(); ++c)
      widths[c] = std::max(widths[c], display_width(row[c]));
  }
  std::string out;
  for (const std::vector<std::string>& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      const std::string blanks(widths[c] - display_width(row[c]), ' ');
      line += (c == 0 ? "" : "  ") + (c < left ? row[c] + blanks : blanks + row[c]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  return out;
}

}  // namespace mod::report
