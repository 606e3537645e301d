#include "interrupt.h"

#include <csignal>

namespace mod::cli {
namespace {

// A signal handler can reach nothing but static storage.
std::atomic<bool> stop_requested{false};
static_assert(std::atomic<bool>::is_always_lock_free);

extern "C" void request_stop(int) { stop_requested.store(true); }

}  // namespace

const std::atomic<bool>& catch_interrupts() {
  struct sigaction action = {};
  action.sa_handler = request_stop;
  // RESETHAND: the second signal meets the default action. RESTART: reads and writes are not broken
  // off.
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  return stop_requested;
}

void keep_catching_interrupts() {
  struct sigaction action = {};
  action.sa_handler = request_stop;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);  // without RESTART: a wait for input is broken off
  action.sa_handler = SIG_DFL;
  sigaction(SIGTERM, &action, nullptr);
}

bool take_interrupt() { return stop_requested.exchange(false); }

}  // namespace mod::cli
