// Reads a JSON text from front to back without building a tree: tokenizer.json has up to half a
// million strings, and a tree of them costs more time (page faults above all) than everything else
// in loading. Strict: UTF-8, no trailing commas, nesting bounded. Every error is
// Error(kCorruptFile) with file, line and column. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mod/error.h"

namespace mod::text {

class JsonCursor {
 public:
  enum class Kind { kObject, kArray, kString, kNumber, kBoolean, kNull };

  /// Both must outlive the cursor. `file` is used in messages only.
  JsonCursor(std::string_view text, const std::string& file);

  /// What comes next; the cursor stands before a value.
  Kind kind();

  /// for (begin_object(); next_key(key);) { read one value }. The key lives in the text or in an
  /// own buffer until the next call of next_key.
  void begin_object();
  bool next_key(std::string_view& key);

  /// for (begin_array(); next_item();) { read one value }
  void begin_array();
  bool next_item();

  /// The string, as a view of the text or, where it has escapes, of `buffer`.
  std::string_view string(std::string& buffer);
  /// A whole number without fraction or exponent.
  std::int64_t integer();
  double number();
  bool boolean();
  void null();

  /// Passes over one value of any kind; returns it as written.
  std::string_view skip();

  std::size_t bytes_left() const { return text_.size() - at_; }

  /// Nothing but white space may follow.
  void end();

  /// "FILE:LINE:COLUMN: what", for the place before the value that was read last.
  [[noreturn]] void fail(const std::string& what, ErrorCode code = ErrorCode::kCorruptFile) const {
    fail_at(value_at_, what, code);
  }
  /// The same for an earlier place.
  [[noreturn]] void fail_at(std::size_t place, const std::string& what,
                            ErrorCode code = ErrorCode::kCorruptFile) const;
  std::size_t place() const { return value_at_; }

 private:
  struct Level {
    bool object;
    bool first;
  };

  void skip_space();
  char peek() {
    if (at_ == text_.size() || static_cast<unsigned char>(text_[at_]) <= ' ') skip_space();
    value_at_ = at_;
    if (at_ == text_.size()) fail_end();
    return text_[at_];
  }
  void expect(char c, const char* what) {
    if (peek() != c) fail_expected(what);
    ++at_;
  }
  [[noreturn]] void fail_end() const;
  [[noreturn]] void fail_expected(const char* what) const;
  void begin(bool object);
  bool next(bool object);
  void unescape(std::string& buffer, std::size_t from);
  char32_t escaped_code();
  std::uint32_t hex4();
  std::string_view number_text();
  void word(std::string_view expected);

  std::string_view text_;
  const std::string* file_;
  std::size_t at_ = 0;
  std::size_t value_at_ = 0;  // where the value that was read last begins
  std::vector<Level> levels_;
  std::string key_;
};

}  // namespace mod::text
