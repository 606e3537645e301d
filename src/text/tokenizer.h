// Text to token ids and back, as Hugging Face's tokenizers do it from the same tokenizer.json. What
// of such a file is understood is listed in docs/tokenizers.md; everything else is refused by name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mod::text {

/// Immutable; all functions may be called from any number of threads. Copies share one tokenizer.
class Tokenizer {
 public:
  /// Reads a tokenizer.json, or the one in a folder, and the tokenizer_config.json beside it if
  /// there is one. Throws Error: kInvalidInput (no such file), kCorruptFile (not what it should
  /// be), kUnsupported (understood, but not built), kIo.
  static Tokenizer load(const std::filesystem::path& folder_or_file);

  /// The same from the contents of the two files; `config` may be empty. `name` stands for the file
  /// in messages.
  static Tokenizer parse(std::string_view json, std::string_view config, const std::string& name);

  /// Ids of a text. Special and other added tokens in it are recognised. `add_special` also adds
  /// what the tokenizer puts around every text (a begin token, mostly). Bytes that are not UTF-8
  /// are kept where the tokenizer works on bytes, else they are read as U+FFFD. Throws
  /// Error(kInvalidInput) for a text of more than 1 GiB and, with a few tokenizers, for one that
  /// they cannot encode.
  std::vector<std::int32_t> encode(std::string_view text, bool add_special) const;

  /// The text of ids; ids without a token are passed over, special tokens where `skip_special`.
  /// What is not UTF-8 becomes U+FFFD. decode(encode(text)) need not be text: normalisers change
  /// it, and some decoders drop a space in front.
  std::string decode(std::span<const std::int32_t> ids, bool skip_special) const;

  /// The bytes that a token stands for in the middle of a text: they may be a part of a character
  /// only. Empty for an id without a token.
  std::string token_bytes(std::int32_t id) const;

  /// The token as the vocabulary writes it ("\u0120the", "<0x0A>"); nothing for an id without one.
  /// Lives as long as the tokenizer.
  std::optional<std::string_view> id_to_token(std::int32_t id) const;
  std::optional<std::int32_t> token_to_id(std::string_view token) const;

  /// Special: left out by decode where special tokens are skipped.
  bool is_special(std::int32_t id) const;

  /// Largest id + 1; there may be ids without a token below it.
  std::int32_t vocab_size() const;

  /// Of tokenizer_config.json (unk also of tokenizer.json); nothing where it names none or none
  /// that the vocabulary has.
  std::optional<std::int32_t> bos_id() const;
  std::optional<std::int32_t> eos_id() const;
  std::optional<std::int32_t> pad_id() const;
  std::optional<std::int32_t> unk_id() const;

  struct State;  // tokenizer_state.h, for this room only

 private:
  friend class StreamDecoder;
  explicit Tokenizer(std::shared_ptr<const State> state) : state_(std::move(state)) {}

  std::shared_ptr<const State> state_;
};

}  // namespace mod::text
