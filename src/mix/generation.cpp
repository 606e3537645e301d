#include "mix/generation.h"

#include <algorithm>
#include <cmath>

#include "mod/error.h"

namespace mod::mix {

std::string_view finish_reason(Finish finish) {
  return finish == Finish::kEnd || finish == Finish::kStop ? "stop" : "length";
}

namespace {

void check_mode(ModeKind mode, const SamplingOptions& sampling) {
  if (mode == ModeKind::kDraw && (sampling.is_greedy() || !sampling.is_neutral())) {
    throw Error(ErrorCode::kInvalidInput,
                "mode draw is refused: a token of one drawn expert has the mixture's distribution "
                "only where tokens are sampled as predicted; say --temperature 1 and no other "
                "sampling option, or use mode exact");
  }
  if (mode == ModeKind::kCertified && !sampling.is_plain_greedy()) {
    throw Error(ErrorCode::kInvalidInput,
                "mode certified is refused: it finds the most probable token only; leave out "
                "temperature, penalties and bias, or use mode exact");
  }
}

}  // namespace

void check_generation(const Engine& engine, const GenerationOptions& options) {
  check_sampling(options.sampling, engine.vocabulary());
  check_mode(engine.mixture().mode.kind, options.sampling);
}

Generation::Generation(Engine& engine, Stream stream, const Prompt& prompt,
                       GenerationOptions options, const text::Tokenizer* tokenizer)
    : engine_(&engine),
      stream_(std::move(stream)),
      passes_before_(stream_.forward_passes()),
      options_(std::move(options)),
      sampler_(options_.sampling, engine.context()),
      filter_(options_.stops) {
  check_generation(engine, options_);
  if (tokenizer) decoder_.emplace(*tokenizer, true);
  stream_.rewrite(prompt);
  // The last token is read again where all were, to have a prediction.
  const std::size_t unread = stream_.length() - stream_.read();
  prompt_length_ = stream_.length();
  prompt_tokens_ = std::max<std::size_t>(unread, stream_.length() > 0 ? 1 : 0);
  stream_.set_seed(options_.sampling.seed);
  sampler_.see_prompt(stream_.tokens());
  if (options_.max_tokens == 0) finish_ = Finish::kLength;
}

Step Generation::next() {
  if (tokens_.empty()) return {&stream_, {}};
  return {&stream_, {&last_, 1}};
}

std::vector<std::uint64_t> Generation::forward_passes() const {
  std::vector<std::uint64_t> passes = stream_.forward_passes();
  for (std::size_t k = 0; k < passes.size(); ++k) passes[k] -= passes_before_[k];
  return passes;
}

std::string Generation::choose() {
  const Prediction& prediction = stream_.prediction();
  last_ = sampler_.choose(prediction);
  const double logprob = prediction.is_mixture ? prediction.logprob(last_) : std::nan("");
  tokens_.push_back({last_, {}, logprob, {}});
  if (options_.credits) {
    tokens_.back().credits =
        credit(engine_->mixture(), prediction, last_, *options_.credits, engine_->context());
  }
  const auto& ends = options_.end_tokens;
  if (std::find(ends.begin(), ends.end(), last_) != ends.end()) {
    finish_ = Finish::kEnd;
    return close({});
  }
  std::string piece = read(last_);
  if (filter_.stopped()) {
    finish_ = Finish::kStop;
  } else if (tokens_.size() >= options_.max_tokens) {
    finish_ = Finish::kLength;
  } else if (stream_.room() == 0) {
    finish_ = Finish::kContext;
  }
  return done() ? close(std::move(piece)) : (text_ += piece, piece);
}

std::string Generation::read(Token token) {
  if (!decoder_) return {};
  tokens_.back().text = decoder_->put(token);
  return filter_.put(tokens_.back().text);
}

// An answer may end in the middle of a character, or of what might have become a stop string.
std::string Generation::close(std::string piece) {
  if (decoder_ && finish_ != Finish::kStop) {
    const std::string rest = decoder_->finish();
    tokens_.back().text += rest;
    piece += filter_.put(rest);
    if (filter_.stopped()) finish_ = Finish::kStop;
    piece += filter_.finish();
  }
  text_ += piece;
  return piece;
}

std::string Generation::cancel() {
  finish_ = Finish::kCancelled;
  return tokens_.empty() ? std::string() : close({});
}

namespace {

/// False if the user stopped it.
bool advance(Engine& engine, const Step& step) {
  try {
    engine.advance({&step, 1});
    return true;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kCancelled) throw;
    return false;
  }
}

}  // namespace

void run_to_end(Engine& engine, Generation& generation,
                const std::function<void(const std::string& piece)>& show) {
  while (!generation.done()) {
    const bool going_on = !engine.context().stop_requested() && advance(engine, generation.next());
    const std::string piece = going_on ? generation.choose() : generation.cancel();
    if (show) show(piece);
  }
}

}  // namespace mod::mix
