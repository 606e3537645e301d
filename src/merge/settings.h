// Values of settings: which condition of a parameter applies to a tensor, what a gradient yields at
// a layer, and which of the places where a parameter may be written wins. Pure lookups in typed
// data.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "merge/recipe.h"

namespace mod::merge {

/// The tensor that a value is wanted for. Filters see `tensor_name`: the name in the input model
/// for per-model parameters, the name in the output for global ones.
struct SettingContext {
  std::string_view tensor_name;
  double position = 0;    // 0..1 through the layers of the slice (layer_position)
  bool in_layer = false;  // false: outside the layers, where a gradient yields its first value
};

/// Position of layer `index` of a slice of `count` layers: index / (count - 1), or 1 for one layer.
double layer_position(std::int64_t index, std::int64_t count);

/// Linear interpolation in evenly spaced anchors at `position` (clamped to 0..1). One number is
/// returned at every position; none yields 0.
double gradient_value(const std::vector<double>& anchors, double position);

/// The first condition of `param` that applies to the tensor; nullptr if none does.
const Condition* match(const Settings& settings, std::string_view param,
                       std::string_view tensor_name);

/// The value of `param` for the tensor; nothing if no condition matches or it holds strings.
std::optional<double> value_of(const Settings& settings, std::string_view param,
                               const SettingContext& context);

/// The places where a parameter may be written, strongest first. Null = no such place: `source` is
/// null for global parameters.
struct SettingLevels {
  const Settings* source = nullptr;
  const Settings* slice = nullptr;
  const Settings* module = nullptr;
  const Settings* top = nullptr;

  std::array<const Settings*, 4> in_order() const { return {source, slice, module, top}; }
};

/// The first value along the levels. A level whose conditions do not match is passed over. Nothing:
/// the method's default applies, or the parameter is missing.
std::optional<double> resolve(const SettingLevels& levels, std::string_view param,
                              const SettingContext& context);

/// As resolve, for string parameters (select, match); nullptr if there is no value. The result
/// lives as long as the settings.
const std::vector<std::string>* resolve_strings(const SettingLevels& levels, std::string_view param,
                                                std::string_view tensor_name);

/// The first setting of this name along the levels, whatever its filters say; nullptr if it is
/// written nowhere. For messages that need a place.
const Setting* written(const SettingLevels& levels, std::string_view param);

}  // namespace mod::merge
