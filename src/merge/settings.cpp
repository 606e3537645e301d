#include "merge/settings.h"

#include <algorithm>

namespace mod::merge {

namespace {

bool applies(const Condition& condition, std::string_view tensor_name) {
  if (!condition.filter || *condition.filter == "*") return true;
  return tensor_name.find(*condition.filter) != std::string_view::npos;
}

}  // namespace

double layer_position(std::int64_t index, std::int64_t count) {
  if (count <= 1) return 1.0;
  return static_cast<double>(index) / static_cast<double>(count - 1);
}

double gradient_value(const std::vector<double>& anchors, double position) {
  if (anchors.empty()) return 0.0;
  if (anchors.size() == 1) return anchors[0];
  // The negated comparison also sends NaN to the first anchor.
  const double t = !(position > 0.0) ? 0.0 : std::min(position, 1.0);
  const double scaled = t * static_cast<double>(anchors.size() - 1);
  const auto left = static_cast<std::size_t>(scaled);
  const std::size_t right = std::min(anchors.size() - 1, left + 1);
  const double share = scaled - static_cast<double>(left);
  return (1.0 - share) * anchors[left] + share * anchors[right];
}

const Condition* match(const Settings& settings, std::string_view param,
                       std::string_view tensor_name) {
  // A name can stand twice: entries of a model that is listed twice are kept in order.
  for (const Setting& setting : settings) {
    if (setting.name != param) continue;
    for (const Condition& condition : setting.conditions) {
      if (applies(condition, tensor_name)) return &condition;
    }
  }
  return nullptr;
}

std::optional<double> value_of(const Settings& settings, std::string_view param,
                               const SettingContext& context) {
  const Condition* condition = match(settings, param, context.tensor_name);
  if (!condition || condition->numbers.empty()) return std::nullopt;
  return gradient_value(condition->numbers, context.in_layer ? context.position : 0.0);
}

std::optional<double> resolve(const SettingLevels& levels, std::string_view param,
                              const SettingContext& context) {
  for (const Settings* settings : levels.in_order()) {
    if (!settings) continue;
    if (const auto value = value_of(*settings, param, context)) return value;
  }
  return std::nullopt;
}

const std::vector<std::string>* resolve_strings(const SettingLevels& levels, std::string_view param,
                                                std::string_view tensor_name) {
  for (const Settings* settings : levels.in_order()) {
    if (!settings) continue;
    const Condition* condition = match(*settings, param, tensor_name);
    if (condition && !condition->strings.empty()) return &condition->strings;
  }
  return nullptr;
}

const Setting* written(const SettingLevels& levels, std::string_view param) {
  for (const Settings* settings : levels.in_order()) {
    if (!settings) continue;
    for (const Setting& setting : *settings) {
      if (setting.name == param) return &setting;
    }
  }
  return nullptr;
}

}  // namespace mod::merge
