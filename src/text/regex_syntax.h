// Oniguruma's pattern syntax (Ruby's, as in tokenizer.json) written for PCRE2: the same meaning in
// other letters, or a refusal.
#pragma once

#include <string>
#include <string_view>

namespace mod::text {

/// Differences that are bridged: \h \v \u, \w \s \b and their opposites in Oniguruma's classes,
/// (?m),
/// {,n}, {n,m}+, script names, line anchors (compile with PCRE2_MULTILINE). Throws
/// Error(kUnsupported) that begins with `where` for nested classes, &&, POSIX brackets, \K, \G,
/// calls, conditions, absent operators and other rare things; what PCRE2 itself rejects is passed
/// through.
std::string to_pcre2(std::string_view pattern, const std::string& where);

}  // namespace mod::text
