#include "merge/parts/checks.h"

#include <fmt/format.h>

#include <cmath>

namespace mod::merge {

std::string number_text(double value) { return fmt::format("{}", value); }

std::string check_finite(const TensorSpec& spec, std::initializer_list<std::string_view> globals,
                         std::initializer_list<std::string_view> per_model) {
  for (const auto name : globals) {
    const auto value = spec.params.find(name);
    if (value && !std::isfinite(*value)) return fmt::format("{} is not a finite number", name);
  }
  for (const auto name : per_model) {
    for (int i = 0; i < spec.inputs; ++i) {
      const auto value = spec.params.find(name, i);
      if (value && !std::isfinite(*value)) return fmt::format("{} is not a finite number", name);
    }
  }
  return {};
}

std::string check_compute(const TensorSpec& spec) {
  if (spec.compute == Compute::kFp32) return {};
  return "compute: bf16 is not supported yet for this method; remove it to compute in fp32";
}

std::string check_base(const TensorSpec& spec) {
  if (spec.base >= 0) return {};
  return "the base model lacks this tensor, so there is nothing to take differences from";
}

std::string check_task_vectors(const TensorSpec& spec) {
  if (auto text = check_compute(spec); !text.empty()) return text;
  if (auto text = check_base(spec); !text.empty()) return text;
  if (auto text = check_finite(spec, {"lambda"}, {"weight", "density", "gamma", "epsilon"});
      !text.empty()) {
    return text;
  }
  for (int i = 0; i < spec.inputs; ++i) {
    const auto density = spec.params.find("density", i);
    if (density && *density < 0) {
      return fmt::format("density is {}; it must not be negative", *density);
    }
  }
  return {};
}

std::string check_rescale(const TensorSpec& spec) {
  if (spec.params.find("rescale_inverse_p").value_or(0) != 0 &&
      spec.params.find("rescale").value_or(0) != 0) {
    return "rescale: true and rescale_inverse_p: true exclude each other; keep one of them";
  }
  return {};
}

}  // namespace mod::merge
