// Colours of experts and models. assets/page.css gives each class a hue that people with any colour
// vision tell apart, and a line pattern for those who see none.
#pragma once

#include <cstddef>
#include <string>

namespace mod::report {

inline constexpr std::size_t kHues = 8;

/// "e0" ... "e7", from the start again after that.
inline std::string hue_class(std::size_t index) { return "e" + std::to_string(index % kHues); }

}  // namespace mod::report
