// "twenty-one" -> "21", by the rules of the word2number package 1.1 (MIT).
#pragma once

#include <string>
#include <string_view>

namespace mod::eval {

/// The number that the words of the text spell; the text itself if they spell none. Digits alone
/// lose their leading zeros.
std::string number_words_to_digits(std::string_view text);

}  // namespace mod::eval
