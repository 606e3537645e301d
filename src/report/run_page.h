// The page of `mod run MIXTURE --html`: a text with what every expert thought at each of its
// tokens. Pure; thread-safe. Texts are as the model wrote them: everything is escaped here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace mod::report {

struct RunPage {
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

  std::string title, prompt, model;
  std::string rule, gate, mode, sampling;  // as text, shown as they are; empty: not shown

  struct Expert {
    std::string name, model;
    double prior = kUnknown;
    std::uint64_t forward_passes = 0;
    std::uint64_t weight_bytes = 0;  // of its own; what experts share counts for each of them
  };
  std::vector<Expert> experts;  // none for a single model

  struct Candidate {
    std::string text;
    std::int32_t id = 0;
    double logprob = kUnknown;  // nats
  };

  struct TokenExpert {
    bool evaluated = false;  // false: the mode did without this expert here
    double logprob = kUnknown;
    std::uint32_t rank = 0;    // from 1
    double weight = kUnknown;  // the gate's, before this token; known even where not evaluated
    double responsibility = kUnknown;
    std::vector<Candidate> best;  // most probable first
  };

  struct Token {
    std::string text;
    std::int32_t id = 0;
    double logprob = kUnknown;         // of the mix
    int leader = -1;                   // the expert whose hue it has; -1: plain
    double disagreement = kUnknown;    // Jensen-Shannon divergence of the experts, nats
    std::optional<bool> changed;       // the mix chose otherwise than the heaviest expert
    std::vector<TokenExpert> experts;  // as RunPage::experts; shorter: the rest was not evaluated
    std::vector<Candidate> best;       // of the mix
  };
  std::vector<Token> tokens;

  double tokens_per_second = kUnknown, prompt_tokens_per_second = kUnknown;
  std::size_t prompt_tokens = 0;
  std::string finish_reason;
};

/// One self-contained page: heat map, the experts' candidates at each token, the gate's weights,
/// and the costs. Readable without JavaScript.
std::string run_page_html(const RunPage& page);

}  // namespace mod::report
