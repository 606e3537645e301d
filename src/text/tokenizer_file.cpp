#include "text/tokenizer_file.h"

#include <algorithm>
#include <vector>

#include "checkpoint/quote.h"
#include "text/json_cursor.h"
#include "text/model_file.h"
#include "text/pre_tokenizers.h"

namespace mod::text {
namespace {

using checkpoint::quote_name;
using Json = ConfigNode::Json;

AddedToken read_added_token(JsonCursor& cursor) {
  AddedToken token;
  std::optional<std::int64_t> id;
  std::optional<bool> normalized;
  bool has_content = false;
  std::string buffer;
  std::string_view key;
  for (cursor.begin_object(); cursor.next_key(key);) {
    if (key == "id") {
      id = cursor.integer();
    } else if (key == "content") {
      token.content = cursor.string(buffer);
      has_content = true;
    } else if (key == "special") {
      token.special = cursor.boolean();
    } else if (key == "lstrip") {
      token.lstrip = cursor.boolean();
    } else if (key == "rstrip") {
      token.rstrip = cursor.boolean();
    } else if (key == "single_word") {
      token.single_word = cursor.boolean();
    } else if (key == "normalized") {
      normalized = cursor.boolean();
    } else {
      cursor.fail("added_tokens: the key " + quote_name(key) + " is not supported",
                  ErrorCode::kUnsupported);
    }
  }
  if (!id || !has_content) cursor.fail("added_tokens: a token without id or content");
  if (*id < 0 || *id >= id_limit(0x7FFFFFFF)) {
    cursor.fail("added_tokens: the id of " + quote_name(token.content) + " is out of range");
  }
  token.id = static_cast<std::int32_t>(*id);
  token.normalized = normalized.value_or(!token.special);
  return token;
}

/// The top level of the file. Small parts become trees, the model is read as it passes by.
struct Parts {
  Json normalizer, pre_tokenizer, post_processor, decoder;
  std::vector<AddedToken> added;
  std::unique_ptr<Model> model;
};

class FileReader {
 public:
  FileReader(std::string_view json, const std::string& name)
      : cursor_(json, name), name_(name), limit_(id_limit(json.size())) {}

  Parts read() {
    Parts parts;
    std::vector<std::string> seen;
    std::string_view key;
    for (cursor_.begin_object(); cursor_.next_key(key);) {
      if (std::find(seen.begin(), seen.end(), key) != seen.end()) {
        cursor_.fail("the key " + quote_name(key) + " stands twice");
      }
      seen.emplace_back(key);
      value(seen.back(), parts);
    }
    cursor_.end();
    if (!parts.model) cursor_.fail("there is no 'model': this is not a tokenizer.json");
    return parts;
  }

 private:
  void value(std::string_view key, Parts& parts) {
    if (key == "model") {
      parts.model = read_model(cursor_, limit_);
    } else if (key == "added_tokens") {
      read_added(parts.added);
    } else if (key == "normalizer") {
      parts.normalizer = tree();
    } else if (key == "pre_tokenizer") {
      parts.pre_tokenizer = tree();
    } else if (key == "post_processor") {
      parts.post_processor = tree();
    } else if (key == "decoder") {
      parts.decoder = tree();
    } else if (key == "version") {
      std::string buffer;
      if (const std::string_view version = cursor_.string(buffer); version != "1.0") {
        cursor_.fail("version " + quote_name(version) + " is not supported; 1.0 is",
                     ErrorCode::kUnsupported);
      }
    } else {
      cursor_.skip();  // truncation and padding among them: they concern training
    }
  }

  Json tree() { return checkpoint::parse_json(cursor_.skip(), name_); }

  void read_added(std::vector<AddedToken>& added) {
    if (cursor_.kind() == JsonCursor::Kind::kNull) return cursor_.null();
    for (cursor_.begin_array(); cursor_.next_item();) {
      added.push_back(read_added_token(cursor_));
      const AddedToken& token = added.back();
      if (token.id >= limit_) {
        cursor_.fail("added_tokens: the id " + std::to_string(token.id) + " of " +
                     quote_name(token.content) + " is out of range");
      }
      if (token.content.size() > AddedTokens::kMaxContent) {
        cursor_.fail("added_tokens: tokens of more than 1024 bytes are not supported",
                     ErrorCode::kUnsupported);
      }
    }
  }

