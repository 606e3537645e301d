// What mixing costs a token besides the models: softmax of every expert, rule, gate and attribution
// at a vocabulary of 151,936; medians.
//   bench_mix_rows [--threads N] [--rounds N] [--vocabulary N]
// MOD_ISA chooses the instruction set.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "cpu/isa.h"
#include "mix/gate.h"
#include "mix/rows.h"
#include "mix/rule.h"

namespace {

using mod::Context;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

template <class Work>
double median_ms(int rounds, const Work& work) {
  std::vector<double> times;
  for (int i = 0; i < rounds; ++i) {
    const double start = now();
    work();
    times.push_back((now() - start) * 1e3);
  }
  std::nth_element(times.begin(), times.begin() + rounds / 2, times.end());
  return times[static_cast<std::size_t>(rounds / 2)];
}

struct Experts {
  Experts(std::size_t count, std::size_t vocabulary) {
    std::mt19937 random(1);
    std::normal_distribution<float> normal(0, 3);
    for (std::size_t k = 0; k < count; ++k) {
      logits.emplace_back(vocabulary);
      for (float& v : logits.back()) v = normal(random);
      rows.emplace_back(vocabulary);
      pointers.push_back(rows.back().data());
    }
    for (std::size_t k = 0; k < count; ++k) pointers[k] = rows[k].data();
    out.resize(vocabulary);
  }

  std::vector<std::vector<float>> logits, rows;
  std::vector<const float*> pointers;
  std::vector<float> out;
};

/// One token: what an engine does between the experts' logits and the sampler.
void one_token(Experts& e, const mod::mix::Rule& rule, mod::mix::GateState& state,
               const Context& context) {
  const mod::mix::Gate& share = *mod::mix::find_gate("share");
  const auto gate_values = mod::mix::default_values(share.parameters);
  const auto values = mod::mix::default_values(rule.parameters);
  const std::size_t n = e.rows.size();
  std::vector<double> weights(n), logprobs(n), given(n);
  for (std::size_t k = 0; k < n; ++k) mod::mix::log_softmax(e.logits[k], 1, e.rows[k], context);
  mod::mix::log_weights(share, gate_values, state, {}, weights);
  if (rule.weights == mod::mix::WeightUse::kExponents) {
    for (double& weight : weights) weight = std::exp(weight);
  }
  if (rule.weights == mod::mix::WeightUse::kRefused) weights.clear();
  mod::mix::combine(rule, {values, weights, e.pointers, e.out.size()}, e.out, context);
  const std::size_t token = mod::mix::best_token(e.out, context);
  for (std::size_t k = 0; k < n; ++k) {
    logprobs[k] = e.rows[k][token];
    mod::mix::rank_of(e.rows[k], token, context);
  }
  mod::mix::attribute(rule, values, weights, logprobs, given);
  mod::mix::observe(share, gate_values, {logprobs}, state);
}

}  // namespace

int main(int argc, char** argv) {
  Context context;
  int rounds = 200;
  std::size_t vocabulary = 151936;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--threads") == 0) context.threads = std::atoi(argv[i + 1]);
    if (std::strcmp(argv[i], "--rounds") == 0) rounds = std::max(1, std::atoi(argv[i + 1]));
    if (std::strcmp(argv[i], "--vocabulary") == 0) {
      vocabulary = std::strtoull(argv[i + 1], nullptr, 10);
    }
  }
  std::printf("vocabulary %zu, %d threads, %s, median of %d rounds\n", vocabulary, context.threads,
              std::string(mod::cpu::isa_name(mod::cpu::choose_isa())).c_str(), rounds);
  Experts one(1, vocabulary);
  std::printf("  log_softmax of a row              %7.3f ms\n", median_ms(rounds, [&] {
                mod::mix::log_softmax(one.logits[0], 0.9, one.rows[0], context);
              }));
  for (const mod::mix::Rule* rule : mod::mix::rules()) {
    for (const std::size_t n : {std::size_t{2}, std::size_t{3}, std::size_t{4}}) {
      if (!rule->roles.empty() && n != rule->roles.size()) continue;
      Experts e(n, vocabulary);
      auto state = mod::mix::start_gate(*mod::mix::find_gate("share"), mod::mix::log_prior({}, n));
      const double ms = median_ms(rounds, [&] { one_token(e, *rule, state, context); });
      std::printf("  %-12s N = %zu: a token         %7.3f ms, %.3f ms an expert\n",
                  std::string(rule->name).c_str(), n, ms, ms / static_cast<double>(n));
    }
  }
}
