// The list of experts, and what is said about keys that do not belong where they stand.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "bundle/mixture_schema.h"

namespace mod::bundle::detail {
namespace {

std::vector<std::string_view> keys_of(Level level) {
  std::vector<std::string_view> names;
  for (const SchemaKey& key : schema()) {
    if (key.level == level) names.push_back(key.name);
  }
  return names;
}

/// Where a key that is unknown here belongs; "" for one that belongs nowhere.
std::string home_of(std::string_view name) {
  for (const SchemaKey& key : schema()) {
    if (key.name != name) continue;
    return key.level == Level::kTop       ? "the top level of the file"
           : key.level == Level::kMixture ? "the map 'mixture'"
                                          : "an entry of 'experts'";
  }
  for (const std::string_view other : {"merge_method", "base_model", "parameters", "dtype"}) {
    if (name == other) return "a recipe";
  }
  return {};
}

/// Whether check_experts looks at this key.
bool concerns_mixture(std::string_view key) {
  return key == "name" || key == "role" || key == "weight";
}

bool read_expert(ReadContext& context, const yaml::Node& node, ExpertEntry& expert) {
  expert.place = node.place;
  if (node.kind != yaml::Kind::kMap) {
    context.problems.error(node.place,
                           fmt::format("an expert must be a map, not {}", node.describe()),
                           "write it as in - {name: math, model: models/math}");
    return false;
  }
  check_keys(context.problems, node, keys_of(Level::kExpert), "an expert");
  bool good = true;
  for (const SchemaKey& key : schema()) {
    if (key.level != Level::kExpert) continue;
    const yaml::Node* value = node.find(key.name);
    if (!absent(value)) {
      const std::size_t before = context.problems.count(Severity::kError);
      key.read(context, *value, expert);
      const bool read = context.problems.count(Severity::kError) == before;
      good = good && (read || !concerns_mixture(key.name));
    } else if (key.standard == "required") {
      context.problems.error(node.place, fmt::format("the expert has no '{}'", key.name),
                             fmt::format("add '{}: ...'", key.name));
      good = good && !concerns_mixture(key.name);
    }
  }
  return good;
}

void check_unique(ReadContext& context, const MixtureFile& file) {
  std::map<std::string_view, const ExpertEntry*> seen;
  for (const ExpertEntry& expert : file.experts) {
    if (expert.name.empty()) continue;
    const auto [first, fresh] = seen.emplace(expert.name, &expert);
    if (fresh) continue;
    context.problems.error(expert.place,
                           fmt::format("two experts are called {}; the first one stands at {}",
                                       in_quotes(expert.name), first->second->place.text()),
                           "give each a name of its own");
  }
}

}  // namespace

void check_keys(Problems& problems, const yaml::Node& map, std::span<const std::string_view> known,
                std::string_view where) {
  const std::set<std::string_view> twice(map.duplicates.begin(), map.duplicates.end());
  for (const auto& [key, value] : map.entries) {
    if (twice.contains(key)) {
      problems.error(value.place, fmt::format("key {} is written twice", in_quotes(key)),
                     "remove one of them");
    }
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const std::string hint = key.size() <= 64 ? did_you_mean(key, known) : "";
    const std::string home = hint.empty() ? home_of(key) : "";
    if (home.empty()) {
      problems.error(value.place, fmt::format("{} has no key {}{}", where, in_quotes(key), hint),
                     fmt::format("known here: {}", joined(known)));
    } else {
      problems.error(value.place,
                     fmt::format("{} has no key {}: it belongs to {}", where, in_quotes(key), home),
                     "move it, or remove it");
    }
  }
}

bool read_experts(ReadContext& context, const yaml::Node& root, MixtureFile& file) {
  const yaml::Node* list = root.find("experts");
  const char* form = "write, for example:\nexperts:\n  - {name: math, model: models/math}";
  if (absent(list)) {
    context.problems.error(root.place, "the mixture has no 'experts'", form);
    return false;
  }
  if (list->kind != yaml::Kind::kSequence || list->items.empty()) {
    context.problems.error(
        list->place,
        fmt::format("'experts' must be a list of at least one expert, not {}",
                    list->kind == yaml::Kind::kSequence ? "an empty one" : list->describe()),
        form);
    return false;
  }
  if (list->items.size() > kMostExperts) {
    context.problems.error(list->place, fmt::format("{} experts; at most {} can write together",
                                                    list->items.size(), kMostExperts));
    return false;
  }
  bool good = true;
  for (const yaml::Node& node : list->items) {
    good = read_expert(context, node, file.experts.emplace_back()) && good;
  }
  check_unique(context, file);
  return good;
}

}  // namespace mod::bundle::detail
