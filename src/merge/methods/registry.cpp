#include "merge/methods/registry.h"

#include <array>

namespace mod::merge {
namespace {

constexpr std::array kMethods = {
    &kMod,   &kLinear,      &kSlerp,      &kNuslerp,     &kTaskArithmetic,
    &kTies,  &kDareLinear,  &kDareTies,   &kBreadcrumbs, &kBreadcrumbsTies,
    &kDella, &kDellaLinear, &kModelStock, &kPassthrough,
};

}  // namespace

std::span<const MethodInfo* const> methods() { return kMethods; }

const MethodInfo* find_method(std::string_view name) {
  for (const MethodInfo* method : kMethods) {
    if (method->name == name) return method;
  }
  return nullptr;
}

}  // namespace mod::merge
