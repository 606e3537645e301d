// One answer in the making: chooses token after token, decodes them, and knows when to stop.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "mix/credits.h"
#include "mix/engine.h"
#include "mix/sampler.h"
#include "mix/stop_filter.h"
#include "text/stream_decoder.h"

namespace mod::mix {

struct GenerationOptions {
  std::size_t max_tokens = 256;
  SamplingOptions sampling;
  std::vector<std::string> stops;        // end the answer and are not part of its text
  std::vector<Token> end_tokens;         // end the answer; part of its tokens and not of its text
  std::optional<CreditOptions> credits;  // who wrote every token
};

enum class Finish {
  kNone,     // still going on
  kEnd,      // an end token
  kStop,     // a stop string
  kLength,   // max_tokens
  kContext,  // no room for another token
  kCancelled,
};

/// "stop" for an end token or stop string, else "length": the words of OpenAI's API.
std::string_view finish_reason(Finish finish);

struct WrittenToken {
  Token id = 0;
  std::string text;  // what this token completed; all of them joined are the text before a stop
  /// As predicted, before penalties and temperature; NaN where the mixture's was not known.
  double logprob = 0;
  std::optional<Credits> credits;
};

/// Throws as check_sampling, and Error(kInvalidInput) where the mixture's mode and the sampling do
/// not go together.
void check_generation(const Engine& engine, const GenerationOptions& options);

/// Not thread-safe; belongs to one engine.
class Generation {
 public:
  /// Makes the text of `stream` be `prompt` (at least one token), the whole of it; what it has read
  /// of that already is not read again. Without a tokenizer there is no text, and no stop string
  /// can match. Throws as check_generation.
  Generation(Engine& engine, Stream stream, const Prompt& prompt, GenerationOptions options,
             const text::Tokenizer* tokenizer);

  /// What the engine has to append before the next choose().
  Step next();
  /// Chooses a token from the stream's prediction. Returns the text that is now sure to belong to
  /// the answer.
  std::string choose();
  /// Ends the answer where it is; returns the text that was still held back.
  std::string cancel();

  const SamplingOptions& sampling() const { return options_.sampling; }
  bool done() const { return finish_ != Finish::kNone; }
  Finish finish() const { return finish_; }
  const std::vector<WrittenToken>& tokens() const { return tokens_; }
  /// Tokens that had to be read before the answer, by the first expert.
  std::size_t prompt_tokens() const { return prompt_tokens_; }
  /// How often each expert's weights were gone through for this answer, its prompt included.
  std::vector<std::uint64_t> forward_passes() const;
  /// The prompt as the first expert reads it, the whole of it.
  std::span<const Token> prompt_ids() const {
    return stream_.tokens().first(std::min(prompt_length_, stream_.length()));
  }
  /// The answer's text so far, as choose() gave it.
  const std::string& text() const { return text_; }
  /// The text with everything that was appended: prompt and answer, the last token left out.
  Stream& stream() { return stream_; }
  const Stream& stream() const { return stream_; }

 private:
  std::string read(Token token);
  std::string close(std::string piece);

  const Engine* engine_;
  Stream stream_;
  std::vector<std::uint64_t> passes_before_;
  std::size_t prompt_length_ = 0, prompt_tokens_ = 0;
  GenerationOptions options_;
  Sampler sampler_;
  StopFilter filter_;
  std::optional<text::StreamDecoder> decoder_;
  std::vector<WrittenToken> tokens_;
  std::string text_;
  Token last_ = 0;
  Finish finish_ = Finish::kNone;
};

/// Generates until done; `show` gets every piece of text. Where the engine's context says stop, the
/// answer ends as cancelled, with what there is.
void run_to_end(Engine& engine, Generation& generation,
                const std::function<void(const std::string& piece)>& show);

}  // namespace mod::mix
