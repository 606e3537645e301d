#include "text/byte_trie.h"

#include <algorithm>

namespace mod::text {

ByteTrie::ByteTrie(std::vector<Entry> entries) {
  std::erase_if(entries, [](const Entry& entry) { return entry.key.empty(); });
  if (entries.empty()) return;
  std::stable_sort(entries.begin(), entries.end(),
                   [](const Entry& a, const Entry& b) { return a.key < b.key; });
  /// The entries below a node: those that begin with the bytes that lead to it.
  struct Range {
    std::size_t begin, end, depth;
  };
  std::vector<Range> ranges = {{0, entries.size(), 0}};
  nodes_.emplace_back();
  for (std::size_t node = 0; node < nodes_.size(); ++node) {
    Range range = ranges[node];
    if (range.depth > 0 && entries[range.begin].key.size() == range.depth) {
      nodes_[node].value = entries[range.begin].value;
      const auto is_same = [&](const Entry& e) { return e.key.size() == range.depth; };
      while (range.begin < range.end && is_same(entries[range.begin])) ++range.begin;
    }
    nodes_[node].children = static_cast<std::uint32_t>(nodes_.size());
    while (range.begin < range.end) {
      const char byte = entries[range.begin].key[range.depth];
      const std::size_t begin = range.begin;
      while (range.begin < range.end && entries[range.begin].key[range.depth] == byte) {
        ++range.begin;
      }
      ++nodes_[node].count;
      nodes_.emplace_back();
      nodes_.back().byte = static_cast<std::uint8_t>(byte);
      ranges.push_back({begin, range.begin, range.depth + 1});
    }
  }
}

}  // namespace mod::text
