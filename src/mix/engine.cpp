#include "mix/engine.h"

#include "mix/rows.h"
#include "mod/error.h"

namespace mod::mix {

Engine::Engine(Mixture mixture, const Context& context, const EngineOptions& options)
    : mixture_(std::move(mixture)), options_(options), runner_(context, options.runner) {
  if (mixture_.experts.size() != 1) {
    throw Error(ErrorCode::kUnsupported, "mixtures of several models are not supported yet");
  }
}

std::size_t Engine::vocabulary() const { return mixture_.experts.front().model->vocabulary(); }

std::size_t Engine::longest_text() const { return start().room(); }

Stream Engine::start() const {
  Stream stream;
  for (const Expert& expert : mixture_.experts) {
    stream.sessions_.emplace_back(expert.model, options_.session);
  }
  return stream;
}

void Engine::advance(std::span<const Step> steps) {
  std::vector<nn::Input> inputs;
  for (const Step& step : steps) {
    inputs.push_back({&step.stream->sessions_.front(), step.tokens, nn::Logits::kLast});
  }
  std::vector<std::vector<float>> scores(steps.size());
  runner_.run(inputs, [&](const nn::LogitsBlock& block) {
    const auto row = block.row(block.rows - 1);
    scores[block.input].assign(row.begin(), row.end());
  });
  for (std::size_t i = 0; i < steps.size(); ++i) set_scores(*steps[i].stream, std::move(scores[i]));
}

void Engine::score(Stream& stream, std::span<const Token> tokens, const Visit& visit) {
  const nn::Input input{&stream.sessions_.front(), tokens, nn::Logits::kAll};
  std::span<const float> last;
  runner_.run({&input, 1}, [&](const nn::LogitsBlock& block) {
    for (std::size_t i = 0; i < block.rows; ++i) {
      last = block.row(i);
      visit(block.first + i, {last, summarise(last, 1, context()).log_sum_exp()});
    }
  });
  set_scores(stream, {last.begin(), last.end()});
}

void Engine::set_scores(Stream& stream, std::vector<float> scores) const {
  stream.scores_ = std::move(scores);
  stream.log_total_ = summarise(stream.scores_, 1, context()).log_sum_exp();
}

}  // namespace mod::mix
