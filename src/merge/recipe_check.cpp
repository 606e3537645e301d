// What a method demands of the recipe as a whole. Whatever needs a model's tensors is left to the
// plan.
#include <fmt/format.h>

#include <algorithm>

#include "merge/recipe_reader.h"
#include "merge/settings.h"

namespace mod::merge::detail {

namespace {

/// The inputs that one slice (or `models`) gives to the method, and their parameter levels.
struct Group {
  const std::vector<InputModel>* inputs;
  const Settings* slice = nullptr;
  const ModelRef* base = nullptr;
  Place place;
  bool is_slice = false;
};

std::vector<Group> groups_of(const Recipe& recipe) {
  const ModelRef* base = recipe.base_model ? &*recipe.base_model : nullptr;
  std::vector<Group> out;
  if (!recipe.models.empty()) {
    out.push_back({&recipe.models, nullptr, base, recipe.method_place, false});
  }
  for (const Slice& slice : recipe.slices) {
    const ModelRef* own = slice.base_model ? &*slice.base_model : base;
    out.push_back({&slice.sources, &slice.parameters, own, slice.place, true});
  }
  return out;
}

bool lists(const Group& group, const ModelRef& ref) {
  return std::any_of(group.inputs->begin(), group.inputs->end(),
                     [&](const InputModel& input) { return input.model == ref; });
}

bool takes_base(const MethodInfo& method) { return method.base != BaseRole::kDonor; }

std::string number_of_models(int count) {
  return fmt::format("{} {}", count, count == 1 ? "model" : "models");
}

void check_count(ReadContext& context, const Group& group) {
  const MethodInfo& method = *context.method;
  int count = static_cast<int>(group.inputs->size());
  const bool base_listed = group.base && lists(group, *group.base);
  if (takes_base(method) && base_listed) --count;
  // mergekit appends the base to `models`, which a method for one model cannot take.
  const bool appended = !takes_base(method) && method.max_models == 1 && !group.is_slice &&
                        group.base && !base_listed;
  if (appended) ++count;
  const bool few = count < method.min_models;
  const bool many = method.max_models >= 0 && count > method.max_models;
  if (!few && !many) return;
  std::string wanted = (few ? "at least " : "at most ") +
                       number_of_models(few ? method.min_models : method.max_models);
  if (method.min_models == method.max_models) {
    wanted = fmt::format("exactly {}", number_of_models(method.min_models));
  }
  std::string text = fmt::format("method '{}' takes {}", method.name, wanted);
  if (takes_base(method)) text += " besides the base model";
  text += fmt::format(", here are {}", count);
  std::string remedy = few ? "add models" : "remove models";
  if (appended) {
    text += " (with 'models:' a separate base_model counts as one more)";
    remedy = "remove base_model";
  }
  context.problems.error(group.place, text, remedy);
}

std::string source_entry(const Group& group, const ModelRef& base) {
  std::string range = "[FIRST, END]";
  if (!group.inputs->empty() && group.inputs->front().layer_range) {
    const auto& [begin, end] = *group.inputs->front().layer_range;
    range = fmt::format("[{}, {}]", begin, end);
  }
  return fmt::format("add to its sources: '- {{model: {}, layer_range: {}}}'", base.text(), range);
}

void check_base(ReadContext& context, const Group& group) {
  const MethodInfo& method = *context.method;
  if (!takes_base(method)) return;
  const std::string name = fmt::format("method '{}'", method.name);
  if (!group.base) {
    if (method.base == BaseRole::kRequired) {
      context.problems.error(group.place, fmt::format("{} needs a base model", name),
                             "write 'base_model: PATH' at the top level");
    }
    return;
  }
  if (!group.is_slice || lists(group, *group.base)) return;
  context.problems.error(
      group.place,
      fmt::format("{} works on the base model, but this slice does not list {} among its sources",
                  name, in_quotes(group.base->text())),
      source_entry(group, *group.base));
}

SettingLevels levels_of(const Recipe& recipe, const Group& group) {
  SettingLevels levels;
  levels.slice = group.slice;
  levels.module = &recipe.module_parameters;
  levels.top = &recipe.parameters;
  return levels;
}

void check_required(ReadContext& context, const Recipe& recipe, const Group& group) {
  const MethodInfo& method = *context.method;
  for (const ParamSpec& spec : method.params) {
    if (!spec.required) continue;
    if (written(levels_of(recipe, group), spec.name)) continue;
    const std::string what =
        fmt::format("method '{}' needs the parameter '{}'", method.name, spec.name);
    if (!spec.per_model) {
      context.problems.error(group.place, what, "write it under the top-level 'parameters:'");
      continue;
    }
    for (const InputModel& input : *group.inputs) {
      if (takes_base(method) && group.base && input.model == *group.base) continue;
      if (written({.source = &input.parameters}, spec.name)) continue;
      context.problems.error(
          input.place, fmt::format("{} for model {}", what, in_quotes(input.model.text())),
          fmt::format("write 'parameters: {{{}: 0.5}}' beside this model, or one value for all "
                      "models under the top-level 'parameters:'",
                      spec.name));
    }
  }
}

/// Whether `name` is switched on by a plain value at any level that all models share.
const Setting* switched_on(const Recipe& recipe, std::string_view name) {
  const auto search = [&](const Settings& settings) -> const Setting* {
    for (const Setting& setting : settings) {
      if (setting.name != name) continue;
      for (const Condition& condition : setting.conditions) {
        if (!condition.numbers.empty() && condition.numbers.front() != 0) return &setting;
      }
    }
    return nullptr;
  };
  if (const Setting* found = search(recipe.parameters)) return found;
  if (const Setting* found = search(recipe.module_parameters)) return found;
  for (const Slice& slice : recipe.slices) {
    if (const Setting* found = search(slice.parameters)) return found;
  }
  return nullptr;
}

const ParamSpec* spec_of(const MethodInfo& method, std::string_view name) {
  for (const ParamSpec& spec : method.params) {
    if (spec.name == name) return &spec;
  }
  return nullptr;
}

void check_rescale(ReadContext& context, const Recipe& recipe) {
  if (!spec_of(*context.method, "rescale_inverse_p")) return;
  const Setting* inverse = switched_on(recipe, "rescale_inverse_p");
  if (inverse && switched_on(recipe, "rescale")) {
    context.problems.error(inverse->place, "'rescale_inverse_p' and 'rescale' exclude each other",
                           "keep one of them");
  }
}

/// With one task vector and normalize, the sum is divided by the only weight.
void warn_lone_weight(ReadContext& context, const Recipe& recipe, const Group& group) {
  const MethodInfo& method = *context.method;
  const ParamSpec* normalize = spec_of(method, "normalize");
  if (method.base != BaseRole::kRequired || !normalize || !group.base) return;
  const auto count = static_cast<int>(group.inputs->size()) - (lists(group, *group.base) ? 1 : 0);
  if (count != 1) return;
  const SettingContext everywhere{};
  const double on =
      resolve(levels_of(recipe, group), "normalize", everywhere).value_or(normalize->number);
  if (on == 0) return;
  context.problems.warn(group.place,
                        "with one model besides the base, 'normalize: true' makes its weight 1 "
                        "whatever is written",
                        "write 'normalize: false' under the top-level 'parameters:' to keep the "
                        "weight");
}

void check_select(ReadContext& context, const Recipe& recipe) {
  if (context.method->name != "mod") return;
  for (const Settings* settings : {&recipe.parameters, &recipe.module_parameters}) {
    for (const Setting& setting : *settings) {
      if (setting.name != "select") continue;
      for (const Condition& condition : setting.conditions) {
        for (const std::string& word : condition.strings) {
          if (word == "reference" || word == "random" || word == "rank") continue;
          context.problems.error(setting.place, fmt::format("unknown 'select' {}", in_quotes(word)),
                                 "allowed: reference, random, rank");
        }
      }
    }
  }
}

}  // namespace

void check_method_use(ReadContext& context, const Recipe& recipe) {
  if (!context.method || !context.inputs_complete) return;
  for (const Group& group : groups_of(recipe)) {
    check_count(context, group);
    check_base(context, group);
    check_required(context, recipe, group);
    warn_lone_weight(context, recipe, group);
  }
  check_rescale(context, recipe);
  check_select(context, recipe);
  if (context.method->name == "passthrough" && !recipe.slices.empty() && !recipe.base_model) {
    context.problems.note(
        recipe.method_place,
        fmt::format("without base_model, config and tokenizer come from the first model: {}",
                    in_quotes(recipe.referenced_models().empty()
                                  ? std::string()
                                  : recipe.referenced_models().front().text())),
        "name another one with base_model");
  }
}

}  // namespace mod::merge::detail
