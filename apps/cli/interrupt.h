// Ctrl-C: the first asks the work to stop and clean up, the second kills the program.
#pragma once

#include <atomic>

namespace mod::cli {

/// Installs the handler for SIGINT and SIGTERM; the flag becomes true when one arrives.
const std::atomic<bool>& catch_interrupts();

/// For a dialogue, in which Ctrl-C stops an answer and not the program: from now on any number of
/// SIGINT sets the flag, and SIGTERM ends the program.
void keep_catching_interrupts();
/// Lowers the flag; returns whether it was up.
bool take_interrupt();

}  // namespace mod::cli
