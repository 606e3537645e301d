// JSON Lines files.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

namespace mod::eval {

/// Calls `visit` with every line that is not empty and its place "FILE:LINE". Throws
/// Error(kInvalidInput) where there is no such file, kCorruptFile with the place where a line is no
/// JSON, kIo.
void for_each_line(
    const std::filesystem::path& file,
    const std::function<void(const nlohmann::ordered_json& line, const std::string& place)>& visit);

}  // namespace mod::eval
