// Reads lines that a person types: with editing and history on a terminal, plainly elsewhere.
#pragma once

#include <memory>
#include <optional>
#include <string>

namespace mod::cli {

class LineEditor {
 public:
  explicit LineEditor(std::string prompt);
  ~LineEditor();

  /// False where standard input is no terminal: nothing is echoed or prompted then.
  bool interactive() const;

  enum class Result { kLine, kInterrupted, kEnd };
  /// The next line without its end. Prompt and echo go to stderr.
  Result read(std::string& line);

 private:
  struct Terminal;
  std::unique_ptr<Terminal> terminal_;  // null: no terminal
};

}  // namespace mod::cli
