// What one call of encode needs besides the tokenizer: buffers that are reused from piece to piece.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "text/merge_table.h"
#include "text/regex.h"

namespace mod::text {

/// One symbol of a long word in a list that is linked both ways.
struct BpeSymbol {
  std::int32_t id;
  std::int32_t before, after;  // places of the neighbours; -1: none
  Merge merge;                 // with the symbol after it
};

/// The best way to write a text up to some place, for Unigram.
struct BestPath {
  double score = 0;
  std::int32_t id = 0;
  std::int64_t begin = -1;  // of its last token; -1: not reached
};

/// Not shared between threads.
struct Workspace {
  std::vector<std::string> buffers;  // one a stage of pre-tokenising that changes the text
  RegexWork regex;
  std::vector<std::int32_t> ids;
  std::vector<Merge> merges;
  std::vector<BpeSymbol> symbols;
  std::vector<std::uint64_t> heap;  // rank << 32 | place
  std::vector<BestPath> paths;
};

}  // namespace mod::text
