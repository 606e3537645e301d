// Which keys each map of a recipe has, and what is said about the others. mergekit ignores unknown
// keys in silence, so recipes in the wild carry settings that never had an effect.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <span>
#include <vector>

#include "base/text.h"
#include "merge/recipe_reader.h"

namespace mod::merge::detail {

namespace {

using Names = std::span<const std::string_view>;

constexpr std::string_view kTopKeys[] = {
    "merge_method", "models",    "slices",           "modules",    "base_model",
    "dtype",        "out_dtype", "tokenizer_source", "tokenizer",  "chat_template",
    "parameters",   "seed",      "compute",          "moe_layout", "post"};
constexpr std::string_view kModelKeys[] = {"model", "parameters"};
constexpr std::string_view kSliceKeys[] = {"sources", "base_model", "residual_weight",
                                           "parameters"};
constexpr std::string_view kSourceKeys[] = {"model", "layer_range", "parameters"};
constexpr std::string_view kModuleKeys[] = {"slices", "models", "parameters"};
constexpr std::string_view kConditionKeys[] = {"value", "filter"};
constexpr std::string_view kReferenceKeys[] = {"model", "lora", "override_architecture"};
constexpr std::string_view kPathKeys[] = {"path", "revision"};
constexpr std::string_view kTokenizerKeys[] = {"source", "tokens", "pad_to_multiple_of",
                                               "keep_vocab_padding"};
constexpr std::string_view kTokenKeys[] = {"source", "force"};
constexpr std::string_view kModTopKeys[] = {"base_model", "experts", "model_kwargs", "weights"};
constexpr std::string_view kModExpertKeys[] = {"source_model"};

Names known_keys(Level level) {
  switch (level) {
    case Level::kTop:
      return kTopKeys;
    case Level::kModel:
      return kModelKeys;
    case Level::kSlice:
      return kSliceKeys;
    case Level::kSource:
      return kSourceKeys;
    case Level::kModule:
      return kModuleKeys;
    case Level::kCondition:
      return kConditionKeys;
    case Level::kReference:
      return kReferenceKeys;
    case Level::kPath:
      return kPathKeys;
    case Level::kTokenizer:
      return kTokenizerKeys;
    case Level::kToken:
      return kTokenKeys;
    case Level::kModTop:
      return kModTopKeys;
    case Level::kModExpert:
      return kModExpertKeys;
  }
  return {};
}

bool contains(Names names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool has_parameters(Level level) { return contains(known_keys(level), "parameters"); }

std::string joined(Names names) {
  std::string out;
  for (const std::string_view name : names) {
    if (!out.empty()) out += ", ";
    out += name;
  }
  return out;
}

void report_parameter(ReadContext& context, const std::string& key, const Place& place) {
  context.problems.warn(place,
                        fmt::format("{} has no effect here: it is a parameter", in_quotes(key)),
                        "move it under 'parameters:' of the same block");
}

void report_unknown(ReadContext& context, const std::string& key, const Place& place, Level level) {
  if (key == "embed_slerp" || key == "input_model_parameters") {
    context.problems.warn(
        place, fmt::format("{} has no effect: mergekit dropped it in January 2024", in_quotes(key)),
        "remove it");
    return;
  }
  if (has_parameters(level) && is_parameter_name(key)) return report_parameter(context, key, place);
  const bool mod_form = level == Level::kModTop || level == Level::kModExpert;
  const std::string_view home = mod_form ? std::string_view() : home_of_key(key);
  const Names known = known_keys(level);
  if (!home.empty()) {
    context.problems.warn(
        place, fmt::format("{} has no effect here: it belongs to {}", in_quotes(key), home),
        "move it");
    return;
  }
  const std::string hint = key.size() <= 64 ? did_you_mean(key, known) : "";
  context.problems.warn(place,
                        fmt::format("unknown key {}{}; it has no effect", in_quotes(key), hint),
                        fmt::format("known here: {}", joined(known)));
}

struct Home {
  std::string_view key, place;
};

constexpr std::string_view kTop = "the top level of the recipe";
constexpr std::string_view kSlice = "an entry of 'slices'";
constexpr std::string_view kTokenizer = "the top-level 'tokenizer'";
constexpr Home kHomes[] = {
    {"merge_method", kTop},
    {"models", kTop},
    {"slices", kTop},
    {"modules", kTop},
    {"base_model", kTop},
    {"dtype", kTop},
    {"out_dtype", kTop},
    {"tokenizer_source", kTop},
    {"tokenizer", kTop},
    {"chat_template", kTop},
    {"seed", kTop},
    {"compute", kTop},
    {"moe_layout", kTop},
    {"post", kTop},
    {"sources", kSlice},
    {"residual_weight", kSlice},
    {"layer_range", "an entry of 'sources' of a slice"},
    {"model", "an entry of 'models' or of 'sources'"},
    {"lora", "a model in mapping form ({model: ..., lora: ...})"},
    {"override_architecture", "a model in mapping form ({model: ..., override_architecture: ...})"},
    {"filter", "a parameter's list of {value, filter}"},
    {"tokens", kTokenizer},
    {"pad_to_multiple_of", kTokenizer},
    {"keep_vocab_padding", kTokenizer},
    {"name", "a pipeline of several recipes"},
};

// Parameters of mergekit's methods that are not built here yet.
constexpr std::string_view kOtherParameters[] = {"t",
                                                 "weight",
                                                 "density",
                                                 "lambda",
                                                 "normalize",
                                                 "int8_mask",
                                                 "rescale",
                                                 "gamma",
                                                 "epsilon",
                                                 "scale",
                                                 "filter_wise",
                                                 "eps",
                                                 "max_iter",
                                                 "tol",
                                                 "select_topk",
                                                 "normalize_weights",
                                                 "r",
                                                 "alpha",
                                                 "nuslerp_row_wise",
                                                 "nuslerp_flatten",
                                                 "rescale_inverse_p",
                                                 "select",
                                                 "match"};

}  // namespace

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kShown = 80;
  if (text.size() <= kShown) return fmt::format("'{}'", text);
  std::size_t cut = kShown;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
  return fmt::format("'{}...'", text.substr(0, cut));
}

bool absent(const yaml::Node* node) { return !node || node->is_null(); }

std::string_view home_of_key(std::string_view key) {
  for (const Home& home : kHomes) {
    if (home.key == key) return home.place;
  }
  return {};
}

bool is_parameter_name(std::string_view name) {
  if (contains(kOtherParameters, name)) return true;
  for (const MethodInfo* method : methods()) {
    for (const ParamSpec& spec : method->params) {
      if (spec.name == name) return true;
    }
  }
  return false;
}

void check_keys(ReadContext& context, const yaml::Node& map, Level level) {
  const std::set<std::string_view> twice(map.duplicates.begin(), map.duplicates.end());
  const Names known = known_keys(level);
  for (const auto& [key, value] : map.entries) {
    if (twice.contains(key)) {
      context.problems.warn(
          value.place, fmt::format("key {} is written twice; the last one counts", in_quotes(key)),
          "remove the other one");
    }
    if (!contains(known, key)) report_unknown(context, key, value.place, level);
  }
}

}  // namespace mod::merge::detail
