// The one way in which src/base writes to stderr: whole blocks, so that other processes on the same
// terminal cannot tear a line either.
#pragma once

#include <string_view>

namespace mod {

/// Clears the line the cursor stands on and returns to its start.
inline constexpr std::string_view kClearLine = "\r\x1b[2K";

/// Writes all of `text`; a stderr that cannot be written to is ignored.
void write_stderr(std::string_view text) noexcept;

}  // namespace mod
