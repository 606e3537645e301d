// What the interpreter restores when it leaves a construct, by whatever way.
#pragma once

#include <string>
#include <utility>

#include "text/template/interpreter.h"

namespace mod::text::jinja {

// Statements, expressions and macros in one another. A level takes up to about 1 KB of stack in the
// optimised program and a few in the one with sanitizers.
inline constexpr int kMaxRecursion = 1000;

class Interpreter::Recursion {
 public:
  explicit Recursion(Interpreter& run) : run_(run) {
    if (run_.recursion_ >= kMaxRecursion) fail("macros call one another too deeply");
    ++run_.recursion_;
  }
  ~Recursion() { --run_.recursion_; }
  Recursion(const Recursion&) = delete;
  Recursion& operator=(const Recursion&) = delete;

 private:
  Interpreter& run_;
};

class Interpreter::InScope {
 public:
  InScope(Interpreter& run, ScopePtr scope)
      : run_(run), outer_(std::exchange(run.scope_, std::move(scope))) {}
  ~InScope() { run_.scope_ = std::move(outer_); }
  InScope(const InScope&) = delete;
  InScope& operator=(const InScope&) = delete;

 private:
  Interpreter& run_;
  ScopePtr outer_;
};

/// Output goes to `text`.
class Interpreter::Capture {
 public:
  Capture(Interpreter& run, std::string& text)
      : run_(run), outer_(std::exchange(run.out_, &text)) {}
  ~Capture() { run_.out_ = outer_; }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

 private:
  Interpreter& run_;
  std::string* outer_;
};

class LoopEnd {
 public:
  explicit LoopEnd(LoopState& loop) : loop_(loop) {}
  ~LoopEnd() {
    loop_.items.clear();
    loop_.last_changed.clear();
  }
  LoopEnd(const LoopEnd&) = delete;
  LoopEnd& operator=(const LoopEnd&) = delete;

 private:
  LoopState& loop_;
};

}  // namespace mod::text::jinja
