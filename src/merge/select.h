// Exact positions in an order of a whole tensor's elements, found without sorting.
//
// The order is by key, equal keys by lower index (cpu/merge_kernels.h). A sample of blocks brackets
// each wanted position; one pass over all blocks counts the keys before the bracket and collects
// those in it; the position is then found among them by counting. Where a bracket missed, or held
// more than the memory allows, histograms of the upper and lower half of the keys find the exact
// key instead. Every way leads to the same cuts.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "cpu/merge_kernels.h"
#include "merge/method.h"

namespace mod::merge {

enum class KeyOrder {
  kMagnitude,  // descending |x - b|, NaN first; zeros are one class whose ties are never resolved
  kValue,      // ascending x, NaN last
};

struct SelectOptions {
  std::uint64_t memory = 64ull << 20;  // for candidates, bytes
  std::uint64_t collect_blocks = 4;    // up to so many blocks every key is a candidate
  bool sample = true;                  // false: start with the histograms (tests)
};

/// One order and the cuts at some positions of it. Passes as in merge::Kernel, with blocks of
/// kBlockElements; accumulate() may be called from several threads for different blocks.
class Selector {
 public:
  /// Cut p has exactly p elements before it (0 <= p <= elements; larger means all).
  Selector(KeyOrder order, std::uint64_t elements, std::vector<std::uint64_t> positions,
           SelectOptions options = {});
  ~Selector();

  bool wants_pass() const;
  Visit visit() const;
  void begin_pass(std::uint64_t blocks);
  /// x and b hold chunk.count elements; b is not used for kValue.
  void accumulate(const Chunk& chunk, const float* x, const float* b);
  void end_pass();

  /// In the order of the positions; valid when no pass is wanted.
  const std::vector<cpu::Cut>& cuts() const { return cuts_; }
  std::uint64_t state_bytes() const;

 private:
  enum class Stage { kSample, kScan, kCoarse, kFine, kTie, kDone };

  /// Keys low..high and what lies before and in them; `counted` may be one of them.
  struct Bracket {
    std::uint32_t low = 0, high = 0, counted = 0;
    std::uint64_t before = 0, equal = 0, inside = 0;

    bool counts() const { return counted >= low && counted <= high; }
  };
  /// One block's part of one bracket.
  struct Part {
    std::uint64_t before = 0;
    std::uint32_t equal = 0;
    std::vector<std::uint32_t> keys;
    std::vector<std::uint16_t> places;
  };
  /// A position without a cut yet. Once the key is known, `rest` elements of that key come before
  /// the cut, then within `block` only.
  struct Open {
    std::size_t position = 0;  // index into positions_
    std::uint32_t key = 0;
    std::uint64_t rest = 0, block = 0;
  };
  struct Histograms;
  /// A candidate's key and place, twice: vectors grow by doubling.
  static constexpr std::uint64_t kCandidateBytes =
      2 * (sizeof(std::uint32_t) + sizeof(std::uint16_t));

  std::uint32_t last_key() const;
  std::uint64_t blocks() const;
  /// Keys whose ties need no order: zeros of a magnitude.
  bool is_free(std::uint32_t key) const;
  void start();
  void end_sample();
  void end_scan();
  void end_coarse();
  void end_fine();
  void end_tie();
  void begin_histograms();
  std::uint64_t room_for_candidates() const;
  Bracket bracket_of(const Open& open) const;
  void set_brackets(std::vector<Bracket> brackets);
  bool resolve(Open open);
  cpu::Cut find(const Bracket& bracket, std::size_t number, std::uint64_t rank) const;
  void settle_tie(Open open, std::size_t number);
  void scan(const Chunk& chunk, const float* x, const float* b);
  void count_histogram(const Chunk& chunk, const std::uint32_t* keys);
  void find_tie(const Chunk& chunk, const std::uint32_t* keys);
  const std::uint32_t* keys_of(const Chunk& chunk, const float* x, const float* b) const;

  const KeyOrder order_;
  const std::uint64_t elements_;
  const std::vector<std::uint64_t> positions_;
  const SelectOptions options_;
  std::vector<cpu::Cut> cuts_;
  Stage stage_ = Stage::kDone;
  std::vector<Open> open_;  // the key is not known
  std::vector<Open> tied_;  // the key is, its element is not

  std::vector<std::vector<std::uint32_t>> samples_;  // [sampled block]
  std::vector<Bracket> brackets_;                    // ascending, disjoint
  std::vector<std::vector<Part>> parts_;             // [bracket][block]
  std::atomic<std::uint64_t> candidates_{0};
  std::unique_ptr<Histograms> histograms_;
};

}  // namespace mod::merge
