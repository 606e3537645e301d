// What every piece of work is handed instead of globals: threads, kernels, log, and the stop
// signal.
#pragma once

#include <atomic>

#include "base/log.h"
#include "cpu/kernels.h"

namespace mod {

struct Context {
  int threads = cpu::usable_cores();
  const cpu::Kernels* kernels = &cpu::kernels(cpu::choose_isa());
  Log* log = nullptr;                            // never null in practice; not owned
  const std::atomic<bool>* cancelled = nullptr;  // set by Ctrl-C; not owned; may be null

  bool stop_requested() const { return cancelled && cancelled->load(std::memory_order_relaxed); }
};

}  // namespace mod
