// Steps of make_run_spec.
#pragma once

#include <string>

#include "arch/config_reader.h"
#include "arch/run_spec.h"

namespace mod::arch {

/// Fills `ropes`, `context` and the layers' rope indices; wants head_dim and the layers' windows.
void read_ropes(const RunTraits& traits, const Json& config, const std::string& file,
                Problems& problems, RunSpec& spec);

/// Fills the layers' windows.
void read_windows(const WindowTraits& traits, ConfigReader& reader, RunSpec& spec);

}  // namespace mod::arch
