// `mod plan MIXTURE`: what the experts of a mixture will cost.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "command.h"

namespace mod::cli {

/// `set`: KEY=VALUE overrides. Prints the plan; throws as bundle::plan_mixture.
void show_mixture_plan(const std::filesystem::path& file, const std::vector<std::string>& set,
                       const Invocation& run);

}  // namespace mod::cli
