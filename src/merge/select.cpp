#include "merge/select.h"

#include <algorithm>

#include "cpu/kernels.h"
#include "merge/select_histograms.h"

namespace mod::merge {
namespace {

/// A sample looks at every so many elements from the starts of many blocks, since rows differ in
/// scale. Prime, so that it does not walk down the same columns of a matrix.
constexpr std::uint64_t kSampleStep = 7;
constexpr std::uint64_t kLeastOfBlock = 16384;  // elements that are read at once

}  // namespace

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

std::uint64_t Selector::room_for_candidates() const { return options_.memory / kCandidateBytes; }

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

Visit Selector::visit() const {
  if (stage_ == Stage::kTie) return {.first = tied_.front().block, .stride = blocks()};
  if (stage_ != Stage::kSample) return {};
  // A sixteenth of the tensor, less of a large one. How many rows it touches decides how narrow the
  // bracket gets: half of this made the candidates of an embedding exceed their room.
  const std::uint64_t stride = std::clamp<std::uint64_t>(blocks() / 16, 2, 32);
  return {.stride = stride,
          .elements = std::clamp(kBlockElements / 16 * stride, kLeastOfBlock, kBlockElements)};
}

void Selector::begin_pass(std::uint64_t blocks) {
  if (stage_ == Stage::kSample) {
    samples_.assign(blocks, {});
  } else if (stage_ == Stage::kScan) {
    parts_.assign(brackets_.size(), std::vector<Part>(blocks));
    candidates_ = 0;
  } else {
    begin_histograms();
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
  const std::uint64_t room = room_for_candidates();
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

void Selector::end_scan() {
  const std::uint64_t room = room_for_candidates();
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

void Selector::end_tie() {
  const std::uint64_t block = visit().first;
  std::erase_if(tied_, [&](const Open& open) { return open.block == block; });
  if (tied_.empty()) stage_ = Stage::kDone;
}

std::uint64_t Selector::state_bytes() const {
  if (open_.empty()) return 0;
  const std::uint64_t candidates = std::min(options_.memory, kCandidateBytes * elements_);
  return candidates + open_.size() * blocks() * sizeof(Part);
}

}  // namespace mod::merge
