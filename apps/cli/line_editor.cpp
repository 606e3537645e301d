#include "line_editor.h"

#include <histedit.h>
#include <unistd.h>

#include <cerrno>
#include <clocale>
#include <cstdio>
#include <iostream>

#include "mod/error.h"

namespace mod::cli {

struct LineEditor::Terminal {
  std::string prompt;
  EditLine* editor = nullptr;
  History* history = nullptr;
  HistEvent event{};

  explicit Terminal(std::string text) : prompt(std::move(text)) {
    std::setlocale(LC_CTYPE, "");  // characters of more than one byte
    history = history_init();
    editor = el_init("mod", stdin, stderr, stderr);
    if (!history || !editor) throw Error(ErrorCode::kIo, "the terminal cannot be set up");
    ::history(history, &event, H_SETSIZE, 1000);
    ::history(history, &event, H_SETUNIQUE, 1);
    el_set(editor, EL_CLIENTDATA, this);
    el_set(editor, EL_PROMPT, &show_prompt);
    el_set(editor, EL_EDITOR, "emacs");
    el_set(editor, EL_SIGNAL, 1);
    el_set(editor, EL_HIST, ::history, history);
    el_source(editor, nullptr);  // the user's ~/.editrc
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() {
    if (editor) el_end(editor);
    if (history) history_end(history);
  }

  static char* show_prompt(EditLine* editor) {
    Terminal* terminal = nullptr;
    el_get(editor, EL_CLIENTDATA, &terminal);
    return terminal->prompt.data();
  }
};

LineEditor::LineEditor(std::string prompt) {
  if (isatty(STDIN_FILENO)) terminal_ = std::make_unique<Terminal>(std::move(prompt));
}

LineEditor::~LineEditor() = default;

bool LineEditor::interactive() const { return terminal_ != nullptr; }

LineEditor::Result LineEditor::read(std::string& line) {
  if (!terminal_) return std::getline(std::cin, line) ? Result::kLine : Result::kEnd;
  int length = 0;
  errno = 0;
  const char* const typed = el_gets(terminal_->editor, &length);
  if (!typed || length <= 0) {
    const bool interrupted = errno == EINTR;
    if (interrupted) el_reset(terminal_->editor);
    std::fputc('\n', stderr);
    return interrupted ? Result::kInterrupted : Result::kEnd;
  }
  line.assign(typed, static_cast<std::size_t>(length));
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
  if (!line.empty()) ::history(terminal_->history, &terminal_->event, H_ENTER, line.c_str());
  return Result::kLine;
}

}  // namespace mod::cli
