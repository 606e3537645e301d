// The one exception type of mod.cpp. Its text says what happened, where (file, line, tensor) and
// what to do. The command line maps the code to an exit code, a server would map it to an HTTP
// status.
#pragma once

#include <stdexcept>
#include <string>

namespace mod {

enum class ErrorCode {
  kInvalidInput,  // a recipe, option or model folder is wrong; nothing was touched
  kCorruptFile,   // a file breaks the rules of its format
  kUnsupported,   // understood, but not built yet
  kIo,            // the system refused a read, write, sync or rename
  kOutOfMemory,   // the budget or the machine is too small
  kCancelled,     // the user stopped the work
  kInternal,      // a broken promise inside mod.cpp
};

class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}

  ErrorCode code() const noexcept { return code_; }

  /// 2 where the input is wrong and nothing was touched, else 1.
  int exit_code() const noexcept {
    return code_ == ErrorCode::kInvalidInput || code_ == ErrorCode::kCorruptFile ||
                   code_ == ErrorCode::kUnsupported
               ? 2
               : 1;
  }

 private:
  ErrorCode code_;
};

}  // namespace mod
