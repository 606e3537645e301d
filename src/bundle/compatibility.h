// Whether models can write one text together: they can if a token id means the same bytes to all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/problems.h"
#include "text/tokenizer.h"

namespace mod::bundle {

struct NamedTokenizer {
  std::string_view name;  // of the expert, for messages
  const text::Tokenizer* tokenizer = nullptr;
  std::size_t rows = 0;  // of the model's vocabulary; more than tokens where it is padded
};

/// first <= id < last.
struct IdRange {
  std::int32_t first = 0, last = 0;
  friend bool operator==(const IdRange&, const IdRange&) = default;
};

/// Compares the tokens of every id that several tokenizers define, byte by byte. Throws one
/// Error(kInvalidInput) with the first id that means different things, both byte strings, and the
/// special tokens among the ids that differ. What only some experts know as a token, or as a
/// special one, is noted.
///
/// Returns the ids below the widest `rows` that not every expert has as a token, sorted, adjoining
/// ones in one range: none of them may be sampled.
std::vector<IdRange> check_tokenizers(std::span<const NamedTokenizer> experts, Problems& notes);

}  // namespace mod::bundle
