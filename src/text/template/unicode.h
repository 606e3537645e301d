// Strings as Python sees them, over UTF-8: characters are code points. Every text in the template
// language is valid UTF-8 (checked where it enters); a broken byte would count as one character.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mod::text::jinja {

/// Bytes of the character that begins at text[i].
std::size_t char_bytes(std::string_view text, std::size_t i);
char32_t char_at(std::string_view text, std::size_t i);
void append_char(std::string& out, char32_t c);

std::size_t count_chars(std::string_view text);
/// Byte offset of the character with this index; text.size() beyond the end.
std::size_t byte_offset(std::string_view text, std::size_t index);
/// Byte offset of the last character of a text that is not empty.
std::size_t last_char(std::string_view text);
std::vector<std::string_view> split_chars(std::string_view text);
std::string reversed(std::string_view text);

/// What str.strip() and str.split() take for white space.
bool is_space(char32_t c);
/// What str.splitlines() takes for the end of a line ("\r\n" is one).
bool is_line_end(char32_t c);
bool is_alpha(char32_t c);
bool is_decimal(char32_t c);
bool is_digit(char32_t c);
bool is_numeric(char32_t c);
bool is_upper(char32_t c);
bool is_lower(char32_t c);
bool is_title(char32_t c);
/// Shown as itself by repr().
bool is_printable(char32_t c);
bool is_name_start(char32_t c);
bool is_name_part(char32_t c);

/// One character to one, except for the German sharp s in capitals.
std::string to_upper(std::string_view text);
std::string to_lower(std::string_view text);
/// For comparisons: lower case, and the sharp s as "ss".
std::string case_folded_text(std::string_view text);
/// First character in title case, the rest in lower case.
std::string capitalized(std::string_view text);
/// Every run of letters begins with a capital: str.title().
std::string title_cased(std::string_view text);
std::string swap_cased(std::string_view text);

/// True if at least one character is cased and every cased one is upper (lower) case.
bool is_upper_text(std::string_view text);
bool is_lower_text(std::string_view text);

enum class Side { kLeft, kRight, kBoth };
/// Without white space at the ends.
std::string_view strip(std::string_view text, Side side);
/// Without the characters of `set` at the ends.
std::string_view strip(std::string_view text, std::string_view set, Side side);

}  // namespace mod::text::jinja
