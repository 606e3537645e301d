// Rotary position settings in one form, whichever way a config spells them: rope_theta,
// rope_scaling, rope_local_base_freq and partial_rotary_factor (transformers 4), or rope_parameters
// (transformers 5), flat or one object for each kind of layer.
#pragma once

#include <map>
#include <string>

#include "arch/architecture.h"

namespace mod::arch {

inline constexpr const char* kFullAttention = "full_attention";
inline constexpr const char* kSlidingAttention = "sliding_attention";

/// Members of rope_parameters as far as a config has them, whatever their types.
using RopeMembers = std::map<std::string, Json>;

/// By kind of layer: kFullAttention, kSlidingAttention; one entry "" where all layers agree.
std::map<std::string, RopeMembers> rope_members(const Json& config);

/// Settings of one kind of layer; values as JSON text ("10000.0"), numbers always as floats. What
/// is at its default is left out, except rope_theta.
using RopeSettings = std::map<std::string, std::string>;

/// rope_members as settings that can be compared.
std::map<std::string, RopeSettings> rope_settings(const Json& config);

/// "rope_theta 10000.0, rope_type linear, factor 4.0"
std::string rope_text(const std::map<std::string, RopeSettings>& settings);

}  // namespace mod::arch
