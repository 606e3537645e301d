#include "cpu/isa.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#ifdef MOD_X86
#include <cpuid.h>
#endif

#include "mod/error.h"

namespace mod::cpu {
namespace {

#ifdef MOD_X86
/// F16C and BMI2 by cpuid (not every compiler knows their names); both need no more of the
/// operating system than AVX2, whose test covers that.
bool has_avx2() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return false;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_F16C)) return false;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_BMI2);
}

bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#endif

std::string supported_names() {
  std::string names;
  for (const Isa isa : supported_isas()) {
    if (!names.empty()) names += ", ";
    names += isa_name(isa);
  }
  return names;
}

}  // namespace

std::string_view isa_name(Isa isa) {
  switch (isa) {
    case Isa::kScalar:
      return "scalar";
    case Isa::kAvx2:
      return "avx2";
    case Isa::kAvx512:
      return "avx512";
  }
  return "unknown";
}

std::optional<Isa> isa_from_name(std::string_view name) {
  for (const Isa isa : {Isa::kScalar, Isa::kAvx2, Isa::kAvx512}) {
    if (isa_name(isa) == name) return isa;
  }
  return std::nullopt;
}

std::vector<Isa> supported_isas() {
  std::vector<Isa> isas = {Isa::kScalar};
#ifdef MOD_X86
  if (has_avx2()) isas.push_back(Isa::kAvx2);
  if (has_avx512()) isas.push_back(Isa::kAvx512);
#endif
  return isas;
}

Isa choose_isa() {
  const std::vector<Isa> isas = supported_isas();
  const char* forced = std::getenv("MOD_ISA");
  if (forced == nullptr || *forced == '\0') return isas.back();
  const std::optional<Isa> isa = isa_from_name(forced);
  if (!isa) {
    throw Error(ErrorCode::kInvalidInput, "MOD_ISA is \"" + std::string(forced) +
                                              "\", which is no instruction set; this machine has " +
                                              supported_names());
  }
  if (std::find(isas.begin(), isas.end(), *isa) == isas.end()) {
    throw Error(ErrorCode::kInvalidInput, "MOD_ISA is \"" + std::string(forced) +
                                              "\", but this machine has only " + supported_names());
  }
  return *isa;
}

}  // namespace mod::cpu
