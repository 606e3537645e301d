// Opening the models of a recipe and agreeing on their architecture.
#include <fmt/format.h>

#include <algorithm>

#include "arch/infer.h"
#include "merge/plan_builder.h"
#include "mod/error.h"

namespace mod::merge::planning {
namespace {

using checkpoint::Json;

std::vector<ModelRef> all_references(const Recipe& recipe) {
  std::vector<ModelRef> refs = recipe.referenced_models();
  for (const Slice& slice : recipe.slices) {
    if (slice.base_model && std::find(refs.begin(), refs.end(), *slice.base_model) == refs.end()) {
      refs.push_back(*slice.base_model);
    }
  }
  return refs;
}

/// GPTQ, AWQ, bitsandbytes and FP8 with scales: refused by name, never merged as if they were
/// weights.
void refuse_quantised(Builder& b, const PlanModel& model) {
  const checkpoint::Checkpoint& weights = *model.folder.weights;
  std::string first;
  std::size_t count = 0;
  for (const checkpoint::TensorInfo& t : weights.tensors()) {
    if (t.dtype != DType::F8_E4M3 && t.dtype != DType::F8_E5M2) continue;
    const std::string stem = t.name.substr(0, t.name.rfind('.'));
    for (const std::string& name :
         {t.name + "_scale", t.name + "_scale_inv", t.name + "_scales", stem + ".weight_scale",
          stem + ".weight_scale_inv", stem + ".scale", stem + ".input_scale"}) {
      if (!weights.find(name)) continue;
      if (count++ == 0) first = t.name + " with " + name;
      break;
    }
  }
  if (count > 0) {
    b.problems.error(
        model.ref.place,
        fmt::format(
            "FP8 weights with scale tensors are not supported yet: {} holds {} ({} tensors)",
            model.label, first, count),
        "use a bfloat16 version of the model, or dequantise it first");
    return;
  }
  for (const char* path : {"quantization_config", "text_config.quantization_config"}) {
    const Json* quantisation = arch::find_key(model.folder.config, path);
    if (!quantisation || !quantisation->is_object() || quantisation->empty()) continue;
    const auto method = arch::config_string(*quantisation, "quant_method");
    b.problems.error(model.ref.place,
                     fmt::format("{} is quantised ({}), which is not supported yet", model.label,
                                 method.value_or("quantization_config in its config.json")),
                     "use the unquantised model");
    return;
  }
}

void open_one(Builder& b, const ModelRef& ref) {
  if (!ref.lora.empty()) {
    b.problems.error(ref.place, "LoRA references (" + ref.text() + ") are not supported yet",
                     "merge the adapter into its model first");
    return;
  }
  try {
    PlanModel model;
    model.ref = ref;
    model.label = ref.text();
    const auto folder = checkpoint::resolve_model(ref.model, ref.revision, b.recipe.folder);
    Problems notes;
    model.folder = checkpoint::open_model(folder, notes);
    b.problems.append(notes);
    refuse_quantised(b, model);
    b.plan.models.push_back(std::move(model));
  } catch (const Error& e) {
    b.problems.error(ref.place, e.what());
  }
}

void warn_same_folder(Builder& b) {
  const auto& models = b.plan.models;
  for (std::size_t i = 0; i < models.size(); ++i) {
    for (std::size_t j = i + 1; j < models.size(); ++j) {
      std::error_code ignored;
      if (!std::filesystem::equivalent(models[i].folder.path, models[j].folder.path, ignored))
        continue;
      b.problems.warn(models[j].ref.place,
                      fmt::format("{} and {} are the same model spelled differently; they count as "
                                  "two inputs",
                                  models[i].label, models[j].label),
                      "use one spelling");
    }
  }
}

struct Identity {
  const arch::Architecture* definition = nullptr;
  std::string text;  // for comparison and messages
  bool valid = true;
};

Identity identify(Builder& b, const PlanModel& model) {
  const Json& config = model.folder.config;
  const std::string type = arch::config_string(config, "model_type").value_or("");
  std::string class_name = model.ref.override_architecture;
  if (class_name.empty()) {
    const Json* list = arch::find_key(config, "architectures");
    if (list && list->is_array() && list->size() > 1) {
      b.problems.error(model.ref.place,
                       fmt::format("the config of {} names {} architectures; exactly one is needed",
                                   model.label, list->size()),
                       "keep one entry, or choose with override_architecture in the mapping form");
      return {nullptr, "", false};
    }
    if (list && list->is_array() && list->size() == 1 && (*list)[0].is_string()) {
      class_name = (*list)[0].get<std::string>();
    }
  }
  const arch::Architecture* definition = arch::find_architecture(class_name, type);
  if (definition) return {definition, definition->id};
  return {nullptr, class_name.empty() ? type : class_name};
}

void report_difference(Builder& b, int other, const std::string& ours, const std::string& theirs) {
  const std::string text = fmt::format("different architectures: {} is {}, {} is {}",
                                       b.label(b.plan.donor), ours.empty() ? "unknown" : ours,
                                       b.label(other), theirs.empty() ? "unknown" : theirs);
  if (b.options.allow_crimes) {
    b.problems.warn(b.place(other),
                    text + "; the architecture of " + b.label(b.plan.donor) + " is used");
  } else {
    b.problems.error(b.place(other), text,
                     "merge models of one architecture, or try --allow-crimes");
  }
}

void infer(Builder& b) {
  std::vector<const checkpoint::ModelFolder*> folders = {
      &b.plan.models[static_cast<std::size_t>(b.plan.donor)].folder};
  for (const PlanModel& model : b.plan.models) {
    if (&model.folder != folders.front()) folders.push_back(&model.folder);
  }
  b.inferred = arch::infer_architecture(folders);
  b.architecture = &*b.inferred;
}

}  // namespace

bool open_models(Builder& b) {
  for (const ModelRef& ref : all_references(b.recipe)) open_one(b, ref);
  if (b.problems.has_errors()) return false;
  if (b.plan.models.empty()) {
    b.problems.error(b.recipe_place(), "the recipe names no models", "list them under models:");
    return false;
  }
  warn_same_folder(b);
  if (b.recipe.base_model && !b.recipe.from_mod_repository) {
    b.plan.donor = std::max(0, b.find_model(*b.recipe.base_model));
  }
  return true;
}

bool choose_architecture(Builder& b) {
  const std::size_t errors = b.problems.count(Severity::kError);
  std::vector<Identity> found;
  bool all_known = true, valid = true;
  for (const PlanModel& model : b.plan.models) {
    found.push_back(identify(b, model));
    all_known = all_known && found.back().definition;
    valid = valid && found.back().valid;
  }
  if (!valid) return false;
  const Identity& ours = found[static_cast<std::size_t>(b.plan.donor)];
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found[i].text != ours.text)
      report_difference(b, static_cast<int>(i), ours.text, found[i].text);
  }
  if (all_known || (ours.definition && b.options.allow_crimes)) {
    b.architecture = ours.definition;
  } else {
    infer(b);
  }
  b.plan.architecture = b.architecture->id;
  // Tensors of another architecture would only repeat the same complaint by their names.
  if (b.problems.count(Severity::kError) != errors) return false;
  b.maps.reserve(b.plan.models.size());
  for (const PlanModel& model : b.plan.models) {
    b.maps.emplace_back(*b.architecture, model.folder, model.label, model.ref.place, b.problems);
  }
  if (b.inferred) {
    b.problems.note(
        b.place(b.plan.donor),
        fmt::format("no definition for the architecture {}; it was made from the names "
                    "of the stored tensors: {}",
                    ours.text.empty() ? "of this model" : ours.text,
                    arch::describe_inferred(
                        *b.architecture, b.maps[static_cast<std::size_t>(b.plan.donor)].layers())));
  }
  return b.problems.count(Severity::kError) == errors;
}

}  // namespace mod::merge::planning