  JsonCursor cursor_;
  const std::string& name_;
  std::int32_t limit_;
};

[[noreturn]] void fail(const std::string& name, const std::string& what) {
  throw Error(ErrorCode::kCorruptFile, name + ": added_tokens: " + what);
}

/// Contents and ids must differ among themselves and agree with the vocabulary of the model.
void check_added(const std::vector<AddedToken>& added, const Vocabulary& vocabulary,
                 const std::string& name) {
  Vocabulary seen;
  for (const AddedToken& token : added) {
    const std::string text = quote_name(token.content), id = std::to_string(token.id);
    if (token.content.empty()) fail(name, "the token with the id " + id + " is empty");
    const std::int32_t in_model = vocabulary.find(token.content);
    if (in_model != Vocabulary::kNone && in_model != token.id) {
      fail(name,
           text + " has the id " + id + ", and " + std::to_string(in_model) + " in the vocabulary");
    }
    if (in_model == Vocabulary::kNone && vocabulary.holds(token.id)) {
      fail(name, text + " has the id " + id + " of " + quote_name(vocabulary.token(token.id)) +
                     " in the vocabulary");
    }
    switch (seen.add(token.content, token.id)) {
      case Vocabulary::Added::kNew:
        break;
      case Vocabulary::Added::kIdTwice:
        fail(name, "the id " + id + " stands twice");
      default:
        fail(name, text + " stands twice");
    }
  }
}

/// Special tokens that only tokenizer_config.json names are added if the vocabulary has them.
void add_named(const TokenizerConfig& config, const Vocabulary& vocabulary,
               std::vector<AddedToken>& added) {
  for (AddedToken token : config.special) {
    const std::int32_t id = vocabulary.find(token.content);
    const bool known = std::any_of(added.begin(), added.end(), [&](const AddedToken& other) {
      return other.content == token.content;
    });
    if (known || id == Vocabulary::kNone || token.content.empty()) continue;
    if (token.content.size() > AddedTokens::kMaxContent) continue;
    token.id = id;
    added.push_back(std::move(token));
  }
}

/// As transformers 5: an add_bos_token or add_eos_token in the config decides, not the file.
void apply_flags(const TokenizerConfig& config, Tokenizer::State& state) {
  if (!config.add_bos && !config.add_eos) return;
  state.post_processor = {};
  if (config.add_bos.value_or(false) && state.bos) state.post_processor.before = {*state.bos};
  if (config.add_eos.value_or(false) && state.eos) state.post_processor.after = {*state.eos};
}

std::int32_t largest_id(const Vocabulary& vocabulary, const std::vector<AddedToken>& added) {
  std::int32_t largest = vocabulary.id_end() - 1;
  for (const AddedToken& token : added) largest = std::max(largest, token.id);
  return largest;
}

}  // namespace

std::shared_ptr<const Tokenizer::State> read_tokenizer(std::string_view json,
                                                       const TokenizerConfig& config,
                                                       const std::string& name) {
  Parts parts = FileReader(json, name).read();
  auto state = std::make_shared<Tokenizer::State>();
  const Vocabulary& vocabulary = parts.model->vocabulary();
  check_added(parts.added, vocabulary, name);
  add_named(config, vocabulary, parts.added);
  const std::int32_t most = largest_id(vocabulary, parts.added);
  add_normalizers(ConfigNode(parts.normalizer, name, "normalizer"), state->normalizers);
  add_pre_tokenizers(ConfigNode(parts.pre_tokenizer, name, "pre_tokenizer"), state->pre_tokenizers);
  state->post_processor =
      read_post_processor(ConfigNode(parts.post_processor, name, "post_processor"), most);
  state->decoders = read_decoders(ConfigNode(parts.decoder, name, "decoder"));
  if (config.clean_up_spaces && parts.model->allows_clean_up()) add_clean_up(state->decoders);
  state->added = AddedTokens(std::move(parts.added), state->normalizers);
  state->model = std::move(parts.model);
  const auto id_of = [&](const std::optional<std::string>& token) {
    return token ? state->id(*token) : std::nullopt;
  };
  state->bos = id_of(config.bos);
  state->eos = id_of(config.eos);
  state->pad = id_of(config.pad);
  state->unk = id_of(config.unk);
  apply_flags(config, *state);
  return state;
}

}  // namespace mod::text
