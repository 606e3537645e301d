#include "text/stream_decoder.h"

#include <utility>
#include <vector>

#include "text/tokenizer_state.h"

namespace mod::text {
namespace {

/// The end of the chain: collects the text.
class Output : public DecoderRun {
 public:
  void text(std::string_view part) override { text_ += part; }
  void end_token() override {}
  void finish() override {}
  std::string take() { return std::exchange(text_, {}); }

 private:
  std::string text_;
};

}  // namespace

struct StreamDecoder::Run {
  Output output;
  DecodeBudget budget;
  std::vector<std::unique_ptr<DecoderRun>> stages;  // from the last to the first

  explicit Run(const DecoderChain& chain) {
    for (auto stage = chain.rbegin(); stage != chain.rend(); ++stage) {
      stages.push_back((*stage)->start(first(), budget));
    }
  }
  DecoderRun& first() { return stages.empty() ? output : *stages.back(); }
};

StreamDecoder::StreamDecoder(const Tokenizer& tokenizer, bool skip_special)
    : state_(tokenizer.state_),
      skip_special_(skip_special),
      run_(std::make_unique<Run>(state_->decoders)) {}
StreamDecoder::~StreamDecoder() = default;
StreamDecoder::StreamDecoder(StreamDecoder&&) noexcept = default;
StreamDecoder& StreamDecoder::operator=(StreamDecoder&&) noexcept = default;

std::string StreamDecoder::put(std::int32_t id) {
  const auto token = state_->decoded_form(id);
  if (!token || (skip_special_ && state_->is_special(id))) return {};
  run_->budget.read += token->size();
  run_->first().text(*token);
  run_->first().end_token();
  return run_->output.take();
}

std::string StreamDecoder::finish() {
  run_->first().finish();
  std::string rest = run_->output.take();
  run_ = std::make_unique<Run>(state_->decoders);
  return rest;
}

}  // namespace mod::text
