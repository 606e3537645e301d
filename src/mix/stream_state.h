// What a stream holds, for the files of this room. A text is kept twice: once as the tokens that
// all experts share, with what gates heard of them, and once in each expert's own view, which has
// further tokens where prompts differ and of which its session may have read only the beginning.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "mix/gate.h"
#include "mix/prediction.h"
#include "mix/prompt.h"
#include "nn/session.h"

namespace mod::mix {

/// What one expert predicts at one place.
struct Row {
  std::vector<float> scores;  // after masks; log p = score - log_total
  double log_total = 0;
  double unmasked = 0;  // ln p without masks = ln p + this
  double entropy = 0;   // nats, without masks

  Opinion opinion() const { return {scores, log_total, entropy, 0}; }
};

/// What one expert keeps of a text.
struct Slot {
  explicit Slot(nn::Session empty) : session(std::move(empty)) {}

  nn::Session session;               // what it has read
  std::vector<Token> text;           // its view: what it has read and what it has not
  std::vector<std::int64_t> places;  // of each token of the view in the shared text; -1: its own
  Row row;
  std::size_t row_after = 0;  // the tokens before the row; 0: there is none
  std::uint64_t passes = 0;

  /// The row predicts what comes after the text.
  bool is_current() const { return has_row() && row_after == text.size(); }
  /// The row predicts what comes after the part that was read.
  bool has_row() const { return row_after > 0 && row_after == session.length(); }
};

/// A score that is not known yet: an expert has not read so far.
inline constexpr double kUnknown = std::numeric_limits<double>::infinity();

struct Mark {
  Part part = Part::kAnswer;
  bool starts_turn = false;
  bool predicted = true;  // false: some expert has nothing before it
};

struct StreamState {
  std::vector<Slot> slots;        // one an expert
  std::vector<bool> active;       // experts that can have a say
  bool alone = false;             // one can, and the mixture is that expert as it is
  Hears hears;                    // of the gate
  std::vector<double> weights;    // as Mixture::weights
  std::vector<double> log_prior;  // what the gate starts from

  std::vector<Token> tokens;   // shared by all views
  std::vector<Mark> marks;     // one a token
  std::vector<double> scores;  // tokens x experts: ln p_k, without masks
  GateState gate;
  std::size_t observed = 0;  // tokens that the gate has taken in

  std::vector<float> mixed;  // the mixture's scores
  std::vector<Opinion> opinions;
  Prediction prediction;
  bool has_prediction = false;

  std::uint64_t seed = 0;
  std::size_t answer = 0;  // tokens since the last prompt; they end every view

  double* score(std::size_t token) { return scores.data() + token * slots.size(); }
  /// Whether the gate wants to know what the experts thought of this token of the shared text.
  bool is_heard(std::size_t token) const {
    return marks[token].predicted && hears(marks[token].part);
  }
  /// An expert that can have a say has not read the whole prompt.
  bool has_unread_prompt() const;
  void append(const Piece& piece);
  /// Cuts all views after the first `length` shared tokens, and what was read with them.
  void cut(std::size_t length);
};

}  // namespace mod::mix
