// Token ids as people type them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mod::cli {

/// "1,2,3", with commas or blanks between. Throws Error(kInvalidInput) that names the option.
std::vector<std::int32_t> parse_ids(const std::string& option, const std::string& text);

}  // namespace mod::cli
