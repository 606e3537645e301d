// The unigram language model of SentencePiece as Hugging Face's tokenizers do it: of all ways to
// write a piece as tokens the one with the largest sum of scores (Viterbi, Kudo 2018). O(n) in the
// length of a piece, times the length of the longest token.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "text/byte_trie.h"
#include "text/model.h"

namespace mod::text {

struct UnigramOptions {
  std::int32_t unknown = Vocabulary::kNone;  // unk_id; none: an unknown character is an error
  bool byte_fallback = false;                // what is unknown becomes tokens <0x00> to <0xFF>
};

class Unigram : public Model {
 public:
  /// Longest token in bytes.
  static constexpr std::size_t kMaxToken = 1024;

  /// One score for each id. No holes in the vocabulary.
  Unigram(Vocabulary vocabulary, std::vector<double> scores, UnigramOptions options);

  void encode(std::string_view piece, Workspace& work,
              std::vector<std::int32_t>& ids) const override;
  bool allows_clean_up() const override { return true; }

 private:
  void find_paths(std::string_view piece, std::vector<BestPath>& paths) const;
  void add(std::string_view token, std::vector<std::int32_t>& ids) const;
  [[noreturn]] void throw_unknown() const;

  std::vector<double> scores_;
  double unknown_score_ = 0;
  UnigramOptions options_;
  ByteTrie trie_;
  std::array<std::int32_t, 256> bytes_{};
};

}  // namespace mod::text
