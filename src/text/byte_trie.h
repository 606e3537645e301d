// A set of byte strings with a number each, for finding which of them a text begins with.
// Immutable; thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace mod::text {

class ByteTrie {
 public:
  static constexpr std::int32_t kNone = -1;

  struct Entry {
    std::string_view key;
    std::int32_t value;  // not negative
  };

  ByteTrie() = default;
  /// Empty keys are left out; of equal keys the first counts.
  explicit ByteTrie(std::vector<Entry> entries);

  /// Calls visit(size, value) for every key that `text` begins with, from short to long.
  template <class Visit>
  void prefixes_of(std::string_view text, Visit visit) const {
    if (nodes_.empty()) return;
    std::uint32_t node = 0;
    for (std::size_t size = 1; size <= text.size(); ++size) {
      node = child(node, static_cast<std::uint8_t>(text[size - 1]));
      if (node == 0) return;
      if (nodes_[node].value != kNone) visit(size, nodes_[node].value);
    }
  }

  bool may_begin_with(char first) const {
    return !nodes_.empty() && child(0, static_cast<std::uint8_t>(first)) != 0;
  }

 private:
  struct Node {
    std::uint32_t children = 0;  // index of the first; they are in order of their bytes
    std::int32_t value = kNone;
    std::uint16_t count = 0;
    std::uint8_t byte = 0;  // that leads here
  };

  /// 0, the root, where there is none.
  std::uint32_t child(std::uint32_t node, std::uint8_t byte) const {
    std::uint32_t low = nodes_[node].children, high = low + nodes_[node].count;
    while (low < high) {
      const std::uint32_t middle = (low + high) / 2;
      if (nodes_[middle].byte < byte) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    const std::uint32_t end = nodes_[node].children + nodes_[node].count;
    return low < end && nodes_[low].byte == byte ? low : 0;
  }

  std::vector<Node> nodes_;
};

}  // namespace mod::text
