// Patterns of tokenizer.json that have no hand-written splitter, on PCRE2 with UTF and UCP. The
// syntax in the files is Oniguruma's (Ruby); regex_syntax.h says what of it is understood.
// PCRE2 10.42 knows the characters of Unicode 14. Immutable; thread-safe with a RegexWork for each
// thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "text/function_ref.h"

namespace mod::text {

/// Called with begin and end of each match, in order.
using MatchSink = FunctionRef<void(std::size_t, std::size_t)>;

/// Buffers for matching; made when they are needed.
class RegexWork {
 public:
  RegexWork();
  ~RegexWork();
  RegexWork(RegexWork&&) noexcept;
  RegexWork& operator=(RegexWork&&) noexcept;

 private:
  friend class Regex;
  struct Buffers;
  std::unique_ptr<Buffers> buffers_;
};

class Regex {
 public:
  /// `where` ("FILE: KEY.PATH") begins the text of errors. Throws Error(kUnsupported) for syntax
  /// that would mean something else here, Error(kCorruptFile) for what is no pattern.
  Regex(std::string_view pattern, std::string where);
  ~Regex();
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;

  /// Matches do not overlap; an empty one never stands where the one before ended. Bytes that are
  /// not UTF-8 match nothing. Throws Error(kInvalidInput) where the pattern takes too many steps:
  /// their number is bounded in proportion to the size of all texts that `work` was used for.
  void find_all(std::string_view text, RegexWork& work, MatchSink visit) const;

 private:
  struct Code;
  void find_in_valid(std::string_view text, std::size_t offset, RegexWork::Buffers& buffers,
                     MatchSink visit) const;
  bool match(std::string_view text, std::size_t from, RegexWork::Buffers& buffers) const;
  int try_match(std::string_view text, std::size_t from, std::size_t last, std::uint32_t steps,
                RegexWork::Buffers& buffers) const;
  [[noreturn]] void fail(int error) const;

  std::unique_ptr<Code> code_;
  std::string where_;
};

}  // namespace mod::text
