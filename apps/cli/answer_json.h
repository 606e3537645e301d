// An answer as the commands that write text print it with --json.
#pragma once

#include "mix/generation.h"
#include "print.h"

namespace mod::cli {

/// {text, ids, prompt_tokens, generated_tokens, finish_reason, tokens: [{id, text, logprob}]}.
Json answer_json(const mix::Generation& generation);

}  // namespace mod::cli
