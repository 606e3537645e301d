// Which instruction set the kernels use: chosen once at start, forced by MOD_ISA or an option.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace mod::cpu {

enum class Isa { kScalar, kAvx2, kAvx512 };

std::string_view isa_name(Isa isa);  // "scalar", "avx2", "avx512"
std::optional<Isa> isa_from_name(std::string_view name);

/// The sets this machine can run, worst first. Always holds kScalar.
std::vector<Isa> supported_isas();
/// MOD_ISA where it is set (throws Error(kInvalidInput) if unknown or not supported), else the
/// best.
Isa choose_isa();
/// Cores that this process may use: affinity and cgroup quota, at least 1.
int usable_cores();

}  // namespace mod::cpu
