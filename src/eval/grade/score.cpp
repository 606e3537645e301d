#include "eval/grade/score.h"

#include <algorithm>
#include <unordered_map>

#include "mod/error.h"

namespace mod::eval {

std::size_t majority(std::span<const std::string> answers, std::size_t k) {
  if (answers.empty() || k == 0) {
    throw Error(ErrorCode::kInvalidInput, "majority vote: no answers; give at least one sample");
  }
  struct Votes {
    std::size_t first, number;
  };
  std::unordered_map<std::string_view, Votes> votes;
  for (std::size_t i = 0; i < std::min(k, answers.size()); ++i) {
    ++votes.try_emplace(answers[i], Votes{i, 0}).first->second.number;
  }
  Votes best{0, 0};
  for (const auto& [answer, candidate] : votes) {
    const bool more = candidate.number > best.number;
    if (more || (candidate.number == best.number && candidate.first < best.first)) best = candidate;
  }
  return best.first;
}

double pass_at_k(std::size_t n, std::size_t c, std::size_t k) {
  if (k == 0 || k > n || c > n) {
    throw Error(ErrorCode::kInvalidInput, "pass@k: needs 1 <= k <= samples and right <= samples");
  }
  if (n - c < k) return 1;
  double all_wrong = 1;
  for (std::size_t i = 0; i < k; ++i) {
    all_wrong *= static_cast<double>(n - c - i) / static_cast<double>(n - i);
  }
  return 1 - all_wrong;
}

}  // namespace mod::eval
