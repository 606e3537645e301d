// Numbers to and from text, as Python writes and reads them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "text/template/value.h"

namespace mod::text::jinja {

std::string int_text(Int value);
/// Shortest digits that read back as the same number, laid out as Python does: 1.0, 1e+16, inf.
std::string real_text(double value);

/// int() and float() of a string; nothing where Python raises ValueError. Base 0 reads prefixes.
std::optional<Int> parse_int(std::string_view text, int base = 10);
std::optional<double> parse_real(std::string_view text);

}  // namespace mod::text::jinja
