// Tokens that are recognised in the text before it is normalised and cut into pieces (special
// tokens and others that were added to a vocabulary). Immutable; thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/byte_trie.h"
#include "text/function_ref.h"
#include "text/normalizer.h"

namespace mod::text {

struct AddedToken {
  std::string content;
  std::int32_t id = 0;
  bool special = false;      // left out by decode where special tokens are skipped
  bool lstrip = false;       // takes the white space in front of it
  bool rstrip = false;       // takes the white space behind it
  bool single_word = false;  // not inside a word
  bool normalized = false;   // looked for, normalised itself, in the normalised text
  std::string form{};        // content as it is looked for and decoded; set by AddedTokens
};

class AddedTokens {
 public:
  /// Longest content of an added token: looking for one costs its length at every place of a text.
  static constexpr std::size_t kMaxContent = 1024;

  AddedTokens() = default;
  /// Contents and ids differ from one another.
  AddedTokens(std::vector<AddedToken> tokens, const NormalizerChain& normalizers);

  /// Null where there is none.
  const AddedToken* find(std::int32_t id) const;
  const AddedToken* find(std::string_view content) const;
  const std::vector<AddedToken>& all() const { return tokens_; }

  struct Part {
    std::size_t begin = 0, end = 0;
    const AddedToken* token = nullptr;  // null: text between tokens
  };
  /// Cuts `text` at the tokens that are (`normalized`) or are not to be looked for in normalised
  /// text. Leftmost first, then longest. No empty parts.
  void split(std::string_view text, bool normalized, FunctionRef<void(const Part&)> visit) const;

 private:
  struct Finder {
    ByteTrie trie;
    std::array<bool, 256> first{};  // bytes that a token begins with
  };

  Finder make_finder(bool normalized) const;
  bool fits(const AddedToken& token, std::string_view text, std::size_t begin,
            std::size_t end) const;

  std::vector<AddedToken> tokens_;
  std::unordered_map<std::int32_t, std::size_t> by_id_;
  std::unordered_map<std::string, std::size_t> by_content_;
  Finder raw_, normalized_;
};

}  // namespace mod::text
