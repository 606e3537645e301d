// Problems as messages.
#pragma once

#include "base/log.h"
#include "base/problems.h"

namespace mod {

/// Notes and warnings to the log; errors are left to Problems::throw_if_errors.
void log_problems(const Problems& problems, Log& log);

}  // namespace mod
