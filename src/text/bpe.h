// Byte-pair encoding as Hugging Face's tokenizers do it: the characters of a piece, then the merge
// of the lowest rank, leftmost first, until none applies. O(n log n) in the length of a piece.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/model.h"

namespace mod::text {

struct BpeOptions {
  std::int32_t unknown = Vocabulary::kNone;  // unk_token; none: unknown characters are left out
  bool unknown_missing = false;              // an unk_token is named but not in the vocabulary
  std::string prefix;                        // continuing_subword_prefix
  std::string suffix;                        // end_of_word_suffix
  bool fuse_unknown = false;                 // a run of unknown characters is one unknown token
  bool byte_fallback = false;                // unknown characters become tokens <0x00> to <0xFF>
  bool ignore_merges = false;                // a piece that is a token is that token
};

class Bpe : public Model {
 public:
  Bpe(Vocabulary vocabulary, MergeTable merges, BpeOptions options);

  void encode(std::string_view piece, Workspace& work,
              std::vector<std::int32_t>& ids) const override;
  bool allows_clean_up() const override { return false; }

 private:
  /// What is known about a token: whether its own text encodes to just this token.
  enum Stability : std::uint8_t { kUnknown, kStable, kUnstable };

  void find_characters();
  void find_bytes();
  void find_boundary();
  void encode_word(std::string_view word, Workspace& work, std::vector<std::int32_t>& ids) const;
  std::int32_t character_id(char32_t code, std::string_view bytes) const;
  void merge_word(std::string_view word, Workspace& work) const;
  void add_symbols(std::string_view word, std::vector<std::int32_t>& ids) const;
  bool add_bytes(std::string_view bytes, std::vector<std::int32_t>& ids) const;
  void merge_short(Workspace& work) const;
  void merge_long(Workspace& work) const;
  void link_symbols(Workspace& work) const;
  bool is_stable(std::int32_t id, Workspace& work) const;

  MergeTable merges_;
  BpeOptions options_;
  bool plain_;                             // neither prefix nor suffix
  std::string boundary_;                   // see find_boundary
  std::vector<std::int32_t> characters_;   // id of a character below kDirectCodes
  std::array<std::int32_t, 256> bytes_{};  // id of <0x00> to <0xFF>
  // Filled in by need, from any thread: what is written depends on the tokenizer alone.
  std::unique_ptr<std::atomic<std::uint8_t>[]> stability_;
};

}  // namespace mod::text
