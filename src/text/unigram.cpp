#include "text/unigram.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "mod/error.h"
#include "text/utf8.h"

namespace mod::text {
namespace {

// A character without a token costs this much more than the rarest token.
constexpr double kUnknownPenalty = 10.0;

}  // namespace

Unigram::Unigram(Vocabulary vocabulary, std::vector<double> scores, UnigramOptions options)
    : Model(std::move(vocabulary)), scores_(std::move(scores)), options_(options) {
  std::vector<ByteTrie::Entry> entries;
  double least = std::numeric_limits<double>::infinity();
  for (std::int32_t id = 0; id < vocabulary_.id_end(); ++id) {
    entries.push_back({vocabulary_.token(id), id});
    least = std::min(least, scores_[static_cast<std::size_t>(id)]);
  }
  unknown_score_ = least - kUnknownPenalty;
  trie_ = ByteTrie(std::move(entries));
  for (std::size_t byte = 0; byte < bytes_.size(); ++byte) {
    bytes_[byte] = vocabulary_.find(fmt::format("<0x{:02X}>", byte));
  }
}

void Unigram::throw_unknown() const {
  throw Error(ErrorCode::kInvalidInput,
              "the text has a character that the tokenizer does not know, and its model has no "
              "unk_id to stand for it");
}

void Unigram::find_paths(std::string_view piece, std::vector<BestPath>& paths) const {
  paths.assign(piece.size() + 1, {});
  for (std::size_t begin = 0; begin < piece.size();) {
    const double before = paths[begin].score;
    const std::size_t character = decode_character(piece, begin).size;
    const auto offer = [&](std::size_t size, std::int32_t id, double score) {
      BestPath& path = paths[begin + size];
      if (path.begin >= 0 && !(before + score > path.score)) return;
      path = {before + score, id, static_cast<std::int64_t>(begin)};
    };
    bool single = false;
    trie_.prefixes_of(piece.substr(begin), [&](std::size_t size, std::int32_t id) {
      offer(size, id, scores_[static_cast<std::size_t>(id)]);
      single = single || size == character;
    });
    if (!single) {
      if (options_.unknown == Vocabulary::kNone) throw_unknown();
      offer(character, options_.unknown, unknown_score_);
    }
    begin += character;
  }
}

void Unigram::add(std::string_view token, std::vector<std::int32_t>& ids) const {
  const std::int32_t id = vocabulary_.find(token);
  if (id != Vocabulary::kNone) {
    ids.push_back(id);
    return;
  }
  const auto byte_id = [&](char c) { return bytes_[static_cast<unsigned char>(c)]; };
  const bool all_bytes = options_.byte_fallback &&
                         std::all_of(token.begin(), token.end(),
                                     [&](char c) { return byte_id(c) != Vocabulary::kNone; });
  if (all_bytes) {
    for (const char c : token) ids.push_back(byte_id(c));
  } else {
    ids.push_back(options_.unknown);
  }
}

void Unigram::encode(std::string_view piece, Workspace& work,
                     std::vector<std::int32_t>& ids) const {
  find_paths(piece, work.paths);
  // Spans of the tokens from back to front; neighbours that are unknown are one.
  std::vector<std::string_view> tokens;
  bool last_unknown = false;
  for (std::size_t end = piece.size(); end > 0;) {
    const BestPath& path = work.paths[end];
    const auto begin = static_cast<std::size_t>(path.begin);
    const bool unknown = options_.unknown != Vocabulary::kNone && path.id == options_.unknown;
    if (unknown && last_unknown) {
      tokens.back() = piece.substr(begin, end - begin + tokens.back().size());
    } else {
      tokens.push_back(piece.substr(begin, end - begin));
    }
    last_unknown = unknown;
    end = begin;
  }
  for (auto token = tokens.rbegin(); token != tokens.rend(); ++token) add(*token, ids);
}

}  // namespace mod::text
