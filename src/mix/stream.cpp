#include "mix/stream.h"

#include <algorithm>

#include "mix/stream_state.h"
#include "mod/error.h"

namespace mod::mix {
namespace {

/// A text as one expert sees it.
struct View {
  std::vector<Token> text;
  std::vector<std::int64_t> places;
};

struct Layout {
  std::vector<View> views;
  std::vector<Token> tokens;
  std::vector<Mark> marks;
};

void add(View& view, std::span<const Token> tokens, std::int64_t place) {
  for (const Token token : tokens) {
    view.text.push_back(token);
    view.places.push_back(place);
    if (place >= 0) ++place;
  }
}

Layout lay_out(const Prompt& prompt, std::size_t experts) {
  Layout out;
  out.views.resize(experts);
  for (const Piece& piece : prompt) {
    if (!piece.views.empty() && piece.views.size() != experts) {
      throw Error(ErrorCode::kInternal, "a prompt with views of other experts");
    }
    bool predicted = true;
    for (std::size_t k = 0; k < experts; ++k) {
      if (!piece.views.empty()) add(out.views[k], piece.views[k], -1);
      predicted = predicted && !out.views[k].text.empty();
      add(out.views[k], piece.tokens, static_cast<std::int64_t>(out.tokens.size()));
    }
    for (std::size_t i = 0; i < piece.tokens.size(); ++i) {
      out.tokens.push_back(piece.tokens[i]);
      out.marks.push_back({piece.part, piece.starts_turn && i == 0, predicted || i > 0});
    }
  }
  return out;
}

template <typename T>
std::size_t common_prefix(const std::vector<T>& a, const std::vector<T>& b) {
  const std::size_t most = std::min(a.size(), b.size());
  std::size_t same = 0;
  while (same < most && a[same] == b[same]) ++same;
  return same;
}

/// Tokens of the shared text among the first `length` of a view.
std::size_t shared_among(const View& view, std::size_t length) {
  const auto end = view.places.begin() + static_cast<std::ptrdiff_t>(length);
  return static_cast<std::size_t>(
      std::count_if(view.places.begin(), end, [](std::int64_t place) { return place >= 0; }));
}

/// Forgets what was read from `length` on.
void forget(Slot& slot, std::size_t length) {
  slot.session.truncate(std::min(slot.session.length(), length));
  if (slot.row_after > slot.session.length()) slot.row_after = 0;
}

/// Forgets what was read from the first token on that the gate did not listen to and now wants to
/// hear: it is read again.
void forget_unheard(StreamState& stream, std::size_t expert) {
  Slot& slot = stream.slots[expert];
  for (std::size_t i = 0; i < slot.session.length(); ++i) {
    if (slot.places[i] < 0) continue;
    const auto token = static_cast<std::size_t>(slot.places[i]);
    if (stream.is_heard(token) && stream.score(token)[expert] == kUnknown) forget(slot, i);
  }
}

}  // namespace

void StreamState::append(const Piece& piece) {
  bool predicted = true;
  for (Slot& slot : slots) predicted = predicted && !slot.text.empty();
  for (std::size_t i = 0; i < piece.tokens.size(); ++i) {
    for (Slot& slot : slots) {
      slot.text.push_back(piece.tokens[i]);
      slot.places.push_back(static_cast<std::int64_t>(tokens.size()));
    }
    tokens.push_back(piece.tokens[i]);
    marks.push_back({piece.part, piece.starts_turn && i == 0, predicted || i > 0});
  }
  scores.resize(tokens.size() * slots.size(), kUnknown);
  answer = piece.part == Part::kAnswer ? answer + piece.tokens.size() : 0;
  has_prediction = false;
}

void StreamState::cut(std::size_t length) {
  for (Slot& slot : slots) {
    const auto first = std::find_if(slot.places.begin(), slot.places.end(), [&](std::int64_t p) {
      return p >= static_cast<std::int64_t>(length);
    });
    const auto rest = static_cast<std::size_t>(first - slot.places.begin());
    slot.text.resize(rest);
    slot.places.resize(rest);
    forget(slot, rest);
  }
  answer -= std::min(answer, tokens.size() - length);
  tokens.resize(length);
  marks.resize(length);
  scores.resize(length * slots.size());
  observed = 0;
  has_prediction = false;
}

bool StreamState::has_unread_prompt() const {
  for (std::size_t k = 0; k < slots.size(); ++k) {
    if (active[k] && slots[k].session.length() + answer < slots[k].text.size()) return true;
  }
  return false;
}

Stream::Stream(std::unique_ptr<StreamState> state) : state_(std::move(state)) {}
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;
Stream::~Stream() = default;

std::span<const Token> Stream::tokens() const { return state_->slots.front().text; }

std::size_t Stream::read() const { return state_->slots.front().session.length(); }

std::size_t Stream::room() const {
  std::size_t least = SIZE_MAX;
  for (const Slot& slot : state_->slots) {
    const std::size_t context = slot.session.context();
    least = std::min(least, context - std::min(context, slot.text.size()));
  }
  return least;
}

const Prediction& Stream::prediction() const {
  if (!state_->has_prediction) {
    throw Error(ErrorCode::kInternal, "a prediction for a text that was not read");
  }
  return state_->prediction;
}

void Stream::rewrite(const Prompt& prompt) {
  StreamState& s = *state_;
  Layout layout = lay_out(prompt, s.slots.size());
  // Keys and values hold as long as the tokens are the same, what gates heard only where a token
  // has its place in the shared text too.
  std::size_t shared = layout.tokens.size();
  for (std::size_t k = 0; k < s.slots.size(); ++k) {
    View& view = layout.views[k];
    Slot& slot = s.slots[k];
    const std::size_t same = common_prefix(view.text, slot.text);
    const std::size_t placed = std::min(same, common_prefix(view.places, slot.places));
    shared = std::min(shared, shared_among(view, placed));
    forget(slot, same);
    slot.text = std::move(view.text);
    slot.places = std::move(view.places);
  }
  s.tokens = std::move(layout.tokens);
  s.marks = std::move(layout.marks);
  s.scores.resize(shared * s.slots.size());
  s.scores.resize(s.tokens.size() * s.slots.size(), kUnknown);
  for (std::size_t k = 0; k < s.slots.size(); ++k) forget_unheard(s, k);
  s.observed = 0;
  s.answer = 0;
  s.has_prediction = false;
}

void Stream::truncate(std::size_t length) {
  if (length < state_->tokens.size()) state_->cut(length);
}

void Stream::set_seed(std::uint64_t seed) { state_->seed = seed; }

std::vector<std::uint64_t> Stream::forward_passes() const {
  std::vector<std::uint64_t> passes;
  for (const Slot& slot : state_->slots) passes.push_back(slot.passes);
  return passes;
}

std::vector<std::size_t> Stream::read_tokens() const {
  std::vector<std::size_t> read;
  for (const Slot& slot : state_->slots) read.push_back(slot.session.length());
  return read;
}

std::uint64_t Stream::cache_bytes() const {
  std::uint64_t bytes = 0;
  for (const Slot& slot : state_->slots) bytes += slot.session.cache_bytes();
  return bytes;
}

}  // namespace mod::mix
