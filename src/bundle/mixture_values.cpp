// Scalars of a mixture file.
#include <fmt/format.h>

#include <cmath>

#include "bundle/mixture_reader.h"
#include "checkpoint/quote.h"

namespace mod::bundle::detail {

bool absent(const yaml::Node* node) { return node == nullptr || node->is_null(); }

std::string in_quotes(std::string_view text) {
  return fmt::format("'{}'", checkpoint::printable(text, 80));
}

std::string joined(std::span<const std::string_view> names) {
  std::string out;
  for (const std::string_view name : names) {
    if (!out.empty()) out += ", ";
    out += name;
  }
  return out;
}

std::optional<std::string> read_text(ReadContext& context, const yaml::Node& node,
                                     std::string_view what) {
  if (node.kind == yaml::Kind::kString) return node.text;
  context.problems.error(node.place,
                         fmt::format("{} must be a text, not {}", what, node.describe()),
                         node.is_scalar() ? "quote it if it is meant as a text" : "");
  return std::nullopt;
}

std::optional<double> read_number(ReadContext& context, const yaml::Node& node,
                                  std::string_view what) {
  const bool number = node.kind == yaml::Kind::kInt || node.kind == yaml::Kind::kFloat ||
                      (node.kind == yaml::Kind::kString && !node.quoted);
  const std::optional<double> value = number ? node.as_number() : std::nullopt;
  if (!value) {
    context.problems.error(node.place,
                           fmt::format("{} must be a number, not {}", what, node.describe()));
  }
  return value;
}

std::optional<double> read_parameter(ReadContext& context, const yaml::Node& node,
                                     const mix::Parameter& parameter, std::string_view of,
                                     bool whole) {
  const std::string begin = of.empty() ? std::string() : fmt::format("{}: ", of);
  const auto value = read_number(context, node, begin + std::string(parameter.name));
  if (!value) return std::nullopt;
  std::string wrong = problem_of(parameter, *value);
  if (wrong.empty() && whole && *value != std::floor(*value)) {
    wrong = fmt::format("{} is {}, but must be a whole number", parameter.name, *value);
  }
  if (wrong.empty()) return value;
  context.problems.error(node.place, begin + wrong);
  return std::nullopt;
}

nlohmann::ordered_json to_json(const yaml::Node& node) {
  using Json = nlohmann::ordered_json;
  switch (node.kind) {
    case yaml::Kind::kNull:
      return nullptr;
    case yaml::Kind::kBool:
      return node.boolean;
    case yaml::Kind::kInt:
      return node.integer;
    case yaml::Kind::kFloat:
      return node.number;
    case yaml::Kind::kString:
      // "1e6" is a text to YAML and a number to everyone who writes it.
      if (!node.quoted) {
        if (const auto number = node.as_number()) return *number;
      }
      return node.text;
    case yaml::Kind::kDate:
      return node.text;
    case yaml::Kind::kSequence: {
      Json list = Json::array();
      for (const yaml::Node& item : node.items) list.push_back(to_json(item));
      return list;
    }
    case yaml::Kind::kMap:
      break;
  }
  Json map = Json::object();
  for (const auto& [key, value] : node.entries) map[key] = to_json(value);
  return map;
}

}  // namespace mod::bundle::detail
