// From models: or slices: to one list of slices with checked layer ranges, bases and model counts.
#include <fmt/format.h>

#include <algorithm>

#include "merge/plan_builder.h"

namespace mod::merge::planning {
namespace {

/// The same model again: the later entry's layers win, the first entry's parameters come first.
void add_source(Builder& b, SliceLayout& slice, Source source) {
  for (Source& earlier : slice.sources) {
    if (earlier.model != source.model) continue;
    b.problems.warn(source.place,
                    fmt::format("{} is listed twice; the entries count as one input with the first "
                                "entry's parameters and the last entry's layers",
                                b.label(source.model)),
                    "list each model once");
    earlier.begin = source.begin;
    earlier.end = source.end;
    earlier.parameters.insert(earlier.parameters.end(), source.parameters.begin(),
                              source.parameters.end());
    return;
  }
  slice.sources.push_back(std::move(source));
}

/// False: the layers that the recipe asks for do not exist, and planning cannot go on.
bool check_range(Builder& b, const Source& source) {
  const std::int64_t layers = b.maps[static_cast<std::size_t>(source.model)].layers();
  if (source.begin >= 0 && source.begin <= source.end && source.end <= layers) return true;
  b.problems.error(source.place,
                   fmt::format("layer_range [{}, {}) does not fit {}, which has {} layers",
                               source.begin, source.end, b.label(source.model), layers),
                   fmt::format("use a range within [0, {})", layers));
  return false;
}

/// Sets the base of a slice where the method uses one.
void find_base(Builder& b, SliceLayout& slice, const std::optional<ModelRef>& base,
               const std::string& entry) {
  const MethodInfo& method = *b.plan.method;
  if (method.base == BaseRole::kDonor) return;
  if (!base) {
    if (method.base == BaseRole::kRequired) {
      b.wrong_inputs = true;
      b.problems.error(b.recipe_place(), fmt::format("{} needs a base_model", method.name),
                       "add `base_model: MODEL` at the top level of the recipe");
    }
    return;
  }
  const int model = b.find_model(*base);
  for (std::size_t i = 0; i < slice.sources.size(); ++i) {
    if (slice.sources[i].model == model) slice.base = static_cast<int>(i);
  }
  if (slice.base < 0 && method.base == BaseRole::kRequired) {
    b.wrong_inputs = true;
    b.problems.error(
        slice.place,
        fmt::format("{} works on differences from the base, but base_model {} is not among the "
                    "sources of this slice",
                    method.name, base->text()),
        fmt::format("add the source entry `{}`", entry));
  }
}

void check_count(Builder& b, const SliceLayout& slice) {
  const MethodInfo& method = *b.plan.method;
  const int base = slice.base >= 0 ? 1 : 0;
  if (base == 0 && method.base == BaseRole::kRequired) return;  // told already
  const int count = static_cast<int>(slice.sources.size()) - base;
  const bool few = count < method.min_models;
  const bool many = method.max_models >= 0 && count > method.max_models;
  if (!few && !many) return;
  b.wrong_inputs = true;
  const std::string wanted = method.min_models == method.max_models
                                 ? fmt::format("exactly {}", method.min_models)
                             : many ? fmt::format("at most {}", method.max_models)
                                    : fmt::format("at least {}", method.min_models);
  b.problems.error(slice.place,
                   fmt::format("{} takes {} model{}{}, but this names {}", method.name, wanted,
                               (few ? method.min_models : method.max_models) == 1 ? "" : "s",
                               method.base == BaseRole::kDonor ? "" : " besides the base", count),
                   "correct the list of models");
}

bool writes_top_level(const Recipe& recipe, std::string_view name) {
  auto has = [&](const Settings& settings) {
    return std::any_of(settings.begin(), settings.end(),
                       [&](const Setting& s) { return s.name == name; });
  };
  return has(recipe.parameters) || has(recipe.module_parameters);
}

/// A base that models: does not list joins as the last input, without parameters of its own.
void append_base(Builder& b, SliceLayout& slice) {
  const MethodInfo& method = *b.plan.method;
  const int model = b.find_model(*b.recipe.base_model);
  if (model < 0) return;
  for (const Source& source : slice.sources) {
    if (source.model == model) return;
  }
  const std::int64_t layers = b.maps[static_cast<std::size_t>(model)].layers();
  if (method.base == BaseRole::kDonor) {
    if (method.name == "passthrough") {
      b.problems.error(
          b.recipe.base_model->place,
          fmt::format("passthrough takes one model, but base_model {} would be a second",
                      b.label(model)),
          "remove base_model");
      return;
    }
    // Only linear gives an unlisted base a share, and only if a weight is there for it.
    if (method.name != "linear" || !writes_top_level(b.recipe, "weight")) return;
  }
  slice.sources.push_back({model, 0, layers, {}, b.recipe.base_model->place});
}

bool lay_out_models(Builder& b) {
  SliceLayout slice;
  if (b.recipe.models.empty()) {
    b.problems.error(b.recipe_place(), "the recipe lists no models", "list them under models:");
    return false;
  }
  slice.place = b.recipe.models.front().place;
  for (const InputModel& input : b.recipe.models) {
    const int model = b.find_model(input.model);
    const std::int64_t layers = b.maps[static_cast<std::size_t>(model)].layers();
    add_source(b, slice, {model, 0, layers, input.parameters, input.place});
  }
  if (b.recipe.base_model) append_base(b, slice);
  find_base(b, slice, b.recipe.base_model, "- model: BASE");
  check_count(b, slice);
  b.slices.push_back(std::move(slice));
  return true;
}

bool lay_out_slice(Builder& b, const Slice& written) {
  SliceLayout slice;
  slice.place = written.place;
  slice.parameters = &written.parameters;
  bool good = true;
  for (const InputModel& input : written.sources) {
    const auto range = input.layer_range.value_or(std::pair<std::int64_t, std::int64_t>{0, 0});
    Source source{b.find_model(input.model), range.first, range.second, input.parameters,
                  input.place};
    good = check_range(b, source) && good;
    add_source(b, slice, std::move(source));
  }
  if (slice.sources.empty()) {
    b.problems.error(slice.place, "this slice has no sources", "list at least one under sources:");
    return false;
  }
  const auto& base = written.base_model ? written.base_model : b.recipe.base_model;
  const std::string entry =
      base ? fmt::format("- model: {}\n    layer_range: [{}, {}]", base->text(),
                         slice.sources.front().begin, slice.sources.front().end)
           : "";
  find_base(b, slice, base, entry);
  check_count(b, slice);
  b.slices.push_back(std::move(slice));
  return good;
}

bool check_lengths(Builder& b, const SliceLayout& slice) {
  const Source& first = slice.sources.front();
  bool good = true;
  for (const Source& source : slice.sources) {
    if (source.end - source.begin == first.end - first.begin) continue;
    good = false;
    const bool models = slice.parameters == nullptr;
    b.problems.error(
        source.place,
        fmt::format("unequal numbers of layers: {} gives {}, {} gives {}", b.label(first.model),
                    first.end - first.begin, b.label(source.model), source.end - source.begin),
        models ? "models with different layer counts can only be combined with slices:"
               : "all sources of a slice need layer ranges of one length");
  }
  return good;
}

}  // namespace

bool lay_out_slices(Builder& b) {
  bool good = true;
  if (b.recipe.slices.empty()) {
    good = lay_out_models(b);
  } else {
    for (const Slice& slice : b.recipe.slices) good = lay_out_slice(b, slice) && good;
  }
  for (SliceLayout& slice : b.slices) {
    good = check_lengths(b, slice) && good;
    slice.first = b.layers;
    slice.length =
        std::max<std::int64_t>(0, slice.sources.front().end - slice.sources.front().begin);
    b.layers += slice.length;
    for (const Source& source : slice.sources) b.renumbered |= source.begin != slice.first;
  }
  b.renumbered |= b.layers != b.maps[static_cast<std::size_t>(b.plan.donor)].layers();
  return good;
}

}  // namespace mod::merge::planning
