#include "merge/select.h"

#include <algorithm>
#include <cmath>

#include "cpu/kernels.h"
#include "merge/key_rank.h"

namespace mod::merge {
namespace {

/// Every so many elements of a sampled block are looked at. Prime, so that it does not walk down
/// the same columns of a matrix.
constexpr std::uint64_t kSampleStep = 17;
constexpr std::uint64_t kCandidateBytes = sizeof(std::uint32_t) + sizeof(std::uint16_t);
constexpr std::uint32_t kHalf = 1u << 16;

}  // namespace

/// Histograms that any thread may borrow for one chunk.
struct Selector::Histograms {
  std::vector<std::uint32_t>
      bins;  // upper halves whose lower halves are counted; empty: upper halves
  std::size_t size = 0;
  std::mutex mutex;
  std::vector<std::vector<std::uint64_t>> idle;

  std::vector<std::uint64_t> borrow() {
    {
      std::lock_guard lock(mutex);
      if (!idle.empty()) {
        auto histogram = std::move(idle.back());
        idle.pop_back();
        return histogram;
      }
    }
    return std::vector<std::uint64_t>(size);
  }

  void give_back(std::vector<std::uint64_t> histogram) {
    std::lock_guard lock(mutex);
    idle.push_back(std::move(histogram));
  }

