// Whether an answer equals the gold one, by the Qwen2.5-Math protocol's order of tests. No computer
// algebra: what is left after the tests on text and numbers is evaluated at random points.
// docs/grading.md says what each mode accepts. Pure; bounded time and memory for any input.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "eval/grade/reading.h"

namespace mod::eval {

/// Both as extraction and normalisation left them; a missing prediction is never equal.
bool answers_equal(const std::optional<std::string>& prediction, std::string_view gold,
                   GradeMode mode);

}  // namespace mod::eval
