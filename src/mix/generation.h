// One answer in the making: chooses token after token, decodes them, and knows when to stop.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mix/engine.h"
#include "mix/sampler.h"
#include "mix/stop_filter.h"
#include "text/stream_decoder.h"

namespace mod::mix {

struct GenerationOptions {
  std::size_t max_tokens = 256;
  SamplingOptions sampling;
  std::vector<std::string> stops;  // end the answer and are not part of its text
  std::vector<Token> end_tokens;   // end the answer; part of its tokens and not of its text
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
  std::string text;    // what this token completed; all of them joined are the text before a stop
  double logprob = 0;  // as predicted, before penalties and temperature
};

/// Not thread-safe; belongs to one engine.
class Generation {
 public:
  /// Goes on from `stream` after `prompt` (at least one token), which was not appended yet. The
  /// sampling penalties count `stream`'s tokens too. Without a tokenizer there is no text, and no
  /// stop string can match. Throws as check_sampling.
  Generation(Engine& engine, Stream stream, std::vector<Token> prompt, GenerationOptions options,
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
  std::size_t prompt_tokens() const { return prompt_.size(); }
  /// The answer's text so far, as choose() gave it.
  const std::string& text() const { return text_; }
  /// The text with everything that was appended: prompt and answer, the last token left out.
  Stream& stream() { return stream_; }

 private:
  std::string read(Token token);
  std::string close(std::string piece);

  Stream stream_;
  std::vector<Token> prompt_;
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
