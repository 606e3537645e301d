// What filters and methods of strings share. All of them keep within the budget.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/template/value.h"

namespace mod::text::jinja {

/// The first `count` occurrences of `old` (all if negative) replaced; an empty `old` stands between
/// all characters.
std::string replaced(Budget& budget, std::string_view text, std::string_view old,
                     std::string_view replacement, Int count);

/// Lines as str.splitlines() has them.
std::vector<std::string_view> split_lines(Budget& budget, std::string_view text, bool keep_ends);
bool ends_line(std::string_view text);

/// Padded to `width` characters: '<' to the left, '>' to the right, '^' in the middle, as
/// str.ljust(), rjust() and center() do.
std::string justified(Budget& budget, std::string_view text, Int width, char32_t fill, char align);

/// item.a.b for the path "a.b", item[0] for 0: how filters name attributes. `fallback` stands for
/// what is undefined on the way; may be null.
Value path_of(Budget& budget, const Value& item, const Value& path, const Value* fallback);

/// With the strings in lower case, as filters compare them by default.
Value case_folded(Budget& budget, const Value& value);

}  // namespace mod::text::jinja
