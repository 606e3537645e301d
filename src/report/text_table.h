// Columns of text in a terminal, lined up by what is seen and not by bytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mod::report {

/// Columns that the text takes in a terminal: 2 for wide characters, 0 for marks on others.
std::size_t display_width(std::string_view text);

/// At most `width` columns: the middle gives way to "…".
std::string shortened(std::string_view text, std::size_t width);

/// Rows of equal length, two blanks between columns: the first `left` columns to the left, others
/// to the right. No blanks at the ends of lines.
std::string lined_up(const std::vector<std::vector<std::string>>& rows, std::size_t left);

}  // namespace mod::report
