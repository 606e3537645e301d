// The gates against separately written definitions.
#include <gtest/gtest.h>

#include <functional>

#include "mod/error.h"
#include "rule_support.h"

namespace mod::mix::testing {
namespace {

using Table = std::vector<std::vector<double>>;  // ln p_k(x_t): tokens x experts

Table random_table(std::size_t tokens, std::size_t experts, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> uniform(0.01, 1);
  Table table(tokens, std::vector<double>(experts));
  for (auto& token : table) {
    for (double& l : token) l = std::log(uniform(random));
  }
  return table;
}

std::vector<double> shares(const Gate& gate, const std::vector<double>& parameters,
                           const GateState& state, const std::vector<double>& entropies = {}) {
  std::vector<double> out(state.prior.size());
  log_weights(gate, parameters, state, entropies, out);
  for (double& w : out) w = std::exp(w);
  return out;
}

GateState after(const Gate& gate, const std::vector<double>& parameters,
                const std::vector<double>& prior, const Table& table, Part part) {
  GateState state = start_gate(gate, log_prior(prior, prior.size()));
  for (const auto& token : table) observe(gate, parameters, {token, part}, state);
  return state;
}

const std::vector<double> kPrior = {0.5, 0.2, 0.3};

TEST(Gates, PromptIsTheBayesPosterior) {
  const Table table = random_table(40, 3, 1);
  const Gate& prompt = *find_gate("prompt");
  for (const double tau : {1.0, 7.5}) {
    const auto w = shares(prompt, {tau}, after(prompt, {tau}, kPrior, table, Part::kTurn));
    std::vector<double> product = kPrior;
    for (const auto& token : table) {
      for (int k = 0; k < 3; ++k) product[k] *= std::pow(std::exp(token[k]), 1 / tau);
    }
    const double sum = product[0] + product[1] + product[2];
    for (int k = 0; k < 3; ++k) EXPECT_NEAR(w[k], product[k] / sum, 1e-12) << tau;
  }
}

TEST(Gates, PromptAndTurnAreFrozenWhileAnswering) {
  for (const char* name : {"prompt", "turn"}) {
    const Gate& gate = *find_gate(name);
    GateState state = after(gate, {1}, kPrior, random_table(9, 3, 2), Part::kTurn);
    const auto before = shares(gate, {1}, state);
    for (const auto& token : random_table(30, 3, 3)) observe(gate, {{1.0}}, {token}, state);
    EXPECT_EQ(shares(gate, {1}, state), before) << name;
  }
}

TEST(Gates, PromptTakesTheAnswerInWithTheNextTurn) {
  const Gate& prompt = *find_gate("prompt");
  const Table table = random_table(30, 3, 4);
  GateState live = start_gate(prompt, log_prior(kPrior, 3));
  for (std::size_t t = 0; t < table.size(); ++t) {
    const Part part = t < 10 ? Part::kTurn : t < 20 ? Part::kAnswer : Part::kTurn;
    observe(prompt, {{1.0}}, {table[t], part, t == 20}, live);
  }
  const auto again = shares(prompt, {1}, after(prompt, {1}, kPrior, table, Part::kContext));
  const auto w = shares(prompt, {1}, live);
  for (int k = 0; k < 3; ++k) EXPECT_NEAR(w[k], again[k], 1e-12);
}

TEST(Gates, TurnSeesTheLastTurnOnly) {
  const Gate& turn = *find_gate("turn");
  const Table early = random_table(20, 3, 5), last = random_table(6, 3, 6);
  GateState live = start_gate(turn, log_prior(kPrior, 3));
  for (const auto& token : early) observe(turn, {{1.0}}, {token, Part::kTurn}, live);
  for (const auto& token : early) observe(turn, {{1.0}}, {token, Part::kAnswer}, live);
  for (std::size_t t = 0; t < last.size(); ++t) {
    observe(turn, {{1.0}}, {last[t], Part::kTurn, t == 0}, live);
  }
  GateState rendered = start_gate(turn, log_prior(kPrior, 3));
  for (const auto& token : early) observe(turn, {{1.0}}, {token, Part::kContext}, rendered);
  for (const auto& token : last) observe(turn, {{1.0}}, {token, Part::kTurn}, rendered);
  EXPECT_EQ(live, rendered);
  const Gate& prompt = *find_gate("prompt");
  EXPECT_EQ(shares(turn, {1}, rendered),
            shares(prompt, {1}, after(prompt, {1}, kPrior, last, Part::kTurn)));
  observe(turn, {{1.0}}, {{}, Part::kTurn, true}, live);
  for (int k = 0; k < 3; ++k) EXPECT_NEAR(shares(turn, {1}, live)[k], kPrior[k], 1e-12);
}

/// Forward algorithm of the hidden Markov model "which expert writes": probability of the text and
/// of the expert that writes next.
struct Forward {
  double log_probability = 0;
  std::vector<double> next;
};
Forward hidden_markov(const Table& table, const std::vector<double>& prior, double s) {
  const std::size_t n = prior.size();
  Forward f{0, prior};
  for (const auto& token : table) {
    std::vector<double> joint(n);
    double sum = 0;
    for (std::size_t k = 0; k < n; ++k) sum += joint[k] = f.next[k] * std::exp(token[k]);
    f.log_probability += std::log(sum);
    std::fill(f.next.begin(), f.next.end(), 0.0);
    for (std::size_t from = 0; from < n; ++from) {
      for (std::size_t to = 0; to < n; ++to) {
        const double move = (from == to ? 1 - s : 0) + s / static_cast<double>(n);
        f.next[to] += joint[from] / sum * move;
      }
    }
  }
  return f;
}

TEST(Gates, ShareIsTheForwardAlgorithm) {
  const Gate& share = *find_gate("share");
  const Table table = random_table(200, 3, 7);
  for (const double s : {0.0, 0.01, 0.3, 1.0}) {
    const std::vector<double> parameters = {s, 1};
    GateState state = start_gate(share, log_prior(kPrior, 3));
    double log_probability = 0;
    for (const auto& token : table) {
      const auto w = shares(share, parameters, state);
      log_probability += std::log(w[0] * std::exp(token[0]) + w[1] * std::exp(token[1]) +
                                  w[2] * std::exp(token[2]));
      observe(share, parameters, {token}, state);
    }
    const Forward forward = hidden_markov(table, kPrior, s);
    EXPECT_NEAR(log_probability, forward.log_probability, 1e-9) << s;
    for (int k = 0; k < 3; ++k) {
      EXPECT_NEAR(shares(share, parameters, state)[k], forward.next[k], 1e-10) << s;
    }
  }
}

TEST(Gates, ShareWithoutARateIsBayesianModelAveraging) {
  const Gate &share = *find_gate("share"), &prompt = *find_gate("prompt");
  const Table table = random_table(500, 3, 8);
  const auto a = shares(share, {0, 1}, after(share, {0, 1}, kPrior, table, Part::kAnswer));
  const auto b = shares(prompt, {1}, after(prompt, {1}, kPrior, table, Part::kTurn));
  for (int k = 0; k < 3; ++k) EXPECT_NEAR(a[k], b[k], 1e-9);
}

TEST(Gates, ShareLosesLittleAgainstEveryPathOfExperts) {
  const Gate& share = *find_gate("share");
  const double s = 0.02, n = 3, tokens = 60;
  const Table table = random_table(60, 3, 9);
  const std::vector<double> uniform(3, 1.0), parameters = {s, 1};
  GateState state = start_gate(share, log_prior(uniform, 3));
  double mixture = 0;
  for (const auto& token : table) {
    const auto w = shares(share, parameters, state);
    double p = 0;
    for (int k = 0; k < 3; ++k) p += w[k] * std::exp(token[k]);
    mixture += std::log(p);
    observe(share, parameters, {token}, state);
  }
  std::mt19937 random(1);
  for (int path = 0; path < 300; ++path) {
    double likelihood = 0;
    int expert = static_cast<int>(random() % 3), switches = 0;
    for (std::size_t t = 0; t < table.size(); ++t) {
      if (t > 0 && random() % 60 < static_cast<unsigned>(path % 20)) {
        const int to = static_cast<int>(random() % 3);
        switches += to != expert ? 1 : 0;
        expert = to;
      }
      likelihood += table[t][static_cast<std::size_t>(expert)];
    }
    const double bound = -likelihood + std::log(n) + switches * std::log(n / s) +
                         (tokens - 1 - switches) * std::log(1 / (1 - s + s / n));
    EXPECT_LE(-mixture, bound + 1e-9);
  }
}

TEST(Gates, EtaTempersAndZeroIgnores) {
  const Gate& share = *find_gate("share");
  GateState state = start_gate(share, log_prior(kPrior, 3));
  observe(share, {{0.0, 0.5}}, {logs({0.04, 0.25, 1.0})}, state);
  const auto w = shares(share, {0, 0.5}, state);
  EXPECT_NEAR(w[0] / w[1], 0.5 * 0.2 / (0.2 * 0.5), 1e-12);
  GateState still = start_gate(share, log_prior(kPrior, 3));
  observe(share, {{0.0, 0.0}}, {std::vector<double>{-1, -INFINITY, -2}}, still);
  for (int k = 0; k < 3; ++k) EXPECT_NEAR(shares(share, {0, 0}, still)[k], kPrior[k], 1e-12);
}

TEST(Gates, ShareLetsAnExpertComeBack) {
  const Gate& share = *find_gate("share");
  const std::vector<double> parameters = {0.01, 1};
  GateState state = start_gate(share, log_prior({}, 2));
  const std::vector<double> impossible = {-1, -INFINITY}, better = {-9, -1};
  observe(share, parameters, {impossible}, state);
  EXPECT_NEAR(shares(share, parameters, state)[1], 0.005, 1e-12);
  for (int i = 0; i < 4; ++i) observe(share, parameters, {better}, state);
  EXPECT_GT(shares(share, parameters, state)[1], 0.98);
}

TEST(Gates, EntropyPrefersTheSureExpertByItsPrior) {
  const Gate& entropy = *find_gate("entropy");
  const GateState state = start_gate(entropy, log_prior(kPrior, 3));
  const auto w = shares(entropy, {0.25}, state, {1.0, 0.5, 2.0});
  EXPECT_NEAR(w[0] / w[1], 0.5 / 0.2 * std::exp(-4 * 0.5), 1e-12);
  EXPECT_NEAR(w[0] + w[1] + w[2], 1, 1e-12);
  EXPECT_THROW(shares(entropy, {0.25}, state), Error) << "needs entropies";
}

TEST(Gates, AnExpertOfPriorZeroNeverCounts) {
  for (const Gate* gate : gates()) {
    const auto parameters = default_values(gate->parameters);
    GateState state = start_gate(*gate, log_prior({{1.0, 0.0, 1.0}}, 3));
    const std::vector<double> best = {-5, -0.1, -5}, only = {-INFINITY, -1, -INFINITY};
    observe(*gate, parameters, {best, Part::kTurn}, state);
    observe(*gate, parameters, {only, Part::kTurn}, state);
    const auto w = shares(*gate, parameters, state, {1, 0.1, 1});
    EXPECT_EQ(w[1], 0) << gate->name;
    EXPECT_NEAR(w[0], 0.5, 1e-12) << gate->name;
  }
}

TEST(Gates, ImpossibleTokensAndNaN) {
  for (const Gate* gate : gates()) {
    const auto parameters = default_values(gate->parameters);
    GateState state = start_gate(*gate, log_prior(kPrior, 3));
    const GateState before = state;
    observe(*gate, parameters, {std::vector<double>(3, -INFINITY), Part::kTurn}, state);
    observe(*gate, parameters, {{}, Part::kTurn}, state);
    EXPECT_EQ(state, before) << gate->name;
    for (int k = 0; k < 3; ++k) {  // each is impossible once
      std::vector<double> token(3, -1);
      token[static_cast<std::size_t>(k)] = -INFINITY;
      observe(*gate, parameters, {token, Part::kTurn}, state);
    }
    const auto w = shares(*gate, parameters, state, {1, 1, 1});
    EXPECT_NEAR(w[0] + w[1] + w[2], 1, 1e-12) << gate->name;
    if (gate->follows_answer && !gate->needs_entropies) {
      observe(*gate, parameters, {std::vector<double>{-1, NAN, -1}}, state);
      EXPECT_TRUE(std::isnan(shares(*gate, parameters, state)[0])) << gate->name;
    }
  }
}

TEST(Gates, ACopyIsASnapshot) {
  const Gate& share = *find_gate("share");
  GateState state = after(share, {0.01, 1}, kPrior, random_table(20, 3, 10), Part::kTurn);
  const GateState snapshot = state;
  const Table more = random_table(5, 3, 11);
  for (const auto& token : more) observe(share, {{0.01, 1.0}}, {token}, state);
  GateState again = snapshot;
  for (const auto& token : more) observe(share, {{0.01, 1.0}}, {token}, again);
  EXPECT_EQ(again, state);
}

TEST(Gates, LongTextsNeitherOverflowNorVanish) {
  const Gate& prompt = *find_gate("prompt");
  const std::vector<double> token = {-80, -80.001};
  GateState state = start_gate(prompt, log_prior({}, 2));
  for (int t = 0; t < 1000; ++t) observe(prompt, {{1.0}}, {token, Part::kTurn}, state);
  EXPECT_NEAR(shares(prompt, {1}, state)[1], 1 / (1 + std::exp(1.0)), 1e-9);
}

// If the update goes on over its own samples, a mixture of two-token models writes texts as one
// expert drawn at the start would: full averaging is routing.
TEST(Gates, AveragingOverOwnSamplesIsRouting) {
  const Gate& share = *find_gate("share");
  // p_k(1 | last token), token 0 at the start.
  const double p_one[2][2] = {{0.9, 0.2}, {0.3, 0.6}};
  const std::vector<double> prior = {0.4, 0.6};
  const int length = 6;
  for (int text = 0; text < 1 << length; ++text) {
    GateState state = start_gate(share, log_prior(prior, 2));
    double mixture = 1, whole[2] = {prior[0], prior[1]};
    int last = 0;
    for (int t = 0; t < length; ++t) {
      const int token = text >> t & 1;
      std::vector<double> l(2);
      const auto w = shares(share, {0, 1}, state);
      double p = 0;
      for (std::size_t k = 0; k < 2; ++k) {
        const double q = token == 1 ? p_one[k][last] : 1 - p_one[k][last];
        l[k] = std::log(q);
        p += w[k] * q;
        whole[k] *= q;
      }
      mixture *= p;
      observe(share, {{0.0, 1.0}}, {l}, state);
      last = token;
    }
    EXPECT_NEAR(mixture, whole[0] + whole[1], 1e-14);
  }
}

TEST(Gates, PriorsAreChecked) {
  EXPECT_EQ(log_prior({{2.0, 0.0}}, 2), (std::vector<double>{0, -INFINITY}));
  EXPECT_NEAR(log_prior({}, 4)[3], std::log(0.25), 1e-15);
  EXPECT_THROW(log_prior({{0.5, -0.1}}, 2), Error);
  EXPECT_THROW(log_prior({{0.0, 0.0}}, 2), Error);
  EXPECT_THROW(log_prior({{1.0, NAN}}, 2), Error);
  EXPECT_THROW(log_prior({{1.0, INFINITY}}, 2), Error);
}

TEST(Gates, ModesAreThoseThatStayExact) {
  for (const Gate* gate : gates()) {
    const bool frozen = !gate->follows_answer;
    EXPECT_EQ(gate->modes.draw.allowed, frozen) << gate->name;
    EXPECT_EQ(gate->modes.certified.allowed, frozen) << gate->name;
    EXPECT_EQ(gate->modes.lazy.allowed, gate->name != "entropy") << gate->name;
    for (const Permission* p : {&gate->modes.draw, &gate->modes.certified, &gate->modes.lazy}) {
      EXPECT_EQ(p->reason.empty(), p->allowed) << gate->name;
    }
  }
  for (const Rule* rule : rules()) {
    for (const Permission* p : {&rule->modes.draw, &rule->modes.certified, &rule->modes.lazy}) {
      EXPECT_EQ(p->allowed, rule->linear) << rule->name;
      EXPECT_EQ(p->reason.empty(), p->allowed) << rule->name;
    }
    EXPECT_EQ(rule->gates.allowed, rule->roles.empty()) << rule->name;
  }
}

}  // namespace
}  // namespace mod::mix::testing
