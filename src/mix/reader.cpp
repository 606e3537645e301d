#include "mix/reader.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "mix/rows.h"

namespace mod::mix {
namespace {

constexpr float kMasked = -std::numeric_limits<float>::infinity();
/// Above this share of masked tokens 1 - share has lost too many digits.
constexpr double kMostMasked = 0.5;

template <typename Do>
void for_each_masked(std::span<const TokenRange> ranges, std::size_t vocabulary, Do&& act) {
  for (const TokenRange& range : ranges) {
    const std::size_t last = std::min(static_cast<std::size_t>(range.last), vocabulary);
    for (auto id = static_cast<std::size_t>(range.first); id < last; ++id) act(id);
  }
}

/// The gate wants to know of the token at this place of the shared text.
bool listens(const StreamState& stream, std::int64_t place) {
  return place >= 0 && stream.is_heard(static_cast<std::size_t>(place));
}

}  // namespace

Reader::Reader(const Mixture& mixture, nn::Runner& runner, std::size_t vocabulary)
    : mixture_(mixture), runner_(runner), vocabulary_(vocabulary) {}

void Reader::score(std::span<const float> logits, const Reading& reading,
                   std::int64_t place) const {
  StreamState& stream = *reading.stream;
  const auto at = static_cast<std::size_t>(place);
  const double temperature = mixture_.experts[reading.expert].temperature;
  const double x = logits[static_cast<std::size_t>(stream.tokens[at])] / temperature;
  stream.score(at)[reading.expert] =
      x - summarise(logits, temperature, runner_.context()).log_sum_exp();
}

void Reader::score_from_row(const Reading& reading, std::int64_t place) const {
  StreamState& stream = *reading.stream;
  if (!listens(stream, place)) return;
  const Row& row = stream.slots[reading.expert].row;
  const auto at = static_cast<std::size_t>(place);
  stream.score(at)[reading.expert] = row.opinion().logprob(stream.tokens[at]) + row.unmasked;
}

/// False if there is nothing to read.
bool Reader::prepare(const Reading& reading) const {
  Slot& slot = reading.stream->slots[reading.expert];
  if (slot.is_current()) return false;
  const std::size_t length = slot.session.length();
  if (length < slot.text.size() && slot.has_row()) {
    score_from_row(reading, slot.places[length]);
    return true;
  }
  // The row before the next token is gone: what it was made from is read again if it is needed.
  const bool ends = length == slot.text.size();
  if (length > 0 && (ends || listens(*reading.stream, slot.places[length]))) {
    slot.session.truncate(length - 1);
  }
  return true;
}

void Reader::read(std::span<const Reading> readings) {
  std::vector<nn::Input> inputs;
  std::vector<Reading> of;
  for (const Reading& reading : readings) {
    if (!prepare(reading)) continue;
    Slot& slot = reading.stream->slots[reading.expert];
    const std::size_t first = slot.session.length();
    const auto rest = std::span<const Token>(slot.text).subspan(first);
    bool all = false;
    for (std::size_t i = first + 1; i < slot.text.size(); ++i) {
      all = all || listens(*reading.stream, slot.places[i]);
    }
    inputs.push_back({&slot.session, rest, all ? nn::Logits::kAll : nn::Logits::kLast});
    of.push_back(reading);
  }
  if (inputs.empty()) return;
  runner_.run(inputs, [&](const nn::LogitsBlock& block) {
    const Reading& reading = of[block.input];
    StreamState& stream = *reading.stream;
    Slot& slot = stream.slots[reading.expert];
    for (std::size_t i = 0; i < block.rows; ++i) {
      const std::size_t next = block.first + i + 1;
      if (next == slot.text.size()) {
        make_row(block.row(i), reading.expert, !stream.alone, slot.row);
        slot.row_after = next;
      } else if (listens(stream, slot.places[next])) {
        score(block.row(i), reading, slot.places[next]);
      }
    }
  });
  for (const Reading& reading : of) ++reading.stream->slots[reading.expert].passes;
}

void Reader::make_row(std::span<const float> logits, std::size_t expert, bool normalise,
                      Row& out) const {
  const Context& context = runner_.context();
  const double temperature = mixture_.experts[expert].temperature;
  const RowSummary sums = summarise(logits, temperature, context);
  double masked = 0;
  for_each_masked(mixture_.masked, logits.size(), [&](std::size_t id) {
    masked += std::exp(static_cast<double>(logits[id]) / temperature - sums.log_sum_exp());
  });
  out.scores.resize(vocabulary_, kMasked);
  const std::span<float> row = std::span(out.scores).first(logits.size());
  const bool again = masked > kMostMasked;
  const double shift = masked == 0 || again ? 0 : std::log1p(-masked);
  out.entropy = sums.entropy;
  out.unmasked = shift;
  if (normalise) {
    shift_row(logits, temperature, sums.most, sums.log_sum + shift, row, context);
  } else {
    shift_row(logits, temperature, 0, 0, row, context);
  }
  out.log_total = normalise ? 0 : sums.log_sum_exp() + shift;
  for_each_masked(mixture_.masked, logits.size(), [&](std::size_t id) { row[id] = kMasked; });
  if (!again) return;
  const RowSummary rest =
      normalise ? log_softmax(row, 1, row, context) : summarise(row, 1, context);
  out.unmasked = normalise ? rest.log_sum_exp() : rest.log_sum_exp() - sums.log_sum_exp();
  out.log_total = normalise ? 0 : rest.log_sum_exp();
}

}  // namespace mod::mix
