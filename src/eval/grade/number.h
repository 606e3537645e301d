// Numbers as the reference reads them: Python's float syntax without commas, or a percentage.
#pragma once

#include <optional>
#include <string_view>

namespace mod::eval {

/// "1,234.5", "1e3", "inf", "nan", "1_000", " 5 "; failing that "50%" and "50\%" are 0.5.
std::optional<double> read_number(std::string_view text);

/// Equal within 1e-4 to gold/100, gold or 100 gold (relative to the larger of the two).
bool numbers_match(double prediction, double gold) noexcept;

}  // namespace mod::eval
