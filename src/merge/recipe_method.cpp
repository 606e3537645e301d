// `merge_method`: the name, near misses, and the names that mergekit knows or once knew.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "merge/recipe_reader.h"

namespace mod::merge::detail {

namespace {

// Methods of mergekit's head that have no kernel here yet.
constexpr std::string_view kNotBuilt[] = {"multislerp", "karcher",  "sce",         "ram",
                                          "ramplus_tl", "nearswap", "arcee_fusion"};

std::vector<std::string_view> method_names() {
  std::vector<std::string_view> names;
  for (const MethodInfo* method : methods()) names.push_back(method->name);
  return names;
}

std::string joined(const std::vector<std::string_view>& names) {
  std::string out;
  for (const std::string_view name : names) {
    if (!out.empty()) out += ", ";
    out += name;
  }
  return out;
}

/// `dare-ties`, `DARE_TIES`: the registered spelling, else what was written.
std::string plain_spelling(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    if (c == '-' || c == ' ') c = '_';
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

void report_unknown(ReadContext& context, const yaml::Node& node) {
  const std::string& name = node.text;
  if (name == "consensus_ta" || name == "consensus_ties") {
    context.problems.error(
        node.place,
        fmt::format(
            "merge_method {} existed only in mergekit 0.0.6 (December 2024 to February 2025)",
            in_quotes(name)),
        "use task_arithmetic or ties");
    return;
  }
  if (std::find(std::begin(kNotBuilt), std::end(kNotBuilt), name) != std::end(kNotBuilt)) {
    context.problems.error(node.place,
                           fmt::format("merge_method {} is not supported yet", in_quotes(name)),
                           fmt::format("supported: {}", joined(method_names())));
    return;
  }
  std::string hint;
  const std::string plain = plain_spelling(name.substr(0, 64));
  if (find_method(plain)) {
    hint = fmt::format(" (did you mean '{}'?)", plain);
  } else if (name.size() <= 64) {
    hint = did_you_mean(plain, method_names());
  }
  context.problems.error(node.place,
                         fmt::format("unknown merge_method {}{}", in_quotes(name), hint),
                         fmt::format("known: {}", joined(method_names())));
}

}  // namespace

void read_method(ReadContext& context, const yaml::Node& root, Recipe& recipe) {
  const yaml::Node* node = root.find("merge_method");
  if (absent(node)) {
    context.problems.error(node ? node->place : root.place, "'merge_method' is missing",
                           fmt::format("known: {}", joined(method_names())));
    return;
  }
  recipe.method_place = node->place;
  if (!require_string(context, *node, "'merge_method'")) return;
  recipe.method = node->text;
  context.method = find_method(node->text);
  if (!context.method) report_unknown(context, *node);
}

}  // namespace mod::merge::detail
