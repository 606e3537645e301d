#include "mix/engine.h"

#include <fmt/format.h>

#include <algorithm>

#include "mix/blend.h"
#include "mix/modes/mode_runner.h"
#include "mix/rows.h"
#include "mix/stream_state.h"
#include "mod/error.h"

namespace mod::mix {
namespace {

/// Bytes of rows that score() holds of all experts.
constexpr std::size_t kRowBytes = 64u << 20;
constexpr std::size_t kLeastRows = 4;

const Mixture& checked(const Mixture& mixture) {
  check_mixture(mixture);
  return mixture;
}

}  // namespace

Engine::Engine(Mixture mixture, const Context& context, const EngineOptions& options)
    : mixture_(std::move(mixture)),
      options_(options),
      runner_(context, options.runner),
      vocabulary_(mix::vocabulary(checked(mixture_))),
      reader_(mixture_, runner_, vocabulary_) {}

std::size_t Engine::longest_text() const {
  std::size_t least = SIZE_MAX;
  for (const Expert& expert : mixture_.experts) {
    least = std::min(least, nn::Session(expert.model, options_.session).context());
  }
  return least;
}

Stream Engine::start(std::span<const double> weights) const {
  auto state = std::make_unique<StreamState>();
  for (const Expert& expert : mixture_.experts) {
    state->slots.emplace_back(nn::Session(expert.model, options_.session));
  }
  check_weights(mixture_, weights);
  set_weights(mixture_, weights, *state);
  return Stream(std::move(state));
}

void Engine::check_tokens(std::span<const Token> tokens) const {
  for (const TokenRange& range : mixture_.masked) {
    for (const Token token : tokens) {
      if (token < range.first || token >= range.last) continue;
      throw Error(ErrorCode::kInvalidInput,
                  fmt::format("token {} is not defined by the tokenizer of every expert", token));
    }
  }
}

void Engine::check_unread(const StreamState& stream) const {
  for (const Slot& slot : stream.slots) {
    check_tokens(std::span<const Token>(slot.text).subspan(slot.session.length()));
  }
}

void Engine::append(std::span<const Step> steps) {
  for (const Step& step : steps) {
    StreamState& stream = *step.stream->state_;
    if (!step.tokens.empty())
      stream.append({{step.tokens.begin(), step.tokens.end()}, {}, Part::kAnswer, false});
  }
}

void Engine::advance(std::span<const Step> steps) {
  std::vector<StreamState*> streams;
  std::vector<std::size_t> before;
  for (const Step& step : steps) {
    streams.push_back(step.stream->state_.get());
    before.push_back(streams.back()->tokens.size());
  }
  append(steps);
  try {
    for (const StreamState* stream : streams) check_unread(*stream);
    mode_function(mixture_.mode.kind)({mixture_, reader_, context()}, streams);
  } catch (...) {
    for (std::size_t i = 0; i < steps.size(); ++i) streams[i]->cut(before[i]);
    throw;
  }
}

void Engine::score(Stream& stream, std::span<const Token> tokens, const Visit& visit) {
  StreamState& s = *stream.state_;
  check_tokens(tokens);
  read_before_score(s);
  const std::size_t before = s.tokens.size();
  s.append({{tokens.begin(), tokens.end()}, {}, Part::kTurn, before == 0});
  try {
    if (s.slots.size() == 1 && s.alone && mixture_.masked.empty() &&
        mixture_.experts.front().temperature == 1) {
      score_alone(s, tokens, visit);
    } else {
      const std::size_t row_bytes = vocabulary_ * sizeof(float) * s.slots.size();
      const std::size_t chunk = std::max(kLeastRows, kRowBytes / row_bytes);
      std::vector<Row> rows(std::min(chunk, tokens.size()) * s.slots.size());
      for (std::size_t first = 0; first < tokens.size(); first += chunk) {
        score_chunk(s, tokens.subspan(first, std::min(chunk, tokens.size() - first)),
                    before + first, rows, visit);
      }
    }
  } catch (...) {
    s.cut(before);
    throw;
  }
}

/// Experts that are behind read their texts; where the gate listens, the prediction of the first
/// token to be scored is needed too.
void Engine::read_before_score(StreamState& stream) {
  std::vector<Reading> behind;
  for (std::size_t k = 0; k < stream.slots.size(); ++k) {
    const Slot& slot = stream.slots[k];
    const bool is_read = slot.session.length() == slot.text.size();
    const bool has_row = slot.is_current() || slot.text.empty();
    if (!is_read || (stream.hears.any() && !has_row)) behind.push_back({&stream, k});
  }
  reader_.read(behind);
}

void Engine::score_alone(StreamState& stream, std::span<const Token> tokens, const Visit& visit) {
  Slot& slot = stream.slots.front();
  const nn::Input input{&slot.session, tokens, nn::Logits::kAll};
  runner_.run({&input, 1}, [&](const nn::LogitsBlock& block) {
    for (std::size_t i = 0; i < block.rows; ++i) {
      const auto row = block.row(i);
      Opinion opinion{row, summarise(row, 1, context()).log_sum_exp(), 0, 1};
      visit(block.first + i, {row, opinion.log_total, true, {&opinion, 1}});
    }
  });
}

void Engine::score_chunk(StreamState& stream, std::span<const Token> tokens, std::size_t place,
                         std::vector<Row>& rows, const Visit& visit) {
  const std::size_t n = stream.slots.size();
  std::vector<nn::Input> inputs;
  std::vector<std::size_t> first;  // the position of the first token in each view
  for (Slot& slot : stream.slots) {
    inputs.push_back({&slot.session, tokens, nn::Logits::kAll});
    first.push_back(slot.session.length());
  }
  runner_.run(inputs, [&](const nn::LogitsBlock& block) {
    for (std::size_t i = 0; i < block.rows; ++i) {
      Row& row = rows[(block.first + i - first[block.input]) * n + block.input];
      reader_.make_row(block.row(i), block.input, true, row);
    }
  });
  for (std::size_t t = 0; t < tokens.size(); ++t) {
    for (std::size_t k = 0; k < n; ++k) {
      reader_.score_from_row({&stream, k}, static_cast<std::int64_t>(place + t));
      std::swap(stream.slots[k].row, rows[t * n + k]);
      stream.slots[k].row_after = first[k] + t + 1;
    }
    visit_position(stream, first[0] + t, visit);
  }
}

void Engine::visit_position(StreamState& stream, std::size_t position, const Visit& visit) {
  listen(mixture_, stream);
  const std::vector<double> weights = weights_now(mixture_, stream);
  std::vector<const float*> rows;
  stream.opinions.clear();
  for (std::size_t k = 0; k < stream.slots.size(); ++k) {
    stream.opinions.push_back(stream.slots[k].row.opinion());
    stream.opinions.back().weight = weights[k];
    rows.push_back(stream.opinions.back().scores.data());
  }
  stream.mixed.resize(vocabulary_);
  mix_rows(mixture_, weights, rows, stream.mixed, context());
  visit(position, {stream.mixed, 0, true, stream.opinions});
}

}  // namespace mod::mix
