#include "merge/output/report.h"

#include <fmt/format.h>

#include <cmath>

#include "mod/error.h"
#include "mod/version.h"

namespace mod::merge {
namespace {

/// JSON has no NaN and no infinity: those become strings.
Json number(double x) {
  if (std::isfinite(x)) return x;
  return std::isnan(x) ? "nan" : x > 0 ? "inf" : "-inf";
}

double number_from(const Json& json) {
  if (json.is_number()) return json.get<double>();
  return json == "inf" ? INFINITY : json == "-inf" ? -INFINITY : NAN;
}

Json input_files(const PlanModel& model) {
  Json files = Json::array();
  for (const auto& file : model.folder.weights->files()) {
    files.push_back({{"file", file.path.filename().string()},
                     {"bytes", file.size},
                     {"header_bytes", file.header_bytes},
                     {"header_sha256", file.header_sha256}});
  }
  return files;
}

Json by_model(const Plan& plan, const std::vector<double>& values) {
  Json json = Json::object();
  for (std::size_t i = 0; i < values.size(); ++i) json[plan.models[i].label] = number(values[i]);
  return json;
}

Json totals_json(const Plan& plan, const Totals& totals) {
  Json taken = Json::object();
  for (std::size_t i = 0; i < totals.taken.size(); ++i) {
    taken[plan.models[i].label] = totals.taken[i];
  }
  return {{"elements", totals.elements},
          {"merged_elements", totals.merged_elements},
          {"taken", taken},
          {"share", by_model(plan, totals.share)},
          {"distance", by_model(plan, totals.distance)},
          {"nonfinite", totals.nonfinite}};
}

std::string method_label(const Plan& plan) {
  if (plan.method->name != "mod") return std::string(plan.method->name);
  for (const PlannedTensor& tensor : plan.tensors) {
    if (!tensor.method) continue;
    const bool reference = tensor.spec.params.string("select") == "reference";
    const std::string label = "mod (select: " + tensor.spec.params.string("select") + ")";
    if (!reference) return label;
    return tensor.inputs.size() == 2
               ? label +
                     ": the published rule of arXiv 2411.00406, not a mixture of output "
                     "distributions"
               : label + ": an extension of the published rule to more than two experts";
  }
  return "mod";
}

}  // namespace

Totals total(const Plan& plan, const std::vector<TensorReport>& reports) {
  Totals totals;
  totals.taken.assign(plan.models.size(), 0);
  totals.share.assign(plan.models.size(), 0);
  totals.distance.assign(plan.models.size(), 0);
  // A plain passthrough is planned as copies: there they are the work of the method.
  const bool copies_count = plan.method->name == "passthrough";
  for (std::size_t t = 0; t < plan.tensors.size(); ++t) {
    const PlannedTensor& tensor = plan.tensors[t];
    const TensorReport& report = reports[t];
    const bool merged = tensor.method || copies_count;
    totals.elements += tensor.spec.elements;
    totals.nonfinite += report.nonfinite;
    if (report.differing > 0) totals.differing.push_back(tensor.name);
    if (merged) totals.merged_elements += tensor.spec.elements;
    for (std::size_t i = 0; i < tensor.inputs.size(); ++i) {
      const int model = tensor.inputs[i].model;
      if (merged) totals.taken[model] += report.taken[i];
      if (i < report.distance.size()) {
        totals.distance[model] += report.distance[i] * report.distance[i];
      }
    }
  }
  for (std::size_t m = 0; m < plan.models.size(); ++m) {
    totals.distance[m] = std::sqrt(totals.distance[m]);
    if (totals.merged_elements > 0) {
      totals.share[m] = static_cast<double>(totals.taken[m]) / totals.merged_elements;
    }
  }
  return totals;
}

Json tensor_json(const Plan& plan, const PlannedTensor& tensor, const TensorReport& report) {
  Json taken = Json::object(), norms = Json::object(), facts = Json::object();
  for (std::size_t i = 0; i < tensor.inputs.size(); ++i) {
    const std::string& label = plan.models[tensor.inputs[i].model].label;
    taken[label] = report.taken[i];
    if (i < report.distance.size()) norms[label] = number(report.distance[i]);
  }
  for (const auto& [name, value] : report.facts) facts[name] = number(value);
  Json json = {{"name", tensor.name},
               {"method", tensor.method ? std::string(tensor.method->name) : "copy"},
               {"shape", tensor.spec.shape},
               {"dtype", dtype_name(tensor.dtype)},
               {"elements", tensor.spec.elements},
               {"taken", taken},
               {"delta_norm", norms},
               {"nonfinite", report.nonfinite},
               {"sha256", report.sha256.empty() ? Json(nullptr) : Json(report.sha256)}};
  if (report.differing > 0) json["differing"] = report.differing;
  if (!facts.empty()) json["facts"] = facts;
  return json;
}

TensorReport tensor_from_json(const Plan& plan, const PlannedTensor& tensor, const Json& json) {
  TensorReport report;
  for (const PlannedInput& input : tensor.inputs) {
    const std::string& label = plan.models[input.model].label;
    report.taken.push_back(json.at("taken").at(label).get<std::uint64_t>());
    if (json.at("delta_norm").contains(label)) {
      report.distance.push_back(number_from(json.at("delta_norm").at(label)));
    }
  }
  if (json.contains("facts")) {
    for (const auto& [name, value] : json.at("facts").items()) {
      report.facts.emplace_back(name, number_from(value));
    }
  }
  report.nonfinite = json.at("nonfinite").get<std::uint64_t>();
  report.differing = json.value("differing", std::uint64_t{0});
  if (json.at("sha256").is_string()) report.sha256 = json.at("sha256").get<std::string>();
  report.done = true;
  return report;
}

Json report_json(const Plan& plan, const std::vector<TensorReport>& reports,
                 const RunFacts& facts) {
  Json inputs = Json::array();
  for (const PlanModel& model : plan.models) {
    inputs.push_back({{"model", model.label},
                      {"folder", model.folder.path.string()},
                      {"files", input_files(model)}});
  }
  Json tensors = Json::array();
  for (std::size_t t = 0; t < plan.tensors.size(); ++t) {
    tensors.push_back(tensor_json(plan, plan.tensors[t], reports[t]));
  }
  const Totals totals = total(plan, reports);
  Json warnings = Json::array();
  for (const std::string& text : report_warnings(plan, totals)) warnings.push_back(text);
  return {{"format", 1},
          {"version", kVersion},
          {"commit", kCommit},
          {"method", plan.method->name},
          {"rule", method_label(plan)},
          {"architecture", plan.architecture},
          {"recipe", plan.recipe.effective_text},
          {"fingerprint", plan.fingerprint()},
          {"inputs", inputs},
          {"donor", plan.models[plan.donor].label},
          {"seconds", facts.seconds},
          {"threads", facts.threads},
          {"bytes_read", facts.bytes_read},
          {"bytes_written", facts.bytes_written},
          {"totals", totals_json(plan, totals)},
          {"warnings", warnings},
          {"tensors", tensors}};
}

namespace {

/// Whether mod's weights mean what they seem to mean.
void warn_of_shares(const Plan& plan, const Totals& totals, std::vector<std::string>& warnings) {
  if (totals.merged_elements == 0) {
    warnings.push_back(
        "no tensor name contains any of the `match` strings: nothing was merged, the "
        "output is the first model; set `match` under `parameters`");
    return;
  }
  const PlannedTensor* first = nullptr;
  for (const PlannedTensor& tensor : plan.tensors) {
    if (tensor.method && !first) first = &tensor;
  }
  for (std::size_t i = 0; i < first->inputs.size(); ++i) {
    const double weight = first->spec.params.number("weight", static_cast<int>(i));
    const double share = totals.share[first->inputs[i].model];
    if (weight < 0.01 || share >= 0.01 * weight) continue;
    warnings.push_back(fmt::format(
        "{} has weight {:g} but gave only {:.3g} % of the merged weights: the published MoD rule "
        "compares the *value* of the first model's element with its range, not a probability, so "
        "the "
        "result is almost the first model (select: rank or random really take {:g} %)",
        plan.models[first->inputs[i].model].label, weight, 100 * share, 100 * weight));
  }
}

}  // namespace

std::vector<std::string> report_warnings(const Plan& plan, const Totals& totals) {
  std::vector<std::string> warnings;
  if (plan.method->name == "mod") warn_of_shares(plan, totals, warnings);
  if (!totals.differing.empty()) {
    warnings.push_back(fmt::format(
        "{} integer tensor{} ({}{}) differ{} between the models: those of {} were written, since "
        "integers are never averaged",
        totals.differing.size(), totals.differing.size() == 1 ? "" : "s", totals.differing.front(),
        totals.differing.size() == 1 ? "" : ", ...", totals.differing.size() == 1 ? "s" : "",
        plan.models[static_cast<std::size_t>(plan.donor)].label));
  }
  return warnings;
}

}  // namespace mod::merge