  std::vector<std::uint64_t> sum() {
    std::vector<std::uint64_t> total(size);
    for (const auto& histogram : idle) {
      for (std::size_t i = 0; i < size; ++i) total[i] += histogram[i];
    }
    return total;
  }
};

Selector::Selector(KeyOrder order, std::uint64_t elements, std::vector<std::uint64_t> positions,
                   SelectOptions options)
    : order_(order),
      elements_(elements),
      positions_(std::move(positions)),
      options_(options),
      cuts_(positions_.size()) {
  start();
}

Selector::~Selector() = default;

std::uint32_t Selector::last_key() const {
  return order_ == KeyOrder::kMagnitude ? cpu::kZeroMagnitudeKey : 0xffffffffu;
}

bool Selector::is_free(std::uint32_t key) const {
  return order_ == KeyOrder::kMagnitude && key == cpu::kZeroMagnitudeKey;
}

std::uint64_t Selector::blocks() const { return (elements_ + kBlockElements - 1) / kBlockElements; }

void Selector::start() {
  for (std::size_t i = 0; i < positions_.size(); ++i) {
    if (positions_[i] == 0) {
      cuts_[i] = {0, 0};
    } else if (positions_[i] >= elements_) {
      cuts_[i] = {last_key(), elements_};
    } else {
      open_.push_back({i});
    }
  }
  if (open_.empty()) {
    stage_ = Stage::kDone;
  } else if (!options_.sample) {
    stage_ = Stage::kCoarse;
  } else if (blocks() <= options_.collect_blocks) {
    set_brackets({{0, last_key(), last_key()}});
    stage_ = Stage::kScan;
  } else {
    stage_ = Stage::kSample;
  }
}

bool Selector::wants_pass() const { return stage_ != Stage::kDone; }

std::uint64_t Selector::block_stride() const {
  if (stage_ == Stage::kTie) return blocks();
  if (stage_ != Stage::kSample) return 1;
  // At least eight blocks, and one in 32 of a large tensor: a thirtieth of a reading pass.
  return std::clamp<std::uint64_t>(blocks() / 8, 2, 32);
}

std::uint64_t Selector::first_block() const {
  return stage_ == Stage::kTie ? tied_.front().block : 0;
}

void Selector::begin_pass(std::uint64_t blocks) {
  if (stage_ == Stage::kSample) {
    samples_.assign(blocks, {});
  } else if (stage_ == Stage::kScan) {
    parts_.assign(brackets_.size(), std::vector<Part>(blocks));
    candidates_ = 0;
  } else if (stage_ == Stage::kCoarse) {
    histograms_ = std::make_unique<Histograms>();
    histograms_->size = (last_key() >> 16) + 1;
  } else if (stage_ == Stage::kFine) {
    auto histograms = std::make_unique<Histograms>();
    for (const Open& open : open_) histograms->bins.push_back(open.key >> 16);
    std::sort(histograms->bins.begin(), histograms->bins.end());
    const auto end = std::unique(histograms->bins.begin(), histograms->bins.end());
    histograms->bins.erase(end, histograms->bins.end());
    histograms->size = histograms->bins.size() * kHalf;
    histograms_ = std::move(histograms);
  }
}

const std::uint32_t* Selector::keys_of(const Chunk& chunk, const float* x, const float* b) const {
  std::uint32_t* keys = chunk.scratch->words(chunk.count);
  if (order_ == KeyOrder::kMagnitude) {
    chunk.kernels->merge.magnitude_keys(x, b, keys, chunk.count);
  } else {
    chunk.kernels->merge.value_keys(x, keys, chunk.count);
  }
  return keys;
}

void Selector::scan(const Chunk& chunk, const float* x, const float* b) {
  const auto place = static_cast<std::uint32_t>(chunk.first - chunk.block * kBlockElements);
  std::uint32_t* keys = chunk.scratch->words(chunk.count + 16);
  auto* places = reinterpret_cast<std::uint16_t*>(chunk.scratch->bytes(2 * (chunk.count + 16)));
  const std::uint64_t room = options_.memory / (2 * kCandidateBytes);  // vectors grow by doubling
  for (std::size_t k = 0; k < brackets_.size(); ++k) {
    const Bracket& bracket = brackets_[k];
    const cpu::MergeKernels& kernels = chunk.kernels->merge;
    const cpu::ScanOutput out{keys, places, place};
    const cpu::ScanCount count =
        order_ == KeyOrder::kMagnitude
            ? kernels.scan_magnitudes(x, b, bracket.low, bracket.high, bracket.counted, out,
                                      chunk.count)
            : kernels.scan_values(x, bracket.low, bracket.high, bracket.counted, out, chunk.count);
    Part& part = parts_[k][chunk.block];
    part.before += count.before;
    part.equal += static_cast<std::uint32_t>(count.equal);
    if (candidates_.fetch_add(count.inside, std::memory_order_relaxed) + count.inside > room) {
      continue;  // end_scan() sees the count and takes the histograms
    }
    part.keys.insert(part.keys.end(), keys, keys + count.inside);
    part.places.insert(part.places.end(), places, places + count.inside);
  }
}

void Selector::count_histogram(const Chunk& chunk, const std::uint32_t* keys) {
  auto histogram = histograms_->borrow();
  const auto& bins = histograms_->bins;
  for (std::size_t i = 0; i < chunk.count; ++i) {
    if (bins.empty()) {
      ++histogram[keys[i] >> 16];
      continue;
    }
    const auto it = std::lower_bound(bins.begin(), bins.end(), keys[i] >> 16);
    if (it == bins.end() || *it != keys[i] >> 16) continue;
    ++histogram[static_cast<std::size_t>(it - bins.begin()) * kHalf + keys[i] % kHalf];
  }
  histograms_->give_back(std::move(histogram));
}

/// The elements of each tie's key are counted through its block.
void Selector::find_tie(const Chunk& chunk, const std::uint32_t* keys) {
  for (Open& open : tied_) {
    if (open.block != chunk.block) continue;
    for (std::size_t i = 0; i < chunk.count; ++i) {
      if (keys[i] != open.key || open.rest-- > 0) continue;
      cuts_[open.position] = {open.key, chunk.first + i};
      open.rest = kBlockElements;  // found: counts down to nothing any more
    }
  }
}

void Selector::accumulate(const Chunk& chunk, const float* x, const float* b) {
  if (stage_ == Stage::kScan) {
    scan(chunk, x, b);
    return;
  }
  const std::uint32_t* keys = keys_of(chunk, x, b);
  if (stage_ == Stage::kSample) {
    auto& sample = samples_[chunk.block];
    const std::uint64_t start = (kSampleStep - chunk.first % kSampleStep) % kSampleStep;
    for (std::uint64_t i = start; i < chunk.count; i += kSampleStep) sample.push_back(keys[i]);
  } else if (stage_ == Stage::kTie) {
    find_tie(chunk, keys);
  } else {
    count_histogram(chunk, keys);
  }
}

void Selector::end_pass() {
  switch (stage_) {
    case Stage::kSample:
      return end_sample();
    case Stage::kScan:
      return end_scan();
    case Stage::kCoarse:
      return end_coarse();
    case Stage::kFine:
      return end_fine();
    case Stage::kTie:
      return end_tie();
    case Stage::kDone:
      return;
  }
}

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

void Selector::end_scan() {
  const std::uint64_t room = options_.memory / (2 * kCandidateBytes);
  if (candidates_ <= room) {
    for (std::size_t k = 0; k < brackets_.size(); ++k) {
      for (const Part& part : parts_[k]) {
        brackets_[k].before += part.before;
        brackets_[k].inside += part.keys.size();
        if (brackets_[k].counts()) brackets_[k].equal += part.equal;
      }
    }
    std::erase_if(open_, [&](const Open& open) { return resolve(open); });
  }
  parts_.clear();
  brackets_.clear();
  stage_ = !open_.empty() ? Stage::kCoarse : !tied_.empty() ? Stage::kTie : Stage::kDone;
}

void Selector::end_coarse() {
  const std::vector<std::uint64_t> count = histograms_->sum();
  histograms_.reset();
  for (Open& open : open_) {
    open.rest = positions_[open.position];
    std::uint32_t bin = 0;
    while (bin + 1 < count.size() && open.rest >= count[bin]) open.rest -= count[bin++];
    open.key = bin << 16;
  }
  stage_ = Stage::kFine;
}

/// Every key is known now: another scan with brackets of this one key counts it per block.
void Selector::end_fine() {
  const std::vector<std::uint64_t> count = histograms_->sum();
  const std::vector<std::uint32_t> bins = histograms_->bins;
  histograms_.reset();
  std::vector<Bracket> brackets;
  for (Open& open : open_) {
    const auto it = std::lower_bound(bins.begin(), bins.end(), open.key >> 16);
    const std::uint64_t* low = count.data() + static_cast<std::size_t>(it - bins.begin()) * kHalf;
    std::uint32_t half = 0;
    while (half + 1 < kHalf && open.rest >= low[half]) open.rest -= low[half++];
    const std::uint32_t key = open.key | half;
    open.rest = 0;
    open.key = 0;
    if (is_free(key)) {
      cuts_[open.position] = {key, 0};
    } else {
      brackets.push_back({key, key, key});
    }
  }
  std::erase_if(open_, [&](const Open& open) { return is_free(cuts_[open.position].key); });
  set_brackets(std::move(brackets));
  stage_ = open_.empty() ? (tied_.empty() ? Stage::kDone : Stage::kTie) : Stage::kScan;
}

void Selector::end_tie() {
  const std::uint64_t block = first_block();
  std::erase_if(tied_, [&](const Open& open) { return open.block == block; });
  if (tied_.empty()) stage_ = Stage::kDone;
}

std::uint64_t Selector::state_bytes() const {
  if (open_.empty()) return 0;
  const std::uint64_t candidates = std::min(options_.memory, 2 * kCandidateBytes * elements_);
  return candidates + open_.size() * blocks() * sizeof(Part);
}

}  // namespace mod::merge
