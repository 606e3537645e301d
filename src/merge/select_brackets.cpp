// Brackets around the wanted positions: where to put them, and what they say once they are counted.
#include <algorithm>
#include <cmath>

#include "merge/key_rank.h"
#include "merge/select_histograms.h"

namespace mod::merge {

/// Around the position as the sample sees it.
Selector::Bracket Selector::bracket_of(const Open& open) const {
  std::uint64_t total = 0;
  for (const auto& sample : samples_) total += sample.size();
  const auto key_at = [&](double rank) -> std::uint32_t {
    if (rank < 0) return 0;
    if (rank >= static_cast<double>(total)) return last_key();
    return key_of_rank(0, last_key(), static_cast<std::uint64_t>(rank), [&](auto&& f) {
      for (const auto& sample : samples_) f(sample);
    });
  };
  const double size = static_cast<double>(total), blocks = static_cast<double>(samples_.size());
  const double share =
      static_cast<double>(positions_[open.position]) / static_cast<double>(elements_);
  const std::uint32_t middle = key_at(share * size);
  // Rows differ in scale, so blocks differ more than their number of elements says: the width comes
  // from the spread between blocks, at least that of independent elements. Of a block that holds
  // the middle key many times only the part that the position needs counts as below it.
  double spread = 0;
  for (const auto& sample : samples_) {
    double below = 0, at_most = 0;
    for (const std::uint32_t key : sample) {
      below += key < middle;
      at_most += key <= middle;
    }
    const double n = static_cast<double>(sample.size());
    const double off = std::max({below / n - share, share - at_most / n, 0.0});
    spread += off * off;
  }
  const double error = std::max(std::sqrt(spread) / blocks, std::sqrt(share * (1 - share) / size));
  const double width = (blocks < 8 ? 6 : 4.5) * error + 2 / size;
  return {key_at((share - width) * size), key_at(std::ceil((share + width) * size)), middle};
}

void Selector::end_sample() {
  std::erase_if(samples_, [](const auto& sample) { return sample.empty(); });
  std::vector<Bracket> brackets;
  for (const Open& open : open_) brackets.push_back(bracket_of(open));
  samples_.clear();
  set_brackets(std::move(brackets));
  stage_ = Stage::kScan;
}

void Selector::set_brackets(std::vector<Bracket> brackets) {
  std::sort(brackets.begin(), brackets.end(),
            [](const Bracket& a, const Bracket& b) { return a.low < b.low; });
  brackets_.clear();
  for (Bracket bracket : brackets) {
    if (is_free(bracket.high)) --bracket.high;  // zeros are never candidates
    if (bracket.low > bracket.high) bracket.low = bracket.high;
    if (!brackets_.empty() && bracket.low <= brackets_.back().high) {
      brackets_.back().high = std::max(brackets_.back().high, bracket.high);
    } else {
      brackets_.push_back(bracket);
    }
  }
}

cpu::Cut Selector::find(const Bracket& bracket, std::size_t number, std::uint64_t rank) const {
  const std::vector<Part>& parts = parts_[number];
  std::uint32_t low = bracket.low, high = bracket.high;
  // Deltas of bf16 models have few different values, so the bin of the rank often holds one key
  // only: the smallest and the largest key in it end the search early.
  while (low < high) {
    const KeyBin bin = bin_of_rank(low, high, rank, [&](auto&& f) {
      for (const Part& part : parts) f(part.keys);
    });
    rank = bin.rest;
    low = 0xffffffffu;
    high = 0;
    for (const Part& part : parts) narrow_to_keys(part.keys, bin, low, high);
  }
  std::size_t block = 0;
  for (; block < parts.size(); ++block) {
    const auto& keys = parts[block].keys;
    const auto equal = static_cast<std::uint64_t>(std::count(keys.begin(), keys.end(), low));
    if (rank < equal) break;
    rank -= equal;
  }
  const Part& part = parts[block];
  std::size_t i = 0;
  while (part.keys[i] != low || rank-- > 0) ++i;
  return {low, block * kBlockElements + part.places[i]};
}

/// The cut lies before element number `rest` of the bracket's counted key.
void Selector::settle_tie(Open open, std::size_t number) {
  open.key = brackets_[number].counted;
  if (open.rest == 0) {
    cuts_[open.position] = {open.key, 0};
    return;
  }
  const std::vector<Part>& parts = parts_[number];
  while (open.rest >= parts[open.block].equal) open.rest -= parts[open.block++].equal;
  tied_.push_back(open);
}

bool Selector::resolve(Open open) {
  const std::uint64_t position = positions_[open.position];
  for (std::size_t k = 0; k < brackets_.size(); ++k) {
    const Bracket& bracket = brackets_[k];
    if (position < bracket.before) return false;
    const std::uint64_t rank = position - bracket.before;
    if (rank < bracket.inside + bracket.equal) {
      std::uint64_t below = 0;  // candidates before the counted key
      for (const Part& part : parts_[k]) {
        for (const std::uint32_t key : part.keys) below += key < bracket.counted;
      }
      if (rank >= below && rank < below + bracket.equal) {
        open.rest = rank - below;
        settle_tie(open, k);
      } else {
        cuts_[open.position] = find(bracket, k, rank < below ? rank : rank - bracket.equal);
      }
      return true;
    }
    // Everything up to the bracket comes before the cut; behind a bracket that ends at the last key
    // but zero there are only zeros, which may fall on either side.
    if (rank == bracket.inside + bracket.equal || is_free(bracket.high + 1)) {
      cuts_[open.position] = {bracket.high + 1, 0};
      return true;
    }
  }
  return false;
}

}  // namespace mod::merge
