#include "mix_contender.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "bench_model.h"
#include "mix/rows.h"

namespace mod::cli {
namespace {

/// Bytes of weights that are read for one token of all these models, shared ones once.
double bytes_of_token(const Models& models) {
  double read = 0, held = 0, distinct = 0;
  std::set<const weights::Tensor*> seen;
  for (const auto& model : models) {
    read += static_cast<double>(model->bytes_per_token());
    held += static_cast<double>(model->weight_bytes());
    for (const weights::TensorPtr& tensor : model->tensors()) {
      if (seen.insert(tensor.get()).second) distinct += static_cast<double>(tensor->bytes().size());
    }
  }
  return read * distinct / held;
}

/// Operations of one token in one model.
double flops_of_token(const nn::Model& model) {
  const nn::Matrix& head = model.head().w;
  return 2 * (static_cast<double>(model.active_parameters()) +
              static_cast<double>(head.rows) * static_cast<double>(head.columns));
}

}  // namespace

MixContender::MixContender(const Models& models, const ContenderSetup& setup,
                           const ContenderText& text, const Context& context)
    : setup_(setup), models_(models) {
  mix::Mixture mixture;
  for (std::size_t k = 0; k < models.size(); ++k) {
    mixture.experts.push_back({fmt::format("e{}", k + 1), models[k], text.temperature});
  }
  mixture.rule = mix::find_rule("linear");
  mixture.gate = mix::find_gate(setup.gate);
  mixture.gate_parameters = mix::default_values(mixture.gate->parameters);
  mixture.weights = setup.weights;
  const mix::Mode& mode = *mix::find_mode(setup.mode);
  mixture.mode = mix::make_mode(mode.kind, mix::default_values(mode.parameters));
  engine_ = std::make_unique<mix::Engine>(std::move(mixture), context);
  mix::GenerationOptions generation;
  generation.max_tokens = text.tokens + 100;
  // Draws are of a sampled text; the others are compared on greedy ones.
  if (mode.kind == mix::ModeKind::kDraw) generation.sampling.temperature = 1;
  if (setup.credits) generation.credits = mix::CreditOptions{};
  text_ = std::make_unique<mix::Generation>(*engine_, engine_->start(),
                                            mix::text_prompt(text.prompt), generation, nullptr);
  step();
}

void MixContender::step() {
  const mix::Step step = text_->next();
  engine_->advance({&step, 1});
  text_->choose();
}

void MixContender::measure() {
  const auto before = read_tokens();
  seconds_.push_back(seconds_of([this] { step(); }));
  const auto after = read_tokens();
  if (setup_.credits) mixing_.push_back(seconds_of([this] { mix_again(); }));
  batches_.emplace_back();
  for (std::size_t k = 0; k < after.size(); ++k) batches_.back().push_back(after[k] - before[k]);
}

double MixContender::seconds() const { return median(seconds_); }

double MixContender::mixing_seconds() const { return median(mixing_); }

double MixContender::mean_seconds() const {
  double sum = 0;
  for (const double s : seconds_) sum += s;
  return sum / static_cast<double>(seconds_.size());
}

double MixContender::limit(double read_rate, double flop_rate) const {
  double sum = 0;
  for (const auto& step : batches_) {
    Models read;
    double flops = 0;
    for (std::size_t k = 0; k < step.size(); ++k) {
      if (step[k] == 0) continue;
      read.push_back(models_[k]);
      flops += static_cast<double>(step[k]) * flops_of_token(*models_[k]);
    }
    if (!read.empty()) sum += std::max(bytes_of_token(read) / read_rate, flops / flop_rate);
  }
  return sum / static_cast<double>(batches_.size());
}

double MixContender::passes() const {
  std::size_t sum = 0;
  for (const auto& step : batches_) {
    sum += static_cast<std::size_t>(
        std::count_if(step.begin(), step.end(), [](std::size_t n) { return n > 0; }));
  }
  return static_cast<double>(sum) / static_cast<double>(batches_.size());
}

/// All that a mixture does beside the passes of its experts: their softmax, gate and rule, the
/// choice, and who was responsible for it.
void MixContender::mix_again() {
  const Context& context = engine_->context();
  const mix::Mixture& mixture = engine_->mixture();
  const mix::Prediction& prediction = text_->stream().prediction();
  std::vector<const float*> rows;
  rows_.resize(models_.size());
  for (std::size_t k = 0; k < models_.size(); ++k) {
    rows_[k].resize(prediction.scores.size());
    mix::log_softmax(prediction.experts[k].scores, 1, rows_[k], context);
    rows.push_back(rows_[k].data());
  }
  const std::vector<double> prior = mix::log_prior(mixture.weights, models_.size());
  mixed_.resize(prediction.scores.size());
  mix::combine(*mixture.rule, {{}, prior, rows, mixed_.size()}, mixed_, context);
  const auto token = static_cast<mix::Token>(mix::best_token(mixed_, context));
  mix::credit(mixture, prediction, token, {}, context);
}

}  // namespace mod::cli
