// The stages that cut a text into the pieces which the model encodes one by one. Each takes one
// piece and hands on the pieces that it makes of it, changed or not. Immutable; thread-safe with a
// Workspace for each thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/function_ref.h"
#include "text/workspace.h"

namespace mod::text {

struct Piece {
  std::string_view text;
  bool at_start = false;  // begins where the whole input begins
};

/// Takes over a piece; its text lives until the sink returns.
using PieceSink = FunctionRef<void(Piece)>;

class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  /// Empty pieces may be handed on; they are dropped.
  virtual void split(Piece piece, Workspace& work, PieceSink next) const = 0;
};

/// A chain of stages.
class PreTokenizerChain {
 public:
  void add(std::unique_ptr<PreTokenizer> stage) { stages_.push_back(std::move(stage)); }
  std::size_t size() const { return stages_.size(); }

  /// Whether a stage writes all bytes as characters, so that text need not be UTF-8.
  bool keeps_bytes() const { return keeps_bytes_; }
  void set_keeps_bytes() { keeps_bytes_ = true; }

  /// The next free place in Workspace::buffers, for a stage that changes the text.
  std::size_t add_buffer() { return buffers_++; }
  std::size_t buffers() const { return buffers_; }

  /// Hands on what the last stage makes of `piece`; no empty pieces.
  void run(Piece piece, Workspace& work, PieceSink sink) const { run_from(0, piece, work, sink); }

 private:
  void run_from(std::size_t stage, Piece piece, Workspace& work, PieceSink sink) const;

  std::vector<std::unique_ptr<PreTokenizer>> stages_;
  std::size_t buffers_ = 0;
  bool keeps_bytes_ = false;
};

}  // namespace mod::text
