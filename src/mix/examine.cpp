// Teacher forcing: every expert's logits for every token of given texts, some rows at a time.
#include <algorithm>

#include "mix/engine.h"
#include "mix/stream_state.h"

namespace mod::mix {
namespace {

constexpr std::size_t kLeastPlaces = 1;

/// One text on its way through the experts.
struct Progress {
  StreamState* stream = nullptr;
  std::size_t next = 0;                      // the next place to be shown
  std::vector<std::vector<std::size_t>> at;  // for each expert: where its view has a place

  std::size_t left() const { return stream->tokens.size() - next; }
};

Progress begin(const Examinee& text, StreamState& stream) {
  Progress progress;
  progress.stream = &stream;
  progress.next = std::min(text.first, stream.tokens.size());
  for (Slot& slot : stream.slots) {
    slot.session.truncate(0);
    slot.row_after = 0;
    std::vector<std::size_t> at(stream.tokens.size());
    for (std::size_t i = 0; i < slot.places.size(); ++i) {
      if (slot.places[i] >= 0) at[static_cast<std::size_t>(slot.places[i])] = i;
    }
    progress.at.push_back(std::move(at));
  }
  while (progress.left() > 0 && !stream.marks[progress.next].predicted) ++progress.next;
  return progress;
}

/// Rows of logits of a part of each text.
class Rows {
 public:
  Rows(std::size_t experts, std::size_t texts) : experts_(experts), of_text_(texts) {}

  void start(std::size_t text, std::size_t first, std::size_t places) {
    of_text_[text] = {first, places, std::vector<std::vector<float>>(places * experts_)};
  }
  void put(std::size_t text, std::size_t expert, std::size_t place, std::span<const float> row) {
    Part& part = of_text_[text];
    if (place < part.first || place >= part.first + part.places) return;
    part.rows[(place - part.first) * experts_ + expert].assign(row.begin(), row.end());
  }
  void show(const Engine::VisitPlaces& visit) const {
    std::vector<std::span<const float>> rows;
    std::vector<PlaceLogits> places;
    for (const Part& part : of_text_) {
      for (const auto& row : part.rows) rows.emplace_back(row);
    }
    std::size_t used = 0;
    for (std::size_t text = 0; text < of_text_.size(); ++text) {
      for (std::size_t i = 0; i < of_text_[text].places; ++i, used += experts_) {
        places.push_back({text, of_text_[text].first + i, std::span(rows).subspan(used, experts_)});
      }
    }
    if (!places.empty()) visit(places);
  }

 private:
  struct Part {
    std::size_t first = 0, places = 0;
    std::vector<std::vector<float>> rows;
  };

  std::size_t experts_;
  std::vector<Part> of_text_;
};

/// What each session reads in one pass, and whose it is.
struct Inputs {
  std::vector<nn::Input> inputs;
  std::vector<std::pair<std::size_t, std::size_t>> of;  // text, expert

  /// The view's tokens up to `end`, if there are any.
  void add(Progress& progress, std::size_t text, std::size_t expert, std::size_t end,
           nn::Logits logits) {
    Slot& slot = progress.stream->slots[expert];
    const std::size_t first = slot.session.length();
    if (end <= first) return;
    inputs.push_back(
        {&slot.session, std::span<const Token>(slot.text).subspan(first, end - first), logits});
    of.emplace_back(text, expert);
  }
};

}  // namespace

void Engine::examine(std::span<const Examinee> texts, const VisitPlaces& visit) {
  const std::size_t experts = mixture_.experts.size();
  std::vector<Progress> progress;
  for (const Examinee& text : texts) {
    check_tokens(text.stream->state_->tokens);
    progress.push_back(begin(text, *text.stream->state_));
  }
  // What comes before the first place, but its last token, whose logits are wanted.
  Inputs before;
  for (std::size_t t = 0; t < progress.size(); ++t) {
    if (progress[t].left() == 0) continue;
    for (std::size_t k = 0; k < experts; ++k) {
      before.add(progress[t], t, k, progress[t].at[k][progress[t].next] - 1, nn::Logits::kNone);
    }
  }
  if (!before.inputs.empty()) runner_.run(before.inputs, {});
  const std::size_t row_bytes = vocabulary_ * sizeof(float) * experts;
  const std::size_t most =
      std::max(kLeastPlaces, kExamineBytes / row_bytes / std::max<std::size_t>(1, texts.size()));
  for (;;) {
    Inputs inputs;
    Rows rows(experts, progress.size());
    for (std::size_t t = 0; t < progress.size(); ++t) {
      const std::size_t places = std::min(most, progress[t].left());
      rows.start(t, progress[t].next, places);
      if (places == 0) continue;
      for (std::size_t k = 0; k < experts; ++k) {
        inputs.add(progress[t], t, k, progress[t].at[k][progress[t].next + places - 1],
                   nn::Logits::kAll);
      }
      progress[t].next += places;
    }
    if (inputs.inputs.empty()) return;
    runner_.run(inputs.inputs, [&](const nn::LogitsBlock& block) {
      const auto [text, expert] = inputs.of[block.input];
      const Slot& slot = progress[text].stream->slots[expert];
      for (std::size_t i = 0; i < block.rows; ++i) {
        const std::int64_t place = slot.places[block.first + i + 1];
        if (place >= 0) rows.put(text, expert, static_cast<std::size_t>(place), block.row(i));
      }
    });
    rows.show(visit);
  }
}

}  // namespace mod::mix
