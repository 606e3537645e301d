// The slow way to a position: the exact key from histograms of the upper and the lower half of all
// keys.
#include "merge/select_histograms.h"

#include <algorithm>

namespace mod::merge {
namespace {

constexpr std::uint32_t kHalf = 1u << 16;

}  // namespace

void Selector::begin_histograms() {
  auto histograms = std::make_unique<Histograms>();
  if (stage_ == Stage::kCoarse) {
    histograms->size = (last_key() >> 16) + 1;
  } else if (stage_ == Stage::kFine) {
    for (const Open& open : open_) histograms->bins.push_back(open.key >> 16);
    std::sort(histograms->bins.begin(), histograms->bins.end());
    const auto end = std::unique(histograms->bins.begin(), histograms->bins.end());
    histograms->bins.erase(end, histograms->bins.end());
    histograms->size = histograms->bins.size() * kHalf;
  }
  histograms_ = std::move(histograms);
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

}  // namespace mod::merge
