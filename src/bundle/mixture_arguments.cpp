// Mixtures without a file (--expert, --rule, --gate, --mode), and --weights.
#include <fmt/format.h>

#include <cmath>

#include "base/text.h"
#include "base/yaml_scalar.h"
#include "bundle/mixture_reader.h"
#include "mod/error.h"

namespace mod::bundle {
namespace {

using detail::in_quotes;

std::optional<double> weight_of(std::string_view text) {
  const auto number = yaml::lenient_number(text);
  return number && std::isfinite(*number) ? number : std::nullopt;
}

yaml::Node text_node(std::string_view text, const Place& place) {
  yaml::Node node;
  node.kind = yaml::Kind::kString;
  node.text = text;
  node.quoted = true;
  node.place = place;
  return node;
}

yaml::Node number_node(double value, const Place& place) {
  yaml::Node node;
  node.kind = yaml::Kind::kFloat;
  node.number = value;
  node.place = place;
  return node;
}

/// NAME=MODEL[@WEIGHT] as an entry of `experts`.
std::optional<yaml::Node> expert_node(std::string_view text, Problems& problems) {
  const Place place{fmt::format("--expert {}", text), 0, 0, {}};
  const std::size_t equals = text.find('=');
  if (equals == text.npos || equals == 0 || equals + 1 == text.size()) {
    problems.error(place, "this is no expert",
                   "write NAME=MODEL or NAME=MODEL@WEIGHT, as in --expert math=models/math@0.5");
    return std::nullopt;
  }
  std::string_view model = text.substr(equals + 1);
  std::optional<double> weight;
  if (const std::size_t at = model.rfind('@'); at != model.npos && at > 0) {
    weight = weight_of(model.substr(at + 1));
    if (weight) model = model.substr(0, at);
  }
  yaml::Node node;
  node.kind = yaml::Kind::kMap;
  node.place = place;
  node.entries.emplace_back("name", text_node(text.substr(0, equals), place));
  node.entries.emplace_back("model", text_node(model, place));
  if (weight) node.entries.emplace_back("weight", number_node(*weight, place));
  return node;
}

/// A name, or a map in YAML.
std::optional<yaml::Node> choice_node(std::string_view option, const std::string& text,
                                      Problems& problems) {
  const std::string where = fmt::format("--{} {}", option, text);
  if (!text.starts_with('{')) return text_node(text, {where, 0, 0, {}});
  try {
    yaml::Node node = yaml::parse_one(text, where);
    return node;
  } catch (const Error& error) {
    problems.error(
        {}, error.what(),
        fmt::format("the form is --{} NAME or --{} '{{kind: NAME, ...}}'", option, option));
    return std::nullopt;
  }
}

yaml::Node* entry(yaml::Node& map, std::string_view key) {
  for (auto& [name, value] : map.entries) {
    if (name == key) return &value;
  }
  return nullptr;
}

std::optional<yaml::Node> document_of(const std::vector<std::string>& given,
                                      const MixtureChoices& choices, Problems& problems) {
  const Place place{"the command line", 0, 0, {}};
  yaml::Node root, mixture, experts;
  root.kind = mixture.kind = yaml::Kind::kMap;
  experts.kind = yaml::Kind::kSequence;
  root.place = mixture.place = experts.place = place;
  bool good = true;
  for (const std::string& text : given) {
    auto node = expert_node(text, problems);
    good = good && node;
    if (node) experts.items.push_back(std::move(*node));
  }
  if (given.empty()) {
    problems.error(place, "the mixture has no expert", "write --expert NAME=MODEL for each");
    good = false;
  }
  root.entries.emplace_back("mixture", std::move(mixture));
  root.entries.emplace_back("experts", std::move(experts));
  if (!detail::apply_choices(root, choices, problems) || !good) return std::nullopt;
  return root;
}

ExpertEntry* find_expert(MixtureFile& mixture, std::string_view name) {
  for (ExpertEntry& expert : mixture.experts) {
    if (expert.name == name) return &expert;
  }
  return nullptr;
}

/// One NAME=W of --weights.
bool apply_weight(MixtureFile& mixture, std::string_view part, const Place& place,
                  Problems& problems) {
  const std::size_t equals = part.find('=');
  const auto weight = equals == part.npos ? std::nullopt : weight_of(part.substr(equals + 1));
  if (!weight) {
    problems.error(place, fmt::format("{} is not NAME=NUMBER", in_quotes(part)),
                   "the form is --weights math=0.7,code=0.3");
    return false;
  }
  const std::string_view name = part.substr(0, equals);
  if (ExpertEntry* expert = find_expert(mixture, name)) {
    expert->weight = weight;
    return true;
  }
  std::vector<std::string_view> names;
  for (const ExpertEntry& expert : mixture.experts) names.push_back(expert.name);
  const std::string hint = name.size() <= 64 ? did_you_mean(name, names) : "";
  problems.error(place, fmt::format("there is no expert {}{}", in_quotes(name), hint),
                 fmt::format("the experts are: {}", detail::joined(names)));
  return false;
}

}  // namespace

bool detail::apply_choices(yaml::Node& root, const MixtureChoices& choices, Problems& problems) {
  bool good = true;
  for (const auto& [option, text] :
       {std::pair("rule", &choices.rule), std::pair("gate", &choices.gate),
        std::pair("mode", &choices.mode)}) {
    if (text->empty()) continue;
    auto node = choice_node(option, *text, problems);
    good = good && node;
    yaml::Node* mixture = entry(root, "mixture");
    if (!node || !mixture || (mixture->kind != yaml::Kind::kMap && !mixture->is_null())) continue;
    mixture->kind = yaml::Kind::kMap;  // an empty one reads as null
    mixture->text.clear();
    if (yaml::Node* written = entry(*mixture, option)) {
      *written = std::move(*node);
    } else {
      mixture->entries.emplace_back(option, std::move(*node));
    }
  }
  return good;
}

bool detail::apply_weights(MixtureFile& mixture, std::string_view weights, Problems& problems) {
  const Place place{fmt::format("--weights {}", weights), 0, 0, {}};
  bool good = true;
  for (std::size_t at = 0; at <= weights.size();) {
    const std::size_t end = std::min(weights.find(',', at), weights.size());
    good = apply_weight(mixture, weights.substr(at, end - at), place, problems) && good;
    at = end + 1;
  }
  return good;
}

void override_weights(MixtureFile& mixture, std::string_view weights, Problems& problems) {
  if (detail::apply_weights(mixture, weights, problems)) {
    detail::check_experts(mixture, problems);
  }
}

MixtureFile mixture_of_experts(const std::vector<std::string>& experts,
                               const MixtureOptions& options, Problems& problems) {
  auto root = document_of(experts, options.choices, problems);
  if (!root || !detail::apply_sets(*root, options, problems)) return {};
  detail::ReadContext context{problems, {}, options.find_models};
  return detail::read_document(*root, "the command line", context, options);
}

}  // namespace mod::bundle
