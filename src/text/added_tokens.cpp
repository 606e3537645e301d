#include "text/added_tokens.h"

#include <algorithm>

#include "text/char_table.h"
#include "text/utf8.h"

namespace mod::text {
namespace {

std::uint8_t classes_at(std::string_view text, std::size_t at) {
  return at < text.size() ? CharTable::get()[decode_character(text, at).code] : 0;
}

/// Where the character that ends at `end` > 0 begins.
std::size_t character_before(std::string_view text, std::size_t end) {
  std::size_t at = end - 1;
  while (at > 0 && end - at < 4 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return decode_character(text, at).size == end - at ? at : end - 1;
}

std::size_t space_begin(std::string_view text, std::size_t end) {
  while (end > 0) {
    const std::size_t at = character_before(text, end);
    if (!(classes_at(text, at) & kSpace)) break;
    end = at;
  }
  return end;
}

std::size_t space_end(std::string_view text, std::size_t at) {
  while (classes_at(text, at) & kSpace) at += decode_character(text, at).size;
  return at;
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens, const NormalizerChain& normalizers)
    : tokens_(std::move(tokens)) {
  RegexWork work;
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    AddedToken& token = tokens_[i];
    by_id_.emplace(token.id, i);
    by_content_.emplace(token.content, i);
    token.form = token.content;
    if (token.normalized) normalizers.apply(token.form, work);
  }
  raw_ = make_finder(false);
  normalized_ = make_finder(true);
}

AddedTokens::Finder AddedTokens::make_finder(bool normalized) const {
  std::vector<ByteTrie::Entry> entries;
  Finder finder;
  for (const bool special : {true, false}) {  // of equal forms the special one counts
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      const AddedToken& token = tokens_[i];
      if (token.normalized != normalized || token.special != special || token.form.empty())
        continue;
      entries.push_back({token.form, static_cast<std::int32_t>(i)});
      finder.first[static_cast<unsigned char>(token.form[0])] = true;
    }
  }
  finder.trie = ByteTrie(std::move(entries));
  return finder;
}

const AddedToken* AddedTokens::find(std::int32_t id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &tokens_[found->second];
}

const AddedToken* AddedTokens::find(std::string_view content) const {
  const auto found = by_content_.find(std::string(content));
  return found == by_content_.end() ? nullptr : &tokens_[found->second];
}

bool AddedTokens::fits(const AddedToken& token, std::string_view text, std::size_t begin,
                       std::size_t end) const {
  if (!token.single_word) return true;
  const bool word_before = begin > 0 && (classes_at(text, character_before(text, begin)) & kWord);
  return !word_before && !(classes_at(text, end) & kWord);
}

void AddedTokens::split(std::string_view text, bool normalized,
                        FunctionRef<void(const Part&)> visit) const {
  const Finder& finder = normalized ? normalized_ : raw_;
  std::size_t done = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (!finder.first[static_cast<unsigned char>(text[at])]) {
      ++at;
      continue;
    }
    std::size_t size = 0;
    std::int32_t found = ByteTrie::kNone;
    finder.trie.prefixes_of(text.substr(at), [&](std::size_t prefix, std::int32_t value) {
      size = prefix;
      found = value;
    });
    if (found == ByteTrie::kNone) {
      ++at;
      continue;
    }
    const AddedToken& token = tokens_[static_cast<std::size_t>(found)];
    std::size_t begin = at, end = at + size;
    at = end;
    if (!fits(token, text, begin, end)) continue;
    if (token.lstrip) begin = std::max(space_begin(text, begin), done);
    if (token.rstrip) end = space_end(text, end);
    if (done < begin) visit({done, begin, nullptr});
    visit({begin, end, &token});
    done = end;
  }
  if (done < text.size()) visit({done, text.size(), nullptr});
}

}  // namespace mod::text
