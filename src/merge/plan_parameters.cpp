// Values of a method's parameters for one output tensor.
#include <fmt/format.h>

#include "merge/plan_builder.h"

namespace mod::merge::planning {
namespace {

class Filler {
 public:
  Filler(Builder& b, const OutputSlot& slot, const std::vector<Candidate>& candidates,
         TensorSpec& spec, bool report)
      : b_(b),
        slot_(slot),
        slice_(b.slices[static_cast<std::size_t>(slot.slice)]),
        candidates_(candidates),
        spec_(spec),
        report_(report) {}

  bool fill() {
    for (const ParamSpec& param : b_.plan.method->params) {
      if (param.type == ParamType::kString || param.type == ParamType::kStringList) {
        fill_strings(param);
      } else if (param.per_model) {
        for (std::size_t i = 0; i < candidates_.size(); ++i)
          fill_number(param, static_cast<int>(i));
      } else {
        fill_number(param, -1);
      }
    }
    return complete_;
  }

 private:
  SettingLevels levels(const Source* source) const {
    return {source ? &source->parameters : nullptr, slice_.parameters, &b_.recipe.module_parameters,
            &b_.recipe.parameters};
  }

  void fill_strings(const ParamSpec& param) {
    if (const auto* values = resolve_strings(levels(nullptr), param.name, slot_.name)) {
      spec_.params.set_strings(param.name, *values);
    } else if (param.has_default) {
      spec_.params.set_strings(param.name, {std::string(param.string)});
    }
  }

  /// `input`: candidate of a per-model parameter, -1 for a global one.
  void fill_number(const ParamSpec& param, int input) {
    const Candidate* candidate =
        input < 0 ? nullptr : &candidates_[static_cast<std::size_t>(input)];
    const Source* source =
        candidate ? &slice_.sources[static_cast<std::size_t>(candidate->source)] : nullptr;
    const SettingContext context{candidate ? std::string_view(candidate->name) : slot_.name,
                                 layer_position(slot_.index, slice_.length), slot_.in_layer};
    std::optional<double> value = resolve(levels(source), param.name, context);
    if (value) {
      check_flag(param, *value, source);
    } else if (!param.required) {
      if (!param.has_default) return;
      value = param.number;
    } else if (candidate && candidate->source == slice_.base) {
      return;
    } else {
      report_missing(param, source);
      return;
    }
    if (input < 0) {
      spec_.params.set(param.name, *value);
    } else {
      spec_.params.set(param.name, input, *value);
    }
  }

  const Place& place_of(const ParamSpec& param, const Source* source) const {
    const Setting* setting = written(levels(source), param.name);
    if (setting) return setting->place;
    return source ? source->place : b_.recipe.method_place;
  }

  void check_flag(const ParamSpec& param, double value, const Source* source) {
    if (param.type != ParamType::kBool || value == 0 || value == 1) return;
    complete_ = false;
    b_.tally.add(Severity::kError, place_of(param, source),
                 fmt::format("{} is a switch, but its value for {{0}} is {}", param.name, value),
                 "write true or false", slot_.name);
  }

  void report_missing(const ParamSpec& param, const Source* source) {
    complete_ = false;
    if (!report_) return;
    const bool is_written = written(levels(source), param.name) != nullptr;
    const std::string who = source ? " of " + b_.label(source->model) : std::string();
    const std::string why = is_written ? " (none of its filters matches)" : "";
    const std::string remedy =
        is_written
            ? fmt::format("add a last entry `- value: NUMBER` without a filter to {}", param.name)
        : source ? fmt::format(
                       "write `{}: NUMBER` under parameters: of this model, or under "
                       "parameters: at the top level for all",
                       param.name)
                 : fmt::format("write `{}: NUMBER` under parameters: at the top level", param.name);
    b_.tally.add(Severity::kError, place_of(param, source),
                 fmt::format("{} needs the parameter {}{}, which has no value for {{0}}{}",
                             b_.plan.method->name, param.name, who, why),
                 remedy, slot_.name);
  }

  Builder& b_;
  const OutputSlot& slot_;
  const SliceLayout& slice_;
  const std::vector<Candidate>& candidates_;
  TensorSpec& spec_;
  bool report_;
  bool complete_ = true;
};

}  // namespace

bool fill_parameters(Builder& b, const OutputSlot& slot, const std::vector<Candidate>& candidates,
                     TensorSpec& spec, bool required) {
  return Filler(b, slot, candidates, spec, required).fill();
}

}  // namespace mod::merge::planning
