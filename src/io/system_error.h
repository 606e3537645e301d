// Turns errno into mod::Error: what was tried, on which file, the system's reason, what to do.
#pragma once

#include <filesystem>
#include <string_view>

namespace mod::io {

/// "cannot WHAT PATH: REASON; REMEDY" as Error(kIo).
[[noreturn]] void throw_system_error(std::string_view what, const std::filesystem::path& path,
                                     int error);

/// As above for a file to be read: Error(kInvalidInput) where it does not exist.
[[noreturn]] void throw_open_error(const std::filesystem::path& path, int error);

}  // namespace mod::io
