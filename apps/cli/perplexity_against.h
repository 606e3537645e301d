// What `mod perplexity --against` prints.
#pragma once

#include <string>

#include "eval/stats/divergence.h"
#include "print.h"

namespace mod::cli {

/// {model, ppl, base_ppl, ..., kl, change, same_top}: docs/running.md.
Json divergence_json(const std::string& base, const eval::Divergence& divergence);

/// The block that users of llama.cpp know, with a newline at its end.
std::string divergence_text(const std::string& base, const eval::Divergence& divergence);

}  // namespace mod::cli
