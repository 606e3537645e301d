#include "text/vocabulary.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

namespace mod::text {
namespace {

constexpr std::size_t kFirstSlots = 1024;
// At this load and with a good hash the longest search among 10^6 tokens stays below 200.
constexpr std::size_t kMostTries = 1000;
constexpr std::size_t kBatch = 64;  // tokens whose places in the table are fetched ahead

std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

template <class Word>
Word load(const char* from) noexcept {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

/// All of at most 8 bytes, differently for every size that hash_bytes mixes in.
std::uint64_t load_tail(const char* from, std::size_t size) noexcept {
  if (size >= 4) {
    const std::uint64_t high = load<std::uint32_t>(from + size - 4);
    return load<std::uint32_t>(from) | high << 32;
  }
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < size; ++i) word = word << 8 | static_cast<unsigned char>(from[i]);
  return word;
}

}  // namespace

std::uint64_t hash_bytes(std::string_view bytes) noexcept {
  // Odd constants with as many ones as zeros; the multiplication spreads every bit.
  constexpr std::uint64_t kA = 0x9E3779B97F4A7C15, kB = 0xD6E8FEB86659FD93;
  std::uint64_t hash = kA ^ bytes.size();
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left > 8; left -= 8, at += 8) hash = mix(hash ^ load<std::uint64_t>(at), kB);
  return mix(hash ^ load_tail(at, left), kA);
}

std::size_t Vocabulary::probe(std::string_view text, std::uint64_t hash) const noexcept {
  const std::size_t mask = slots_.size() - 1;
  const auto tag = static_cast<std::uint32_t>(hash >> 32);
  std::size_t at = hash & mask;
  for (std::size_t tries = 0; tries < kMostTries; ++tries, at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.id == kNone || (slot.tag == tag && token(slot.id) == text)) return at;
  }
  return slots_.size();
}

std::int32_t Vocabulary::find(std::string_view text, std::uint64_t hash) const noexcept {
  if (slots_.empty()) return kNone;
  const std::size_t at = probe(text, hash);
  return at == slots_.size() ? kNone : slots_[at].id;
}

void Vocabulary::reserve(std::size_t tokens) {
  spans_.reserve(tokens);
  arena_.reserve(tokens * 8);
}

bool Vocabulary::append(std::string_view text, std::int32_t id) {
  if (holds(id)) return false;
  const auto index = static_cast<std::size_t>(id);
  if (index >= spans_.size()) spans_.resize(index + 1);
  spans_[index] = {static_cast<std::uint32_t>(arena_.size()),
                   static_cast<std::uint32_t>(text.size())};
  arena_.append(text);
  ++count_;
  return true;
}

bool Vocabulary::insert(std::int32_t id, std::uint64_t hash) {
  const std::size_t at = probe(token(id), hash);
  if (at == slots_.size() || slots_[at].id != kNone) return false;
  slots_[at] = {static_cast<std::uint32_t>(hash >> 32), id};
  return true;
}

bool Vocabulary::index() {
  slots_.assign(std::max(kFirstSlots, std::bit_ceil(count_ + count_ / 2 + 1)), {});
  std::array<std::pair<std::int32_t, std::uint64_t>, kBatch> batch;
  for (std::int32_t id = 0; id < id_end();) {
    std::size_t size = 0;
    for (; id < id_end() && size < kBatch; ++id) {
      if (!holds(id)) continue;
      const std::uint64_t hash = hash_bytes(token(id));
      __builtin_prefetch(&slots_[hash & (slots_.size() - 1)], 1);
      batch[size++] = {id, hash};
    }
    for (std::size_t i = 0; i < size; ++i) {
      if (!insert(batch[i].first, batch[i].second)) return false;
    }
  }
  return true;
}

void Vocabulary::find_all(std::span<Search> searches) const noexcept {
  for (Search& search : searches) search.id = kNone;
  if (slots_.empty()) return;
  const std::size_t mask = slots_.size() - 1;
  for (Search& search : searches) {
    search.hash = hash_bytes(search.token);
    __builtin_prefetch(&slots_[search.hash & mask]);
  }
  for (Search& search : searches) {
    const auto tag = static_cast<std::uint32_t>(search.hash >> 32);
    std::size_t at = search.hash & mask;
    for (std::size_t tries = 0; tries < kMostTries; ++tries, at = (at + 1) & mask) {
      const Slot& slot = slots_[at];
      if (slot.id != kNone && slot.tag != tag) continue;
      search.id = slot.id;
      break;
    }
    if (search.id != kNone) __builtin_prefetch(&spans_[static_cast<std::size_t>(search.id)]);
  }
  for (const Search& search : searches) {
    if (search.id != kNone) __builtin_prefetch(token(search.id).data());
  }
  for (Search& search : searches) {
    if (search.id == kNone || token(search.id) == search.token) continue;
    search.id = find(search.token, search.hash);
  }
}

void Vocabulary::grow(std::size_t slots) {
  slots_.assign(slots, {});
  for (std::int32_t id = 0; id < id_end(); ++id) {
    if (holds(id)) (void)insert(id, hash_bytes(token(id)));
  }
}

Vocabulary::Added Vocabulary::add(std::string_view text, std::int32_t id) {
  if (3 * (count_ + 1) > 2 * slots_.size()) grow(std::max(kFirstSlots, slots_.size() * 2));
  if (holds(id)) return Added::kIdTwice;
  const std::uint64_t hash = hash_bytes(text);
  const std::size_t at = probe(text, hash);
  if (at == slots_.size()) return Added::kColliding;
  if (slots_[at].id != kNone) return Added::kTokenTwice;
  (void)append(text, id);
  slots_[at] = {static_cast<std::uint32_t>(hash >> 32), id};
  return Added::kNew;
}

}  // namespace mod::text
