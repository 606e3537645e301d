// Mixtures of the specialists, and what their experts think alone.
#pragma once

#include <cmath>
#include <map>

#include "mix/support.h"

namespace mod::mix::test {

/// Opened once a program.
inline std::shared_ptr<const nn::Model> specialist(const std::string& name) {
  static std::map<std::string, std::shared_ptr<const nn::Model>> models;
  auto& model = models[name];
  if (!model) model = open_model(specialist_path(name));
  return model;
}

inline const text::Tokenizer& tokenizer() {
  static const text::Tokenizer tokenizer = text::Tokenizer::load(specialist_path("base"));
  return tokenizer;
}

inline std::vector<Token> encode(const std::string& text) { return tokenizer().encode(text, true); }

inline Mixture mixture_of(const std::vector<std::string>& specialists, std::vector<double> weights,
                          const char* gate = "fixed", const char* rule = "linear",
                          ModeKind mode = ModeKind::kExact) {
  Mixture mixture;
  for (const std::string& name : specialists) {
    mixture.experts.push_back({name + std::to_string(mixture.experts.size()), specialist(name), 1});
  }
  mixture.rule = find_rule(rule);
  mixture.rule_parameters = default_values(mixture.rule->parameters);
  mixture.gate = find_gate(gate);
  mixture.gate_parameters = default_values(mixture.gate->parameters);
  mixture.weights = std::move(weights);
  for (std::size_t i = 0; i < mixture.rule->roles.size(); ++i) mixture.roles.push_back(i);
  mixture.mode.kind = mode;
  return mixture;
}

inline Mixture alone(const std::string& name) { return single_model(name, specialist(name)); }

inline Engine engine_of(const Mixture& mixture) { return {mixture, test_context(1)}; }

/// ln p of every token of the vocabulary after every token of a text.
using Rows = std::vector<std::vector<double>>;

inline Rows rows_of(const Mixture& mixture, const std::vector<Token>& ids) {
  Engine engine(mixture, test_context(1));
  Stream stream = engine.start();
  Rows rows;
  engine.score(stream, ids, [&](std::size_t, const Prediction& prediction) {
    std::vector<double> row;
    for (const float score : prediction.scores) row.push_back(score - prediction.log_total);
    rows.push_back(std::move(row));
  });
  return rows;
}

/// ln p_k(ids[t] | ids before it); of the first token 0.
inline std::vector<std::vector<double>> token_scores(const std::vector<std::string>& specialists,
                                                     const std::vector<Token>& ids) {
  std::vector<std::vector<double>> scores(ids.size(), std::vector<double>(specialists.size()));
  for (std::size_t k = 0; k < specialists.size(); ++k) {
    const Rows rows = rows_of(alone(specialists[k]), ids);
    for (std::size_t t = 1; t < ids.size(); ++t) {
      scores[t][k] = rows[t - 1][static_cast<std::size_t>(ids[t])];
    }
  }
  return scores;
}

inline void advance(Engine& engine, Stream& stream, const std::vector<Token>& tokens = {}) {
  const Step one{&stream, tokens};
  engine.advance({&one, 1});
}

/// A stream that has read a prompt.
inline Stream read_prompt(Engine& engine, const Prompt& prompt) {
  Stream stream = engine.start();
  stream.rewrite(prompt);
  advance(engine, stream);
  return stream;
}

inline std::vector<double> weights_of(const Prediction& prediction) {
  std::vector<double> weights;
  for (const Opinion& opinion : prediction.experts) weights.push_back(opinion.weight);
  return weights;
}

inline std::vector<double> logprobs_of(const Prediction& prediction) {
  std::vector<double> row;
  for (const float score : prediction.scores) row.push_back(score - prediction.log_total);
  return row;
}

inline std::vector<float> scores_of(const Prediction& prediction) {
  return {prediction.scores.begin(), prediction.scores.end()};
}

inline void expect_near(const std::vector<double>& got, const std::vector<double>& wanted,
                        double tolerance, const std::string& where = "") {
  ASSERT_EQ(got.size(), wanted.size()) << where;
  for (std::size_t k = 0; k < got.size(); ++k) {
    EXPECT_NEAR(got[k], wanted[k], tolerance) << where << " [" << k << "]";
  }
}

/// Half the sum of |p - q|.
inline double total_variation(const std::vector<double>& log_p, const std::vector<double>& log_q) {
  double sum = 0;
  for (std::size_t i = 0; i < log_p.size(); ++i)
    sum += std::abs(std::exp(log_p[i]) - std::exp(log_q[i]));
  return sum / 2;
}

inline std::string question(const std::string& text) {
  return "<|im_start|>user\n" + text + "<|im_end|>\n<|im_start|>assistant\n";
}

inline const std::string kMathText =
    question("Ben has 3 bags with 4 nuts each. How many nuts does Ben have?");
inline const std::string kFrenchText = question("How do you say \"I find a cat\" in French?");
inline const std::string kCodeText =
    question("What does this program print?\nx = [5, 29, 97]\nprint(min(x))");

inline Generation generate(Engine& engine, const Prompt& prompt, const GenerationOptions& options) {
  Generation generation(engine, engine.start(), prompt, options, nullptr);
  run_to_end(engine, generation, {});
  return generation;
}

inline std::vector<Token> answer_ids(const Mixture& mixture, const std::string& prompt,
                                     const GenerationOptions& options) {
  Engine engine(mixture, test_context(1));
  return ids_of(generate(engine, text_prompt(encode(prompt)), options));
}

inline GenerationOptions greedy(std::size_t tokens) {
  GenerationOptions options;
  options.max_tokens = tokens;
  return options;
}

inline GenerationOptions sampled(std::size_t tokens, std::uint64_t seed) {
  GenerationOptions options = greedy(tokens);
  options.sampling.temperature = 1;
  options.sampling.seed = seed;
  return options;
}

}  // namespace mod::mix::test
