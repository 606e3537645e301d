#include "text/model_file.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/quote.h"
#include "text/bpe.h"
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
  std::vector<double> scores{};  // of a vocabulary that is a list
  std::optional<JsonCursor> merges{};

  void read();
  void value(std::string_view key);
  void read_vocabulary();
  void read_scored_vocabulary();
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
    merges.emplace(cursor);  // read last: it needs the vocabulary
    cursor.skip();
  } else if (key == "unk_token") {
    unknown_token = optional_string();
  } else if (key == "unk_id") {
    unknown_id = optional_integer();
  } else if (key == "continuing_subword_prefix") {
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

void ModelReader::read_vocabulary() {
  // Files in use have 56 (Mistral) or 75 (Qwen 3) bytes for a token and its merge.
  constexpr std::size_t kBytesPerToken = 96;
  vocabulary.reserve(cursor.bytes_left() / kBytesPerToken);
  std::string_view token;
  for (cursor.begin_object(); cursor.next_key(token);) add_token(token, cursor.integer());
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

/// Resolves merges, one by one, to ids.
class MergeReader {
 public:
  MergeReader(JsonCursor& cursor, const ModelReader& model) : cursor_(cursor), model_(model) {}

  MergeTable read() {
    // A merge makes a token, and takes at least 6 bytes of the file.
    table_.reserve(std::min(model_.vocabulary.size(), cursor_.bytes_left() / 6));
    for (cursor_.begin_array(); cursor_.next_item();) {
      if (cursor_.kind() == Kind::kArray) {
        pair();
      } else {
        line();
      }
    }
    return std::move(table_);
  }

 private:
  /// ["a", "b"]
  void pair() {
    cursor_.begin_array();
    if (!cursor_.next_item()) fail("expected two tokens");
    const std::string_view left = cursor_.string(left_);
    if (!cursor_.next_item()) fail("expected two tokens");
    const std::string_view right = cursor_.string(right_);
    if (cursor_.next_item()) fail("expected two tokens");
    add(left, right);
  }

  /// "a b"; the first may be a line that names a version.
  void line() {
    const std::string_view text = cursor_.string(left_);
    if (text.starts_with("#version")) return;
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos || text.find(' ', space + 1) != std::string_view::npos) {
      fail(quote_name(text) + " is not two tokens with one space between them");
    }
    add(text.substr(0, space), text.substr(space + 1));
  }

  void add(std::string_view left, std::string_view right) {
    const std::int32_t left_id = id_of(left), right_id = id_of(right);
    const std::size_t prefix = model_.options.prefix.size();
    if (right.size() < prefix) fail(quote_name(right) + " is shorter than the prefix of subwords");
    const std::int32_t id = merged_id(left, right.substr(prefix));
    if (!table_.add(left_id, right_id, {rank_++, id})) {
      fail("too many merges with the same hash; the file was made to be slow");
    }
  }

  std::int32_t id_of(std::string_view token) const {
    const std::int32_t id = model_.vocabulary.find(token);
    if (id == Vocabulary::kNone) fail(quote_name(token) + " is not in the vocabulary");
    return id;
  }

  /// Nearly always a merge makes the token after that of the merge before: a look at it saves a
  /// search.
  std::int32_t merged_id(std::string_view left, std::string_view right) {
    ++last_;
    if (model_.vocabulary.holds(last_)) {
      const std::string_view next = model_.vocabulary.token(last_);
      if (next.size() == left.size() + right.size() && next.starts_with(left) &&
          next.ends_with(right)) {
        return last_;
      }
    }
    merged_.assign(left);
    merged_ += right;
    last_ = id_of(merged_);
    return last_;
  }

  [[noreturn]] void fail(const std::string& what) const { cursor_.fail("model.merges: " + what); }

  JsonCursor& cursor_;
  const ModelReader& model_;
  MergeTable table_;
  std::string left_, right_, merged_;
  std::uint32_t rank_ = 0;
  std::int32_t last_ = 0;
};

std::unique_ptr<Model> make_bpe(ModelReader& model) {
  if (!model.has_vocabulary || !model.merges) {
    model.cursor.fail("model.vocab or model.merges is missing");
  }
  if (!model.scores.empty()) model.cursor.fail("model.vocab: expected an object");
  MergeTable merges = MergeReader(*model.merges, model).read();
  if (model.unknown_token) {
    model.options.unknown = model.vocabulary.find(*model.unknown_token);
    model.options.unknown_missing = model.options.unknown == Vocabulary::kNone;
  }
  return std::make_unique<Bpe>(std::move(model.vocabulary), std::move(merges),
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
