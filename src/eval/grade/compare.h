// Equality of two readings.
#pragma once

#include "eval/grade/reading.h"

namespace mod::eval {

/// Expressions by value; relations in the same direction with equal sides, equations also up to
/// sign; members in order, those of a set in any order in mode qwen. Text equals nothing.
bool readings_equal(const Reading& a, const Reading& b, GradeMode mode);

}  // namespace mod::eval
