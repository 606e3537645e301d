#include "text/bpe.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "mod/error.h"
#include "text/utf8.h"

namespace mod::text {
namespace {

constexpr char32_t kDirectCodes = 0x10000;
// Up to here looking at every pair for the best one is faster than a heap.
constexpr std::size_t kShortWord = 48;
constexpr std::string_view kMetaspace =
    "\xE2\x96\x81";  // U+2581, a space in SentencePiece's models

bool is_one_character(std::string_view token) {
  return !token.empty() && decode_character(token, 0).size == token.size();
}

[[noreturn]] void throw_no_unknown() {
  throw Error(ErrorCode::kInvalidInput,
              "the text has a character that the tokenizer does not know, and the unk_token that "
              "stands for those is not in its vocabulary");
}

}  // namespace

Bpe::Bpe(Vocabulary vocabulary, MergeTable merges, BpeOptions options)
    : Model(std::move(vocabulary)),
      merges_(std::move(merges)),
      options_(std::move(options)),
      plain_(options_.prefix.empty() && options_.suffix.empty()),
      stability_(std::make_unique<std::atomic<std::uint8_t>[]>(
          static_cast<std::size_t>(vocabulary_.id_end()))) {
  find_characters();
  find_bytes();
  find_boundary();
}

void Bpe::find_characters() {
  characters_.assign(kDirectCodes, Vocabulary::kNone);
  for (std::int32_t id = 0; id < vocabulary_.id_end(); ++id) {
    if (!vocabulary_.holds(id) || !is_one_character(vocabulary_.token(id))) continue;
    const char32_t code = decode_character(vocabulary_.token(id), 0).code;
    if (code < kDirectCodes) characters_[code] = id;
  }
}

void Bpe::find_bytes() {
  for (std::size_t byte = 0; byte < bytes_.size(); ++byte) {
    bytes_[byte] = vocabulary_.find(fmt::format("<0x{:02X}>", byte));
  }
}

/// Models that write spaces as U+2581 get a whole text as one piece. If that character is a token
/// and no token has it behind another character, then no merge reaches over such a place, and the
/// text can be cut there: the words become short and the shortcuts for them apply.
void Bpe::find_boundary() {
  if (!plain_ || vocabulary_.find(kMetaspace) == Vocabulary::kNone) return;
  for (std::int32_t id = 0; id < vocabulary_.id_end(); ++id) {
    if (!vocabulary_.holds(id)) continue;
    std::string_view token = vocabulary_.token(id);
    while (token.starts_with(kMetaspace)) token.remove_prefix(kMetaspace.size());
    if (token.find(kMetaspace) != std::string_view::npos) return;
  }
  boundary_ = kMetaspace;
}

void Bpe::encode(std::string_view piece, Workspace& work, std::vector<std::int32_t>& ids) const {
  if (!boundary_.empty()) {
    std::size_t begin = 0;
    for (std::size_t at = piece.find(boundary_); at != std::string_view::npos;) {
      if (at > begin && !piece.substr(begin, at - begin).ends_with(boundary_)) {
        encode_word(piece.substr(begin, at - begin), work, ids);
        begin = at;
      }
      at = piece.find(boundary_, at + boundary_.size());
    }
    piece.remove_prefix(begin);
  }
  if (!piece.empty()) encode_word(piece, work, ids);
}

void Bpe::encode_word(std::string_view word, Workspace& work,
                      std::vector<std::int32_t>& ids) const {
  if (plain_ || options_.ignore_merges) {
    const std::int32_t id = vocabulary_.find(word);
    if (id != Vocabulary::kNone && (options_.ignore_merges || is_stable(id, work))) {
      ids.push_back(id);
      return;
    }
  }
  merge_word(word, work);
  ids.insert(ids.end(), work.ids.begin(), work.ids.end());
}

bool Bpe::is_stable(std::int32_t id, Workspace& work) const {
  std::atomic<std::uint8_t>& known = stability_[static_cast<std::size_t>(id)];
  std::uint8_t stability = known.load(std::memory_order_relaxed);
  if (stability == kUnknown) {
    merge_word(vocabulary_.token(id), work);
    stability = work.ids.size() == 1 && work.ids[0] == id ? kStable : kUnstable;
    known.store(stability, std::memory_order_relaxed);
  }
  return stability == kStable;
}

void Bpe::merge_word(std::string_view word, Workspace& work) const {
  work.ids.clear();
  add_symbols(word, work.ids);
  if (work.ids.size() < 2) return;
  if (work.ids.size() <= kShortWord) {
    merge_short(work);
  } else {
    merge_long(work);
  }
}

std::int32_t Bpe::character_id(char32_t code, std::string_view bytes) const {
  return code < kDirectCodes ? characters_[code] : vocabulary_.find(bytes);
}

bool Bpe::add_bytes(std::string_view bytes, std::vector<std::int32_t>& ids) const {
  if (!options_.byte_fallback) return false;
  const auto id_of = [&](char c) { return bytes_[static_cast<unsigned char>(c)]; };
  if (!std::all_of(bytes.begin(), bytes.end(), [&](char c) { return id_of(c) >= 0; })) return false;
  for (const char c : bytes) ids.push_back(id_of(c));
  return true;
}

void Bpe::add_symbols(std::string_view word, std::vector<std::int32_t>& ids) const {
  std::size_t unknown = 0;  // tokens for the unknown that are due: they are written when a known
                            // character or the end comes, after the bytes of others between them
  std::string affixed;
  for (std::size_t at = 0; at < word.size();) {
    const Character c = decode_character(word, at);
    std::string_view symbol = word.substr(at, c.size);
    std::int32_t id = Vocabulary::kNone;
    if (plain_) {
      id = character_id(c.code, symbol);
    } else {
      affixed.assign(at > 0 ? options_.prefix : std::string());
      affixed += symbol;
      if (at + c.size == word.size()) affixed += options_.suffix;
      symbol = affixed;
      id = vocabulary_.find(symbol);
    }
    at += c.size;
    if (id != Vocabulary::kNone) {
      ids.insert(ids.end(), unknown, options_.unknown);
      unknown = 0;
      ids.push_back(id);
    } else if (!add_bytes(symbol, ids)) {
      if (options_.unknown_missing) throw_no_unknown();
      if (options_.unknown == Vocabulary::kNone) continue;
      if (unknown > 0 && !options_.fuse_unknown) ids.push_back(options_.unknown);
      unknown = 1;
    }
  }
  ids.insert(ids.end(), unknown, options_.unknown);
}

void Bpe::merge_short(Workspace& work) const {
  std::vector<std::int32_t>& ids = work.ids;
  std::vector<Merge>& merges = work.merges;  // of each symbol with the next
  merges.resize(ids.size() - 1);
  for (std::size_t i = 0; i + 1 < ids.size(); ++i) merges[i] = merges_.find(ids[i], ids[i + 1]);
  while (!merges.empty()) {
    const auto best = std::min_element(merges.begin(), merges.end(),
                                       [](Merge a, Merge b) { return a.rank < b.rank; });
    if (best->rank == Merge::kNever) return;
    const auto i = static_cast<std::size_t>(best - merges.begin());
    ids[i] = best->id;
    ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    merges.erase(best);
    if (i < merges.size()) merges[i] = merges_.find(ids[i], ids[i + 1]);
    if (i > 0) merges[i - 1] = merges_.find(ids[i - 1], ids[i]);
  }
}

void Bpe::link_symbols(Workspace& work) const {
  const auto count = static_cast<std::int32_t>(work.ids.size());
  work.symbols.resize(work.ids.size());
  work.heap.clear();
  for (std::int32_t i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const bool last = i + 1 == count;
    const Merge merge = last ? Merge{} : merges_.find(work.ids[at], work.ids[at + 1]);
    work.symbols[at] = {work.ids[at], i - 1, last ? -1 : i + 1, merge};
    if (merge.rank != Merge::kNever) {
      work.heap.push_back(static_cast<std::uint64_t>(merge.rank) << 32 | at);
    }
  }
}

void Bpe::merge_long(Workspace& work) const {
  link_symbols(work);
  std::vector<BpeSymbol>& symbols = work.symbols;
  std::vector<std::uint64_t>& heap = work.heap;
  const auto symbol = [&](std::int32_t at) -> BpeSymbol& {
    return symbols[static_cast<std::size_t>(at)];
  };
  const auto look_up = [&](std::int32_t at) {
    BpeSymbol& left = symbol(at);
    left.merge = left.after < 0 ? Merge{} : merges_.find(left.id, symbol(left.after).id);
    if (left.merge.rank == Merge::kNever) return;
    heap.push_back(static_cast<std::uint64_t>(left.merge.rank) << 32 |
                   static_cast<std::uint32_t>(at));
    std::push_heap(heap.begin(), heap.end(), std::greater<>());
  };
  std::make_heap(heap.begin(), heap.end(), std::greater<>());
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), std::greater<>());
    const auto rank = static_cast<std::uint32_t>(heap.back() >> 32);
    const auto at = static_cast<std::int32_t>(heap.back() & 0xFFFFFFFF);
    heap.pop_back();
    BpeSymbol& left = symbol(at);
    if (left.merge.rank != rank) continue;  // its pair has changed since
    BpeSymbol& right = symbol(left.after);
    left.id = left.merge.id;
    left.after = right.after;
    right.merge = {};
    if (left.after >= 0) symbol(left.after).before = at;
    look_up(at);
    if (left.before >= 0) look_up(left.before);
  }
  work.ids.clear();
  for (std::int32_t at = 0; at >= 0; at = symbol(at).after) work.ids.push_back(symbol(at).id);
}

}  // namespace mod::text
