#include "mix/table.h"

#include <fmt/format.h>

#include <cmath>

namespace mod::mix {

std::string limits_of(const Parameter& p) {
  std::string text = p.above_least ? fmt::format("above {}, at most {}", p.least, p.most)
                                   : fmt::format("{} to {}", p.least, p.most);
  if (p.infinite) text += ", -inf or inf";
  return text;
}

std::string problem_of(const Parameter& p, double value) {
  const bool inside = value >= p.least && value <= p.most && !(p.above_least && value == p.least);
  if (inside || (p.infinite && std::isinf(value))) return {};
  return fmt::format("{} is {}, but must be {}", p.name, value, limits_of(p));
}

std::vector<double> default_values(std::span<const Parameter> parameters) {
  std::vector<double> values;
  values.reserve(parameters.size());
  for (const Parameter& p : parameters) values.push_back(p.value);
  return values;
}

int find_parameter(std::span<const Parameter> parameters, std::string_view name) {
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (parameters[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace mod::mix
