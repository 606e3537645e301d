// From text to a mixture: the document, what kind of file it is, and overrides.
#include "bundle/mixture_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <system_error>

#include "base/text.h"
#include "bundle/mixture_schema.h"
#include "mod/error.h"

namespace mod::bundle {
namespace {

namespace fs = std::filesystem;
using detail::absent;
using detail::in_quotes;
using detail::ReadContext;

std::vector<std::string_view> keys_of(detail::Level level) {
  std::vector<std::string_view> names;
  for (const detail::SchemaKey& key : detail::schema()) {
    if (key.level == level) names.push_back(key.name);
  }
  return names;
}

bool check_kind(const yaml::Node& root, Problems& problems) {
  const char* form = "a mixture begins with 'mixture:' and has 'experts:'; docs/mixtures.md";
  if (root.kind != yaml::Kind::kMap) {
    problems.error(root.place, fmt::format("a mixture must be a map, not {}", root.describe()),
                   form);
    return false;
  }
  if (root.find("mixture") != nullptr) return true;
  for (const char* key : {"merge_method", "models", "slices", "modules"}) {
    if (const yaml::Node* node = root.find(key)) {
      problems.error(node->place, fmt::format("this is a recipe (it has '{}'), not a mixture", key),
                     form);
      return false;
    }
  }
  problems.error(root.place, "this is no mixture: the key 'mixture' is missing", form);
  return false;
}

std::optional<yaml::Node> read_text(std::string_view text, const std::string& file,
                                    Problems& problems) {
  try {
    std::vector<yaml::Node> documents = yaml::parse(text, file);
    if (documents.empty() || (documents.size() == 1 && documents[0].is_null())) {
      problems.error({file, 1, 1, {}}, "the file is empty");
      return std::nullopt;
    }
    if (documents.size() > 1) {
      problems.error(documents[1].place, "several YAML documents: a mixture is one",
                     "write one file for each mixture");
      return std::nullopt;
    }
    if (!check_kind(documents[0], problems)) return std::nullopt;
    return std::move(documents[0]);
  } catch (const Error& error) {
    problems.error({}, error.what());
    return std::nullopt;
  }
}

yaml::Node made_text(std::string_view text, const Place& place) {
  yaml::Node node;
  node.kind = yaml::Kind::kString;
  node.text = text;
  node.place = place;
  return node;
}

/// Makes "rule: NAME" a map before --set mixture.rule.PARAMETER changes something in it.
void open_choice(yaml::Node& root, std::string_view key, std::string_view standard) {
  yaml::Node* mixture = nullptr;
  for (auto& [name, value] : root.entries) {
    if (name == "mixture") mixture = &value;
  }
  if (mixture == nullptr || (mixture->kind != yaml::Kind::kMap && !mixture->is_null())) return;
  if (mixture->is_null()) {
    mixture->kind = yaml::Kind::kMap;
    mixture->text.clear();
  }
  auto found = std::find_if(mixture->entries.begin(), mixture->entries.end(),
                            [&](const auto& entry) { return entry.first == key; });
  if (found == mixture->entries.end()) {
    found = mixture->entries.insert(found, {std::string(key), yaml::Node{}});
    found->second.place = mixture->place;
  }
  yaml::Node& node = found->second;
  if (!node.is_scalar()) return;
  yaml::Node map;
  map.kind = yaml::Kind::kMap;
  map.place = node.place;
  map.entries.emplace_back("kind", node.is_null() ? made_text(standard, node.place) : node);
  node = std::move(map);
}

/// "experts.NAME.KEY" as "experts[3].KEY"; nothing, and a problem, where no expert has this name.
std::optional<std::string> by_place(const yaml::Node& root, const std::string& path,
                                    Problems& problems) {
  constexpr std::string_view kBegin = "experts.";
  const yaml::Node* experts = root.find("experts");
  if (!path.starts_with(kBegin) || experts == nullptr || experts->kind != yaml::Kind::kSequence) {
    return path;
  }
  const std::size_t end = std::min(path.find_first_of(".[", kBegin.size()), path.size());
  const std::string_view name = std::string_view(path).substr(kBegin.size(), end - kBegin.size());
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < experts->items.size(); ++i) {
    const yaml::Node* node = experts->items[i].find("name");
    if (node == nullptr) continue;
    if (node->text == name) return fmt::format("experts[{}]{}", i, path.substr(end));
    names.push_back(node->text);
  }
  const std::string hint = name.size() <= 64 ? did_you_mean(name, names) : "";
  problems.error({"--set " + path, 0, 0, {}},
                 fmt::format("there is no expert {}{}", in_quotes(name), hint),
                 fmt::format("the experts are: {}", detail::joined(names)));
  return std::nullopt;
}

/// For weights that are to be learned.
void put_equal_weights(MixtureFile& mixture, Problems& problems) {
  const bool refused = mixture.rule->weights == mix::WeightUse::kRefused;
  if (refused || !mixture.gate->needs_weights || !mixture.weights().empty()) return;
  for (ExpertEntry& expert : mixture.experts) {
    expert.weight = 1 / static_cast<double>(mixture.experts.size());
  }
  problems.note(mixture.gate_place, fmt::format("no weights are written, so learning starts from "
                                                "equal ones (1/{})",
                                                mixture.experts.size()));
}

}  // namespace

