// Text as the reference grader's Python sees it, on UTF-8 bytes: Unicode white space, digits, word
// characters and lower case. A byte that is no UTF-8 counts as one character of no class. Pure
// functions, linear time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mod::eval {

struct Character {
  std::int32_t code = -1;  // code point; -1 for a byte that is no UTF-8
  std::size_t size = 0;    // bytes; 0 only at the end of the text
};

/// The character that starts at byte `at`.
Character character_at(std::string_view text, std::size_t at) noexcept;
/// The character that ends before byte `at`; size 0 at the beginning.
Character character_before(std::string_view text, std::size_t at) noexcept;

bool is_space(Character c) noexcept;
bool is_digit(Character c) noexcept;  // category Nd
bool is_word(Character c) noexcept;   // letters, numbers, underscore

/// Characters of the text.
std::size_t length(std::string_view text) noexcept;

std::string_view trim(std::string_view text) noexcept;
/// Without the bytes of `set` at the left end, the right end, or both.
std::string_view trim_left(std::string_view text, std::string_view set) noexcept;
std::string_view trim_right(std::string_view text, std::string_view set) noexcept;
std::string_view trim(std::string_view text, std::string_view set) noexcept;

std::string lower(std::string_view text);
std::string replace_all(std::string_view text, std::string_view what, std::string_view by);
std::string drop(std::string_view text, std::string_view what);
std::size_t count(std::string_view text, std::string_view what) noexcept;
std::vector<std::string_view> split(std::string_view text, std::string_view separator);

inline bool contains(std::string_view text, std::string_view what) noexcept {
  return text.find(what) != std::string_view::npos;
}

}  // namespace mod::eval
