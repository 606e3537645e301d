#include <algorithm>

#include "arch/parts.h"

namespace mod::arch {
namespace {

bool holds(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

}  // namespace

std::span<const Architecture> architectures() {
  static const std::vector<Architecture> all = {llama(),   mistral(),   qwen2(),     qwen3(),
                                                mixtral(), qwen2_moe(), qwen3_moe(), phi3(),
                                                gemma2(),  gemma3(),    olmo2(),     granite()};
  return all;
}

const Architecture* find_architecture(std::string_view class_name, std::string_view model_type) {
  const Architecture* found = nullptr;
  for (const Architecture& a : architectures()) {
    if (class_name.empty()) {
      if (holds(a.model_types, model_type)) return &a;
    } else if (holds(a.class_names, class_name)) {
      if (holds(a.model_types, model_type)) return &a;
      if (!found) found = &a;
    }
  }
  return found;
}

}  // namespace mod::arch
