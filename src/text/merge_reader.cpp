#include "text/merge_reader.h"

#include <algorithm>

#include "checkpoint/quote.h"

namespace mod::text {

using checkpoint::quote_name;

MergeTable MergeReader::read() {
  // A merge makes a token, and takes at least 6 bytes of the file.
  table_.reserve(std::min(vocabulary_.size(), cursor_.bytes_left() / 6));
  for (cursor_.begin_array(); cursor_.next_item();) {
    Entry& entry = entries_[count_];
    cursor_.kind() == JsonCursor::Kind::kArray ? read_pair(entry) : read_line(entry);
    if (count_ == kBatch) resolve();
  }
  resolve();
  return std::move(table_);
}

/// ["a", "b"]
void MergeReader::read_pair(Entry& entry) {
  const auto expect = [&](bool holds) {
    if (!holds) fail(cursor_.place(), "expected two tokens");
  };
  cursor_.begin_array();
  expect(cursor_.next_item());
  const std::string_view left = cursor_.string(entry.left);
  expect(cursor_.next_item());
  const std::string_view right = cursor_.string(entry.right);
  expect(!cursor_.next_item());
  put(entry, left, right);
}

/// "a b"; the first may be a line that names a version.
void MergeReader::read_line(Entry& entry) {
  const std::string_view text = cursor_.string(entry.left);
  if (text.starts_with("#version")) return;
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos || text.find(' ', space + 1) != std::string_view::npos) {
    fail(cursor_.place(), quote_name(text) + " is not two tokens with one space between them");
  }
  put(entry, text.substr(0, space), text.substr(space + 1));
}

void MergeReader::put(Entry& entry, std::string_view left, std::string_view right) {
  entry.place = cursor_.place();
  searches_[2 * count_].token = left;
  searches_[2 * count_ + 1].token = right;
  ++count_;
}

void MergeReader::resolve() {
  vocabulary_.find_all({searches_.data(), 2 * count_});
  for (std::size_t i = 0; i < count_; ++i) {
    const Vocabulary::Search &left = searches_[2 * i], &right = searches_[2 * i + 1];
    Entry& entry = entries_[i];
    for (const Vocabulary::Search* search : {&left, &right}) {
      if (search->id == Vocabulary::kNone) fail_unknown(entry.place, search->token);
    }
    if (right.token.size() < prefix_) {
      fail(entry.place, quote_name(right.token) + " is shorter than the prefix of subwords");
    }
    entry.id = merged_id(entry, left.token, right.token.substr(prefix_));
    table_.prefetch(left.id, right.id);
  }
  for (std::size_t i = 0; i < count_; ++i) {
    const std::int32_t left = searches_[2 * i].id, right = searches_[2 * i + 1].id;
    if (table_.add(left, right, {rank_++, entries_[i].id})) continue;
    fail(entries_[i].place, "too many merges with the same hash; the file was made to be slow");
  }
  count_ = 0;
}

/// Nearly always a merge makes the token after that of the merge before: a look at it saves a
/// search.
std::int32_t MergeReader::merged_id(const Entry& entry, std::string_view left,
                                    std::string_view right) {
  ++last_;
  if (vocabulary_.holds(last_)) {
    const std::string_view next = vocabulary_.token(last_);
    if (next.size() == left.size() + right.size() && next.starts_with(left) &&
        next.ends_with(right)) {
      return last_;
    }
  }
  merged_.assign(left);
  merged_ += right;
  last_ = vocabulary_.find(merged_);
  if (last_ == Vocabulary::kNone) fail_unknown(entry.place, merged_);
  return last_;
}

void MergeReader::fail(std::size_t place, const std::string& what) const {
  cursor_.fail_at(place, "model.merges: " + what);
}

void MergeReader::fail_unknown(std::size_t place, std::string_view token) const {
  fail(place, quote_name(token) + " is not in the vocabulary");
}

}  // namespace mod::text
