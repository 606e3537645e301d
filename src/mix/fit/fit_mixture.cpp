#include "mix/fit/fit_mixture.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "mix/fit/fit_warnings.h"
#include "mix/fit/rows_objective.h"
#include "mix/fit/search.h"
#include "mod/error.h"

namespace mod::mix {
namespace {

/// Where tau and rate are looked for.
constexpr double kLeastTau = 0.01, kMostTau = 1e4, kLeastRate = 1e-6, kMostRate = 1;
constexpr int kDigits = 4;  // of tau, rate and temperatures

bool is_linear(const Rule& rule, std::span<const double> parameters) {
  return rule.linear || (rule.name == "power" && parameters[0] == 1);
}

/// The nearest number of few digits.
double short_number(double x) {
  const std::string text = fmt::format("{:.{}g}", x, kDigits);
  double out = x;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

/// Weights and exponents to six places.
std::vector<double> rounded(std::span<const double> values) {
  std::vector<double> out;
  for (const double value : values) {
    const std::string text = fmt::format("{:.6f}", value);
    double& number = out.emplace_back(value);
    std::from_chars(text.data(), text.data() + text.size(), number);
    if (number == 0) number = 0;  // no -0
  }
  return out;
}

/// A mixture with what the experts say of the texts under its temperatures.
struct State {
  Mixture mixture;
  std::vector<Transcript> texts;
  double likelihood = 0;
};

/// What fitting one state found besides the state.
struct Found {
  State state;
  std::vector<Interval> intervals;
  std::optional<ParameterFit> parameter;
  int steps = 0;
};

class Fitter {
 public:
  Fitter(Engine& engine, std::span<const Lesson> lessons, const FitOptions& options)
      : engine_(engine),
        lessons_(lessons),
        options_(options),
        target_(fit_target(*engine.mixture().rule, engine.mixture().rule_parameters,
                           *engine.mixture().gate)),
        teacher_(engine, lessons, options.teacher) {}

  FitResult run() {
    State start = listened(engine_.mixture());
    if (!std::isfinite(start.likelihood)) refuse_impossible(start);
    Found best = fit(start);
    if (options_.temperatures) try_temperatures(start, best);
    return report(start, best);
  }

 private:
  State listened(const Mixture& mixture) {
    std::vector<double> temperatures;
    for (const Expert& expert : mixture.experts) temperatures.push_back(expert.temperature);
    State state{mixture, teacher_.listen(temperatures), 0};
    state.likelihood = likelihood(state);
    return state;
  }

  double likelihood(const State& state) { return likelihood(state.mixture, state.texts); }
  double likelihood(const Mixture& mixture, const std::vector<Transcript>& texts) {
    if (is_linear(*mixture.rule, mixture.rule_parameters)) return linear_likelihood(mixture, texts);
    return row_likelihood(mixture, texts, teacher_);
  }

  [[noreturn]] static void refuse_impossible(const State& state) {
    throw Error(
        ErrorCode::kInvalidInput,
        fmt::format("the log-likelihood of the data under the mixture is {}: a token of it "
                    "is impossible for every expert that has a weight, or a model's numbers "
                    "are not finite",
                    state.likelihood));
  }

  /// The better of what is there and what `found` makes of it.
  static void keep_better(Found& found, const State& start) {
    if (found.state.likelihood >= start.likelihood) return;
    found.state = start;
    if (found.parameter) found.parameter->after = found.parameter->before;
  }

  Found fit(const State& start) {
    Found found;
    if (target_ == FitTarget::kWeights) {
      found = fit_shares(start);
    } else if (target_ == FitTarget::kExponents) {
      found = fit_powers(start);
    } else {
      found = fit_gate(start);
    }
    keep_better(found, start);
    return found;
  }

  Found fit_shares(const State& start) {
    Found found{start, {}, {}, 0};
    std::vector<double> logprobs;
    std::vector<std::size_t> units;  // the first token of each
    std::optional<std::size_t> unit;
    const std::size_t n = start.mixture.experts.size();
    for (const Transcript& text : start.texts) {
      for (std::size_t t = 0; t < text.tokens.size(); ++t) {
        if (!text.tokens[t].counts) continue;
        if (unit != text.unit) units.push_back(logprobs.size() / n);
        unit = text.unit;
        const auto row = text.row(text.scores, t);
        logprobs.insert(logprobs.end(), row.begin(), row.end());
      }
    }
    const TokenScores scores{logprobs, n};
    const EmResult em = fit_weights(scores);
    found.steps = static_cast<int>(em.objective.size()) - 1;
    found.state.mixture.weights = rounded(em.weights);
    found.state.likelihood = likelihood(found.state);
    if (units.size() > 1) {
      found.intervals = bootstrap_weights(scores, units, {}, options_.bootstrap, engine_.context());
    }
    return found;
  }

  Found fit_powers(const State& start) {
    Found found{start, {}, {}, 0};
    NewtonOptions newton;
    newton.start = start.mixture.weights;
    const NewtonResult result =
        fit_exponents(exponent_objective(start.mixture, teacher_), newton.start.size(), newton);
    found.steps = result.iterations;
    const std::vector<double> exponents = rounded(result.exponents);
    if (std::all_of(exponents.begin(), exponents.end(), [](double a) { return a == 0; })) {
      return found;  // nothing is better than no expert at all: leave what is there
    }
    found.state.mixture.weights = exponents;
    found.state.likelihood = likelihood(found.state);
    return found;
  }

  /// tau, or rate: the gates' first parameters.
  Found fit_gate(const State& start) {
    Found found{start, {}, {}, 0};
    const Parameter& parameter = start.mixture.gate->parameters[0];
    const bool rate = parameter.name == "rate";
    SearchOptions search;
    search.low = rate ? kLeastRate : kLeastTau;
    search.high = rate ? kMostRate : kMostTau;
    search.logarithmic = true;
    search.grid = 25;
    Mixture& mixture = found.state.mixture;
    const SearchResult result = maximise(
        [&](double value) {
          mixture.gate_parameters[0] = value;
          return likelihood(mixture, found.state.texts);
        },
        search);
    const double value = short_number(result.at);
    mixture.gate_parameters[0] = value;
    found.state.likelihood = likelihood(found.state);
    found.steps = result.evaluations;
    found.parameter =
        ParameterFit{std::string(parameter.name), start.mixture.gate_parameters[0], value,
                     value <= search.low * 1.01 || value >= search.high / 1.01};
    return found;
  }

  /// Temperatures first, each expert by itself, then the rest again; kept only if that is better.
  void try_temperatures(const State& start, Found& best) {
    Mixture mixture = start.mixture;
    const std::vector<TemperatureFit> found = fit_temperatures(mixture, teacher_);
    for (std::size_t k = 0; k < found.size(); ++k) {
      mixture.experts[k].temperature = short_number(found[k].temperature);
    }
    Found other = fit(listened(mixture));
    if (other.state.likelihood > best.state.likelihood) {
      best = std::move(other);
    } else {
      kept_temperatures_ = true;
    }
  }

  FitResult report(const State& start, const Found& best) {
    FitResult result;
    result.mixture = best.state.mixture;
    result.target = target_;
    result.texts = lessons_.size();
    std::set<std::size_t> units;
    for (const Lesson& lesson : lessons_) units.insert(lesson.unit);
    result.units = units.size();
    result.tokens = teacher_.counted();
    result.before = start.likelihood;
    result.after = best.state.likelihood;
    result.parameter = best.parameter;
    if (result.parameter) result.parameter->before = start.mixture.gate_parameters[0];
    result.steps = best.steps;
    result.passes = teacher_.passes();
    add_experts(start, best, result);
    warn_about(result);
    if (kept_temperatures_) {
      result.warnings.push_back(
          "temperatures that suit each expert alone make the mixture no better: they stay as they "
          "were");
    }
    return result;
  }

  static void add_experts(const State& start, const Found& best, FitResult& result) {
    const Mixture& mixture = best.state.mixture;
    const std::size_t n = mixture.experts.size();
    const auto before = expert_likelihoods(start.texts, n);
    const auto after = expert_likelihoods(best.state.texts, n);
    const auto best_of = best_experts(best.state.texts, n);
    std::vector<double> shares;
    if (is_linear(*mixture.rule, mixture.rule_parameters)) {
      shares = mean_responsibilities(mixture, best.state.texts);
    }
    // Shares that stay as they were may have any sum.
    double sum = 0;
    for (const double w : mixture.weights) sum += w;
    if (result.target != FitTarget::kWeights || std::abs(sum - 1) < 1e-4) sum = 1;
    for (std::size_t k = 0; k < n; ++k) {
      ExpertFit& expert = result.experts.emplace_back();
      expert.name = mixture.experts[k].name;
      expert.log_likelihood = after[k];
      expert.log_likelihood_before = before[k];
      expert.temperature = mixture.experts[k].temperature;
      expert.temperature_before = start.mixture.experts[k].temperature;
      if (!mixture.weights.empty()) {
        expert.weight = mixture.weights[k] / sum;
        expert.weight_before = start.mixture.weights[k];
      }
      expert.best_of = best_of[k];
      if (!best.intervals.empty()) expert.interval = best.intervals[k];
      if (!shares.empty()) expert.responsibility = shares[k];
    }
  }

  Engine& engine_;
  std::span<const Lesson> lessons_;
  const FitOptions& options_;
  FitTarget target_;
  Teacher teacher_;
  bool kept_temperatures_ = false;
};

}  // namespace

FitTarget fit_target(const Rule& rule, std::span<const double> rule_parameters, const Gate& gate) {
  const auto refuse = [&](std::string_view why) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("rule {}: nothing to fit: {}", rule.name, why));
  };
  if (!rule.roles.empty()) {
    refuse(
        "its parameters trade likelihood for style (an anti-expert is there to make some likely "
        "tokens unlikely), so likelihood does not find them; choose them by accuracy, with "
        "`mod eval`");
  }
  if (!gate.needs_weights) return FitTarget::kGateParameter;
  if (rule.weights == WeightUse::kExponents) return FitTarget::kExponents;
  if (!is_linear(rule, rule_parameters)) {
    refuse(
        "the likelihood of a power mean is not concave in its weights, so no best ones can be "
        "promised; fit them with rule linear or rho = 1, or use a gate whose tau or rate can "
        "be fitted");
  }
  return FitTarget::kWeights;
}

std::string_view target_name(FitTarget target) {
  if (target == FitTarget::kWeights) return "weights";
  return target == FitTarget::kExponents ? "exponents" : "gate";
}

FitResult fit_mixture(Engine& engine, std::span<const Lesson> lessons, const FitOptions& options) {
  return Fitter(engine, lessons, options).run();
}

}  // namespace mod::mix
