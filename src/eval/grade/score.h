// Scores of several samples of one item.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace mod::eval {

/// Index of the first sample with the most frequent answer among the first k (tie: the answer seen
/// first). Needs at least one sample and k > 0.
std::size_t majority(std::span<const std::string> answers, std::size_t k);

/// 1 - C(n-c, k) / C(n, k) for n samples with c right, 0 <= c <= n; k is at most n.
double pass_at_k(std::size_t n, std::size_t c, std::size_t k);

}  // namespace mod::eval
