// An answer of a mixture as a page: `mod run --html FILE`.
#pragma once

#include <string>

#include "bundle/bundle.h"
#include "mix/generation.h"
#include "speed.h"

namespace mod::cli {

/// Writes the page; `prompt` is shown as it is. Throws Error(kIo).
void write_answer_page(const std::string& file, const std::string& prompt,
                       const mix::Generation& generation, const bundle::Bundle& bundle,
                       const SpeedOfAnswer& speed);

}  // namespace mod::cli
