// Ctrl-C: the first asks the work to stop and clean up, the second kills the program.
#pragma once

#include <atomic>

namespace mod::cli {

/// Installs the handler for SIGINT and SIGTERM; the flag becomes true when one arrives.
const std::atomic<bool>& catch_interrupts();

}  // namespace mod::cli
