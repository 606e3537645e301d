// Reads `model.merges` of a tokenizer.json: a list of ["a", "b"] or, in older files, of "a b".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "text/json_cursor.h"
#include "text/merge_table.h"
#include "text/vocabulary.h"

namespace mod::text {

/// Finds the ids of some merges at a time, so that searches wait for memory together. For one list.
class MergeReader {
 public:
  /// The cursor stands before the list. Right tokens begin with `prefix` bytes that the merged
  /// token does not have. What is referred to must outlive the reader.
  MergeReader(JsonCursor& cursor, const Vocabulary& vocabulary, std::size_t prefix)
      : cursor_(cursor), vocabulary_(vocabulary), prefix_(prefix) {}

  /// Throws Error(kCorruptFile) for what is no list of merges of tokens of the vocabulary.
  MergeTable read();

 private:
  static constexpr std::size_t kBatch = 32;

  /// A merge that was read: where, what its escaped tokens are, and the token that it makes.
  struct Entry {
    std::size_t place = 0;
    std::string left, right;
    std::int32_t id = Vocabulary::kNone;
  };

  void read_pair(Entry& entry);
  void read_line(Entry& entry);
  void put(Entry& entry, std::string_view left, std::string_view right);
  void resolve();
  std::int32_t merged_id(const Entry& entry, std::string_view left, std::string_view right);
  [[noreturn]] void fail(std::size_t place, const std::string& what) const;
  [[noreturn]] void fail_unknown(std::size_t place, std::string_view token) const;

  JsonCursor& cursor_;
  const Vocabulary& vocabulary_;
  std::size_t prefix_;
  MergeTable table_;
  std::array<Entry, kBatch> entries_;
  std::array<Vocabulary::Search, 2 * kBatch> searches_;  // left and right of each entry
  std::size_t count_ = 0;                                // of entries
  std::string merged_;
  std::uint32_t rank_ = 0;
  std::int32_t last_ = 0;  // the token that was made last
};

}  // namespace mod::text
