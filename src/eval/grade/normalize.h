// The normal form of an answer in the Qwen2.5-Math protocol (spec: the reference's strip_string),
// with everything that it mangles. Pure, bounded time.
#pragma once

#include <string>
#include <string_view>

namespace mod::eval {

/// An answer with more bytes is left as it is: it is no answer, and can only be met by equal text.
inline constexpr std::size_t kLongestAnswer = 16384;

/// Normalised once; `skip_units` for carp_en and minerva_math.
std::string normalize_answer(std::string_view answer, bool skip_units = false);

}  // namespace mod::eval
