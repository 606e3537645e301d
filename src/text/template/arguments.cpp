#include "text/template/arguments.h"

#include <algorithm>

#include "base/text.h"
#include "checkpoint/quote.h"

namespace mod::text::jinja {
namespace {

std::vector<std::string_view> split_names(std::string_view names) {
  std::vector<std::string_view> out;
  while (!names.empty()) {
    const std::size_t end = std::min(names.find(' '), names.size());
    out.push_back(names.substr(0, end));
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  return out;
}

}  // namespace

Args::Args(std::string function, const Signature& signature, Arguments arguments)
    : function_(std::move(function)), signature_(signature) {
  if (signature.style == Signature::kAny) {
    rest_ = std::move(arguments);
    return;
  }
  const std::vector<std::string_view> names = split_names(signature.parameters);
  if (arguments.positional.size() > names.size()) {
    fail(function_ + " takes at most " + std::to_string(names.size()) + " argument(s), not " +
         std::to_string(arguments.positional.size()));
  }
  slots_.resize(names.size());
  std::move(arguments.positional.begin(), arguments.positional.end(), slots_.begin());
  for (auto& [name, value] : arguments.named) {
    const auto it = std::find(names.begin(), names.end(), name);
    if (it == names.end() || signature.style == Signature::kPositional) {
      fail(function_ + " has no parameter " + checkpoint::quote_name(name) +
           " to be given by name" + did_you_mean(name, names));
    }
    auto& slot = slots_[static_cast<std::size_t>(it - names.begin())];
    if (slot) fail(function_ + " got its parameter " + checkpoint::quote_name(name) + " twice");
    slot = std::move(value);
  }
  for (std::size_t i = 0; i < signature.required; ++i) {
    if (!slots_[i]) fail(function_ + " needs the argument " + checkpoint::quote_name(names[i]));
  }
}

const Value& Args::operator[](std::size_t i) const {
  static const Value kUndefined;
  return has(i) ? *slots_[i] : kUndefined;
}

std::string Args::parameter(std::size_t i) const {
  return "the argument '" + std::string(split_names(signature_.parameters)[i]) + "' of " +
         function_;
}

Int Args::integer(std::size_t i, Int fallback) const {
  if (!has(i)) return fallback;
  if (slots_[i]->is_integral()) return slots_[i]->as_int();
  fail(parameter(i) + " must be an integer, not " + std::string(kind_name(*slots_[i])));
}

bool Args::truth(std::size_t i, bool fallback) const {
  return has(i) ? is_true(*slots_[i]) : fallback;
}

const std::string& Args::text(std::size_t i) const {
  if (has(i) && slots_[i]->is_string()) return slots_[i]->text();
  fail(parameter(i) + " must be a string, not " + std::string(kind_name((*this)[i])));
}

std::string Args::text(std::size_t i, std::string_view fallback) const {
  return has(i) ? text(i) : std::string(fallback);
}

}  // namespace mod::text::jinja
