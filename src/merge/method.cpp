#include "merge/method.h"

#include <cstdint>

#include "mod/error.h"

namespace mod::merge {
namespace {

[[noreturn]] void absent(std::string_view name) {
  throw Error(ErrorCode::kInternal, "the parameter '" + std::string(name) +
                                        "' was not set by the plan; please report this recipe");
}

}  // namespace

std::optional<double> ParamSet::find(std::string_view name) const {
  const auto it = global_.find(name);
  if (it == global_.end()) return std::nullopt;
  return it->second;
}

std::optional<double> ParamSet::find(std::string_view name, int input) const {
  const auto it = per_model_.find(name);
  if (it == per_model_.end()) return std::nullopt;
  const auto value = it->second.find(input);
  if (value == it->second.end()) return std::nullopt;
  return value->second;
}

double ParamSet::number(std::string_view name) const {
  const auto value = find(name);
  if (!value) absent(name);
  return *value;
}

double ParamSet::number(std::string_view name, int input) const {
  const auto value = find(name, input);
  if (!value) absent(name);
  return *value;
}

const std::vector<std::string>& ParamSet::strings(std::string_view name) const {
  const auto it = strings_.find(name);
  if (it == strings_.end()) absent(name);
  return it->second;
}

const std::string& ParamSet::string(std::string_view name) const {
  const auto& list = strings(name);
  if (list.empty()) absent(name);
  return list.front();
}

void ParamSet::set(std::string_view name, double value) {
  global_.insert_or_assign(std::string(name), value);
}

void ParamSet::set(std::string_view name, int input, double value) {
  per_model_[std::string(name)].insert_or_assign(input, value);
}

void ParamSet::set_strings(std::string_view name, std::vector<std::string> values) {
  strings_.insert_or_assign(std::string(name), std::move(values));
}

void* Scratch::take(std::size_t bytes) {
  constexpr std::size_t kAlign = 64;
  if (used_ == slabs_.size()) slabs_.emplace_back();
  std::vector<std::byte>& slab = slabs_[used_++];
  if (slab.size() < bytes + kAlign) slab.resize(bytes + kAlign);
  const auto address = reinterpret_cast<std::uintptr_t>(slab.data());
  return slab.data() + (kAlign - address % kAlign) % kAlign;
}

float* Scratch::floats(std::size_t n) { return static_cast<float*>(take(n * sizeof(float))); }

std::uint32_t* Scratch::words(std::size_t n) {
  return static_cast<std::uint32_t*>(take(n * sizeof(std::uint32_t)));
}

std::uint8_t* Scratch::bytes(std::size_t n) { return static_cast<std::uint8_t*>(take(n)); }

}  // namespace mod::merge
