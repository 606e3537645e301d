#include "text/model_file.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/quote.h"
#include "text/bpe.h"
#include "text/merge_reader.h"
#include "text/unigram.h"

namespace mod::text {
namespace {

using checkpoint::quote_name;
using Kind = JsonCursor::Kind;

/// Everything that a model may say, in whatever order it says it.
struct ModelReader {
  JsonCursor& cursor;
  std::int32_t limit;

  std::optional<std::string> type, unknown_token;
  std::optional<std::int64_t> unknown_id;
  BpeOptions options;
  Vocabulary vocabulary{};
  bool has_vocabulary = false;
  std::vector<double> scores{};        // of a vocabulary that is a list
  bool has_prefix = false;             // continuing_subword_prefix was read
  std::optional<JsonCursor> merges{};  // where they begin
  std::optional<MergeTable> merge_table{};

  void read();
  void value(std::string_view key);
  void read_vocabulary();
  bool read_vocabulary_at_once();
  void read_scored_vocabulary();
  void read_merges(JsonCursor& from);
  void add_token(std::string_view token, std::int64_t id);
  void read_dropout();
  std::optional<std::string> optional_string();
  std::optional<std::int64_t> optional_integer();
};

void ModelReader::read() {
  std::vector<std::string> seen;
  std::string_view key;
  for (cursor.begin_object(); cursor.next_key(key);) {
    if (std::find(seen.begin(), seen.end(), key) != seen.end()) {
      cursor.fail("the key model." + checkpoint::printable(key) + " stands twice");
    }
    seen.emplace_back(key);
    value(seen.back());
  }
}

void ModelReader::value(std::string_view key) {
  if (key == "type") {
    type = optional_string();
  } else if (key == "vocab") {
    has_vocabulary = true;
    cursor.kind() == Kind::kArray ? read_scored_vocabulary() : read_vocabulary();
  } else if (key == "merges") {
    merges.emplace(cursor);
    if (type == "BPE" && has_prefix && vocabulary.size() > 0 && scores.empty()) {
      read_merges(cursor);
    } else {
      cursor.skip();  // make_bpe comes back: they say nothing without the keys that are missing
    }
  } else if (key == "unk_token") {
    unknown_token = optional_string();
  } else if (key == "unk_id") {
    unknown_id = optional_integer();
  } else if (key == "continuing_subword_prefix") {
    has_prefix = true;
    options.prefix = optional_string().value_or("");
  } else if (key == "end_of_word_suffix") {
    options.suffix = optional_string().value_or("");
  } else if (key == "fuse_unk") {
    options.fuse_unknown = cursor.boolean();
  } else if (key == "byte_fallback") {
    options.byte_fallback = cursor.boolean();
  } else if (key == "ignore_merges") {
    options.ignore_merges = cursor.boolean();
  } else if (key == "dropout") {
    read_dropout();
  } else {
    // A key of a model that is not built is better answered by the name of that model.
    cursor.skip();
    if (!type || *type == "BPE" || *type == "Unigram") {
      cursor.fail("the key model." + checkpoint::printable(key, 60) + " is not supported",
                  ErrorCode::kUnsupported);
    }
  }
}

std::optional<std::string> ModelReader::optional_string() {
  if (cursor.kind() == Kind::kNull) {
    cursor.null();
    return std::nullopt;
  }
  std::string buffer;
  return std::string(cursor.string(buffer));
}

std::optional<std::int64_t> ModelReader::optional_integer() {
  if (cursor.kind() != Kind::kNull) return cursor.integer();
  cursor.null();
  return std::nullopt;
}

void ModelReader::read_dropout() {
  if (cursor.kind() == Kind::kNull) return cursor.null();
  if (cursor.number() != 0) {
    cursor.fail("model.dropout is not supported: texts would be encoded at random; set it to null",
                ErrorCode::kUnsupported);
  }
}

void ModelReader::add_token(std::string_view token, std::int64_t id) {
  if (id < 0 || id >= limit) {
    cursor.fail("model.vocab: the id " + std::to_string(id) + " of " + quote_name(token) +
                " is out of range");
  }
  switch (vocabulary.add(token, static_cast<std::int32_t>(id))) {
    case Vocabulary::Added::kNew:
      return;
    case Vocabulary::Added::kTokenTwice:
      cursor.fail("model.vocab: " + quote_name(token) + " stands twice");
    case Vocabulary::Added::kIdTwice:
      cursor.fail("model.vocab: " + quote_name(token) + " has the id " + std::to_string(id) +
                  " of " + quote_name(vocabulary.token(static_cast<std::int32_t>(id))));
    case Vocabulary::Added::kColliding:
      cursor.fail("model.vocab: too many tokens with the same hash; the file was made to be slow");
  }
}

/// False: something is wrong with a token or an id; add_token says what and where.
bool ModelReader::read_vocabulary_at_once() {
  // Files in use have 56 (Mistral) or 75 (Qwen 3) bytes for a token and its merge.
  constexpr std::size_t kBytesPerToken = 96;
  vocabulary.reserve(cursor.bytes_left() / kBytesPerToken);
  std::string_view token;
  for (cursor.begin_object(); cursor.next_key(token);) {
    const std::int64_t id = cursor.integer();
    if (id < 0 || id >= limit) return false;
    if (!vocabulary.append(token, static_cast<std::int32_t>(id))) return false;
  }
  return vocabulary.index();
}

void ModelReader::read_vocabulary() {
  const JsonCursor start = cursor;
  if (read_vocabulary_at_once()) return;
  cursor = start;
  vocabulary = {};
  std::string_view token;
  for (cursor.begin_object(); cursor.next_key(token);) add_token(token, cursor.integer());
}

void ModelReader::read_merges(JsonCursor& from) {
  merge_table = MergeReader(from, vocabulary, options.prefix.size()).read();
}

void ModelReader::read_scored_vocabulary() {
  std::string buffer;
  for (cursor.begin_array(); cursor.next_item();) {
    cursor.begin_array();
    if (!cursor.next_item()) cursor.fail("model.vocab: expected [token, score]");
    const std::string_view token = cursor.string(buffer);
    if (token.size() > Unigram::kMaxToken) {
      cursor.fail("model.vocab: tokens of more than 1024 bytes are not supported",
                  ErrorCode::kUnsupported);
    }
    if (!cursor.next_item()) cursor.fail("model.vocab: expected [token, score]");
    const double score = cursor.number();
    if (cursor.next_item()) cursor.fail("model.vocab: expected [token, score]");
    add_token(token, static_cast<std::int64_t>(scores.size()));
    scores.push_back(score);
  }
}

std::unique_ptr<Model> make_bpe(ModelReader& model) {
  if (!model.has_vocabulary || !model.merges) {
    model.cursor.fail("model.vocab or model.merges is missing");
  }
  if (!model.scores.empty()) model.cursor.fail("model.vocab: expected an object");
  if (!model.merge_table) model.read_merges(*model.merges);
  if (model.unknown_token) {
    model.options.unknown = model.vocabulary.find(*model.unknown_token);
    model.options.unknown_missing = model.options.unknown == Vocabulary::kNone;
  }
  return std::make_unique<Bpe>(std::move(model.vocabulary), std::move(*model.merge_table),
                               std::move(model.options));
}

std::unique_ptr<Model> make_unigram(ModelReader& model) {
  if (model.scores.empty()) model.cursor.fail("model.vocab: expected a list of [token, score]");
  UnigramOptions options;
  options.byte_fallback = model.options.byte_fallback;
  if (model.unknown_id) {
    if (*model.unknown_id < 0 || *model.unknown_id >= model.vocabulary.id_end()) {
      model.cursor.fail("model.unk_id: " + std::to_string(*model.unknown_id) +
                        " is not in the vocabulary");
    }
    options.unknown = static_cast<std::int32_t>(*model.unknown_id);
  }
  return std::make_unique<Unigram>(std::move(model.vocabulary), std::move(model.scores), options);
}

/// The type of a model in a file that is older than that key.
std::string guessed_type(const ModelReader& model) {
  if (model.merges) return "BPE";
  if (!model.scores.empty()) return "Unigram";
  return "WordLevel or WordPiece";
}

}  // namespace

std::int32_t id_limit(std::size_t file_bytes) {
  return static_cast<std::int32_t>(std::clamp<std::size_t>(
      file_bytes, 1u << 20, static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())));
}

std::unique_ptr<Model> read_model(JsonCursor& cursor, std::int32_t limit) {
  ModelReader model{cursor, limit};
  model.read();
  const std::string type = model.type ? *model.type : guessed_type(model);
  if (type == "BPE") return make_bpe(model);
  if (type == "Unigram") return make_unigram(model);
  cursor.fail("the model " + quote_name(type) + " is not supported; BPE and Unigram are",
              ErrorCode::kUnsupported);
}

}  // namespace mod::text
