// A bound on how much rules of a tokenizer.json (Replace above all) may make of a text: chains of
// them can multiply it without end.
#pragma once

#include <cstddef>

#include "mod/error.h"

namespace mod::text {

/// Bytes that may come of a text of this size. NFKC makes at most 11 of one.
constexpr std::size_t growth_limit(std::size_t bytes) { return 64 * bytes + 65536; }

[[noreturn]] inline void throw_growth() {
  throw Error(ErrorCode::kInvalidInput,
              "the rules of this tokenizer.json make more than 64 times the text of a text; they "
              "cannot be meant so");
}

}  // namespace mod::text
