// A text in pieces, as the experts of a mixture are to read it. Experts may have views of their own
// (another system message or template); what every expert reads alike is what gates listen to.
#pragma once

#include <vector>

#include "mix/gate.h"
#include "nn/session.h"

namespace mod::mix {

using nn::Token;

struct Piece {
  std::vector<Token> tokens;              // what all experts read
  std::vector<std::vector<Token>> views;  // or what each reads for itself, unheard by gates
  Part part = Part::kTurn;                // of `tokens`
  bool starts_turn = false;               // the first of `tokens` is the first of a turn
};

using Prompt = std::vector<Piece>;

/// One turn that all experts read alike.
inline Prompt text_prompt(std::vector<Token> tokens) {
  Piece piece;
  piece.tokens = std::move(tokens);
  piece.starts_turn = true;
  return {std::move(piece)};
}

}  // namespace mod::mix