bool detail::apply_sets(yaml::Node& root, const MixtureOptions& options, Problems& problems) {
  bool good = true;
  for (const auto& [key, value] : options.set) {
    // A gate that nothing names has the default of the rule in the file.
    for (const auto& [choice, standard] :
         {std::pair("rule", "linear"), std::pair("gate", "share"), std::pair("mode", "exact")}) {
      if (key.starts_with(fmt::format("mixture.{}.", choice))) {
        open_choice(root, choice, standard);
      }
    }
    const auto path = by_place(root, key, problems);
    good = good && path;
    if (!path) continue;
    try {
      yaml::set_path(root, *path, value);
    } catch (const Error& error) {
      problems.error({}, error.what(),
                     "the form is --set KEY=VALUE, as in --set mixture.gate.rate=0.02 or --set "
                     "experts.math.weight=0.5");
      good = false;
    }
  }
  return good;
}

MixtureFile detail::read_document(const yaml::Node& root, const std::string& name,
                                  ReadContext& context, const MixtureOptions& options) {
  MixtureFile mixture;
  mixture.name = name;
  mixture.folder = context.folder;
  check_keys(context.problems, root, keys_of(Level::kTop), "a mixture file");
  const yaml::Node* top = root.find("mixture");
  mixture.place = top != nullptr ? top->place : root.place;
  if (!absent(top) && top->kind != yaml::Kind::kMap) {
    context.problems.error(top->place,
                           fmt::format("'mixture' must be a map, not {}", top->describe()),
                           "write, for example, mixture: {rule: linear, gate: share}");
    top = nullptr;
  }
  if (absent(top)) top = nullptr;
  if (top != nullptr) check_keys(context.problems, *top, keys_of(Level::kMixture), "'mixture'");
  const bool choices = read_choices(context, top, mixture);
  const bool experts = read_experts(context, root, mixture);
  const bool weights =
      options.weights.empty() || apply_weights(mixture, options.weights, context.problems);
  if (choices) check_mode(mixture, context.problems);
  if (choices && experts && options.equal_weights) put_equal_weights(mixture, context.problems);
  if (choices && experts && weights) check_experts(mixture, context.problems);
  return mixture;
}

std::vector<double> MixtureFile::weights() const {
  std::vector<double> out;
  for (const ExpertEntry& expert : experts) {
    if (expert.weight) out.push_back(*expert.weight);
  }
  return out;
}

std::vector<std::size_t> MixtureFile::rule_order() const {
  std::vector<std::size_t> order(experts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (rule->roles.empty()) return order;
  const auto rank = [&](std::size_t i) {
    return std::find(rule->roles.begin(), rule->roles.end(), experts[i].role);
  };
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return rank(a) < rank(b); });
  return order;
}

bool is_mixture(std::string_view text) {
  try {
    const yaml::Node root = yaml::parse_one(text, "");
    return root.kind == yaml::Kind::kMap && root.find("mixture") != nullptr;
  } catch (const Error&) {
    return false;  // broken YAML is no mixture: reading it as a recipe says what is wrong with it
  }
}

MixtureFile parse_mixture(std::string_view text, const fs::path& file,
                          const MixtureOptions& options, Problems& problems) {
  ReadContext context{problems, file.parent_path(), options.find_models};
  auto root = read_text(text, file.string(), problems);
  if (!root || !detail::apply_choices(*root, options.choices, problems) ||
      !detail::apply_sets(*root, options, problems)) {
    return {};
  }
  return detail::read_document(*root, file.string(), context, options);
}

MixtureFile read_mixture(const fs::path& file, const MixtureOptions& options, Problems& problems) {
  std::error_code ignored;
  if (fs::is_directory(file, ignored)) {
    problems.error({file.string(), 0, 0, {}}, "this is a folder, not a mixture",
                   "name the mixture's YAML file");
    return {};
  }
  return parse_mixture(read_text_file(file.string(), yaml::Limits().bytes), file, options,
                       problems);
}

}  // namespace mod::bundle
