#include "text/tokenizer.h"

#include <algorithm>
#include <system_error>

#include "base/text.h"
#include "io/buffer.h"
#include "io/file.h"
#include "mod/error.h"
#include "text/stream_decoder.h"
#include "text/tokenizer_file.h"
#include "text/utf8.h"

namespace mod::text {
namespace {

namespace fs = std::filesystem;

// The largest tokenizer.json in use (Gemma 3) has 33 MB.
constexpr std::uint64_t kMaxFile = 128u << 20, kMaxConfig = 16u << 20;
constexpr std::size_t kMaxText = 1u << 30;

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

/// The file itself, or the one in a folder.
fs::path find_file(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) return path;
  const fs::path file = path / "tokenizer.json";
  if (is_file(file)) return file;
  for (const char* other : {"tokenizer.model", "tekken.json", "vocab.json"}) {
    if (!is_file(path / other)) continue;
    throw Error(ErrorCode::kUnsupported,
                path.string() + " has no tokenizer.json but a " + other +
                    ", which is not supported; make one with transformers: "
                    "AutoTokenizer.from_pretrained(...).save_pretrained(...)");
  }
  throw Error(ErrorCode::kInvalidInput, path.string() + " has no tokenizer.json");
}

/// Owns what was read; huge pages make this 8 ms faster for 11 MB than a string.
class FileText {
 public:
  explicit FileText(const fs::path& path) {
    const io::File file = io::File::open_read(path);
    if (file.size() > kMaxFile) {
      throw Error(ErrorCode::kInvalidInput,
                  path.string() + " is larger than " + size_text(kMaxFile) +
                      ", the most that is read of such a file; check that it is the right file");
    }
    buffer_ = io::Buffer(static_cast<std::size_t>(file.size()));
    file.read_at(buffer_.span(), 0);
  }
  std::string_view text() const {
    return {reinterpret_cast<const char*>(buffer_.data()), buffer_.size()};
  }

 private:
  io::Buffer buffer_;
};

class Encoder {
 public:
  Encoder(const Tokenizer::State& state, std::vector<std::int32_t>& ids)
      : state_(state), ids_(ids) {
    work_.buffers.resize(state.pre_tokenizers.buffers());
  }

  void encode(std::string_view text) {
    state_.added.split(text, false, [&](const AddedTokens::Part& part) {
      if (part.token != nullptr) {
        ids_.push_back(part.token->id);
      } else {
        normalise(text.substr(part.begin, part.end - part.begin), part.begin == 0);
      }
    });
  }

 private:
  void normalise(std::string_view text, bool at_start) {
    if (state_.normalizers.size() > 0) {
      normalised_ = text;
      at_start = state_.normalizers.apply(normalised_, work_.regex) && at_start;
      text = normalised_;
    }
    state_.added.split(text, true, [&](const AddedTokens::Part& part) {
      if (part.token != nullptr) {
        ids_.push_back(part.token->id);
        return;
      }
      const Piece piece{text.substr(part.begin, part.end - part.begin),
                        at_start && part.begin == 0};
      state_.pre_tokenizers.run(piece, work_,
                                [&](Piece cut) { state_.model->encode(cut.text, work_, ids_); });
    });
  }

  const Tokenizer::State& state_;
  std::vector<std::int32_t>& ids_;
  Workspace work_;
  std::string normalised_;
};

}  // namespace

std::optional<std::string_view> Tokenizer::State::token(std::int32_t id) const {
  if (const AddedToken* found = added.find(id)) return found->content;
  if (model->vocabulary().holds(id)) return model->vocabulary().token(id);
  return std::nullopt;
}

std::optional<std::string_view> Tokenizer::State::decoded_form(std::int32_t id) const {
  const AddedToken* found = added.find(id);
  return found != nullptr ? found->form : token(id);
}

bool Tokenizer::State::is_special(std::int32_t id) const {
  const AddedToken* found = added.find(id);
  return found != nullptr && found->special;
}

std::optional<std::int32_t> Tokenizer::State::id(std::string_view token) const {
  if (const AddedToken* found = added.find(token)) return found->id;
  const std::int32_t id = model->vocabulary().find(token);
  return id == Vocabulary::kNone ? std::nullopt : std::optional(id);
}

Tokenizer Tokenizer::load(const fs::path& folder_or_file) {
  const fs::path file = find_file(folder_or_file);
  const fs::path config = file.parent_path() / "tokenizer_config.json";
  TokenizerConfig settings;
  if (is_file(config)) {
    settings = read_tokenizer_config(read_text_file(config.string(), kMaxConfig), config.string());
  }
  return Tokenizer(read_tokenizer(FileText(file).text(), settings, file.string()));
}

Tokenizer Tokenizer::parse(std::string_view json, std::string_view config,
                           const std::string& name) {
  return Tokenizer(read_tokenizer(json, read_tokenizer_config(config, name + " (config)"), name));
}

std::vector<std::int32_t> Tokenizer::encode(std::string_view text, bool add_special) const {
  if (text.size() > kMaxText) {
    throw Error(ErrorCode::kInvalidInput, "the text has more than 1 GiB; encode it in parts");
  }
  std::string repaired;
  if (!state_->pre_tokenizers.keeps_bytes() && !is_valid_utf8(text)) {
    append_replacing_invalid(repaired, text);
    text = repaired;
  }
  std::vector<std::int32_t> ids;
  const PostProcessor& around = state_->post_processor;
  if (add_special) ids = around.before;
  Encoder(*state_, ids).encode(text);
  if (add_special) ids.insert(ids.end(), around.after.begin(), around.after.end());
  return ids;
}

std::string Tokenizer::decode(std::span<const std::int32_t> ids, bool skip_special) const {
  StreamDecoder decoder(*this, skip_special);
  std::string text;
  for (const std::int32_t id : ids) text += decoder.put(id);
  return text += decoder.finish();
}

std::string Tokenizer::token_bytes(std::int32_t id) const {
  std::string bytes(state_->decoded_form(id).value_or(std::string_view()));
  for (const auto& stage : state_->decoders) stage->to_bytes(bytes);
  return bytes;
}

std::optional<std::string_view> Tokenizer::id_to_token(std::int32_t id) const {
  return state_->token(id);
}

std::optional<std::int32_t> Tokenizer::token_to_id(std::string_view token) const {
  return state_->id(token);
}

bool Tokenizer::is_special(std::int32_t id) const { return state_->is_special(id); }

std::int32_t Tokenizer::vocab_size() const {
  std::int32_t end = state_->model->vocabulary().id_end();
  for (const AddedToken& token : state_->added.all()) end = std::max(end, token.id + 1);
  return end;
}

std::optional<std::int32_t> Tokenizer::bos_id() const { return state_->bos; }
std::optional<std::int32_t> Tokenizer::eos_id() const { return state_->eos; }
std::optional<std::int32_t> Tokenizer::pad_id() const { return state_->pad; }
std::optional<std::int32_t> Tokenizer::unk_id() const { return state_->unk; }

}  // namespace mod::text
