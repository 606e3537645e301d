#include "fit_output.h"

#include <fmt/format.h>

#include <cmath>

namespace mod::cli {
namespace {

std::string plural(std::size_t n, std::string_view one) {
  return fmt::format("{} {}{}", n, one, n == 1 ? "" : "s");
}

std::string method_of(const mix::FitResult& r) {
  if (r.target == mix::FitTarget::kWeights) return "expectation-maximisation";
  return r.target == mix::FitTarget::kExponents ? "Newton's method" : "search";
}

std::string likelihood_cell(double log_likelihood) { return fmt::format("{:.4f}", log_likelihood); }
std::string perplexity_cell(double log_likelihood) {
  return fmt::format("{:.4f}", std::exp(-log_likelihood));
}

std::string experts_table(const mix::FitResult& r) {
  const bool exponents = r.target == mix::FitTarget::kExponents;
  Table table({"", "nats/token", "perplexity", exponents ? "exponent" : "weight", "95 %", "share",
               "best of", "temperature"},
              {1, 2, 3, 4, 5, 6, 7});
  for (const mix::ExpertFit& e : r.experts) {
    const std::string interval =
        e.interval ? fmt::format("{:.4f} - {:.4f}", e.interval->low, e.interval->high) : "";
    table.add({e.name, likelihood_cell(e.log_likelihood), perplexity_cell(e.log_likelihood),
               e.weight ? fmt::format("{:.4f}", *e.weight) : "", interval,
               e.responsibility ? fmt::format("{:.4f}", *e.responsibility) : "",
               std::to_string(e.best_of), fmt::format("{:.4g}", e.temperature)});
  }
  table.add({"mixture before", likelihood_cell(r.before), perplexity_cell(r.before)});
  table.add({"mixture after", likelihood_cell(r.after), perplexity_cell(r.after)});
  return table.text();
}

Json likelihood_json(double log_likelihood) {
  return {{"log_likelihood", log_likelihood}, {"perplexity", std::exp(-log_likelihood)}};
}

template <typename T>
Json optional_json(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json expert_json(const mix::ExpertFit& e, mix::FitTarget target) {
  Json json = {{"name", e.name}};
  json.update(likelihood_json(e.log_likelihood));
  const bool exponents = target == mix::FitTarget::kExponents;
  json[exponents ? "exponent" : "weight"] = optional_json(e.weight);
  json[exponents ? "exponent_before" : "weight_before"] = optional_json(e.weight_before);
  json["interval"] = e.interval ? Json{e.interval->low, e.interval->high} : Json(nullptr);
  json["share"] = optional_json(e.responsibility);
  json["best_of"] = e.best_of;
  json["temperature"] = e.temperature;
  json["temperature_before"] = e.temperature_before;
  return json;
}

}  // namespace

std::string fit_text(const mix::FitResult& r, const std::string& data) {
  std::string out =
      fmt::format("{}: {} in {}; fitted {} by {} ({}; the models read the data {})\n\n", data,
                  plural(r.tokens, "token"), plural(r.texts, "text"),
                  r.parameter ? r.parameter->name : mix::target_name(r.target), method_of(r),
                  plural(static_cast<std::size_t>(r.steps), "step"),
                  plural(static_cast<std::size_t>(r.passes), "time"));
  out += experts_table(r);
  if (r.parameter) {
    out += fmt::format("\n{} = {:.4g} (was {:.4g})\n", r.parameter->name, r.parameter->after,
                       r.parameter->before);
  }
  out += '\n';
  for (const std::string& warning : r.warnings) out += "warning: " + warning + '\n';
  out +=
      "note: likelihood favours the expert whose style is closest to the data's; check by "
      "accuracy with `mod eval`\n";
  return out;
}

Json fit_json(const mix::FitResult& r, const std::string& data, const std::string& file,
              const std::string& yaml) {
  Json json = {{"data", data},
               {"texts", r.texts},
               {"units", r.units},
               {"tokens", r.tokens},
               {"rule", r.mixture.rule->name},
               {"gate", r.mixture.gate->name},
               {"fitted", mix::target_name(r.target)},
               {"method", method_of(r)},
               {"steps", r.steps},
               {"passes", r.passes},
               {"before", likelihood_json(r.before)},
               {"after", likelihood_json(r.after)}};
  json["experts"] = Json::array();
  for (const mix::ExpertFit& e : r.experts) json["experts"].push_back(expert_json(e, r.target));
  json["parameter"] = nullptr;
  if (r.parameter) {
    json["parameter"] = {{"name", r.parameter->name},
                         {"before", r.parameter->before},
                         {"after", r.parameter->after},
                         {"at_limit", r.parameter->at_limit}};
  }
  json["warnings"] = r.warnings;
  json["file"] = file.empty() ? Json(nullptr) : Json(file);
  if (file.empty()) json["yaml"] = yaml;
  return json;
}

void take_fit(const mix::FitResult& result, bundle::MixtureFile& mixture) {
  mixture.gate_parameters = result.mixture.gate_parameters;
  for (std::size_t k = 0; k < mixture.experts.size(); ++k) {
    mixture.experts[k].temperature = result.mixture.experts[k].temperature;
    if (!result.mixture.weights.empty()) mixture.experts[k].weight = result.mixture.weights[k];
  }
}

}  // namespace mod::cli
