#include "text/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

#include <algorithm>
#include <limits>

#include "checkpoint/quote.h"
#include "mod/error.h"
#include "text/regex_syntax.h"
#include "text/utf8.h"

namespace mod::text {
namespace {

constexpr std::size_t kMaxPattern = 16384;
// Steps that may be tried at one place of a text. PCRE2 counts them anew at every place, so that
// this alone would bound nothing but the time for one place: where it does not suffice, more are
// taken from a budget for the whole text. The patterns in use take a few steps a character.
constexpr std::uint32_t kQuickSteps = 1'000, kMoreSteps = 8, kMostSteps = 1u << 30;
constexpr std::uint64_t kFreeSteps = 4'000'000, kStepsPerByte = 64;
constexpr std::uint32_t kHeapKib = 64 << 10;
constexpr std::size_t kJitStack = 8u << 20;

template <auto kFree>
struct Freer {
  template <class T>
  void operator()(T* p) const noexcept {
    kFree(p);
  }
};
using CodePtr = std::unique_ptr<pcre2_code, Freer<pcre2_code_free>>;
using CompileContextPtr = std::unique_ptr<pcre2_compile_context, Freer<pcre2_compile_context_free>>;
using MatchDataPtr = std::unique_ptr<pcre2_match_data, Freer<pcre2_match_data_free>>;
using MatchContextPtr = std::unique_ptr<pcre2_match_context, Freer<pcre2_match_context_free>>;
using JitStackPtr = std::unique_ptr<pcre2_jit_stack, Freer<pcre2_jit_stack_free>>;

template <class Ptr>
Ptr check(Ptr pointer) {
  if (!pointer) throw Error(ErrorCode::kOutOfMemory, "no memory left for a pattern");
  return pointer;
}

PCRE2_SPTR units(std::string_view text) { return reinterpret_cast<PCRE2_SPTR>(text.data()); }

std::string message_of(int error) {
  PCRE2_UCHAR text[256] = {};
  pcre2_get_error_message(error, text, sizeof text);
  return reinterpret_cast<const char*>(text);
}

/// End of the well-formed text that begins at `at`.
std::size_t valid_end(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    const Character c = decode_character(text, at);
    if (c.code == kInvalidCode) break;
    at += c.size;
  }
  return at;
}

}  // namespace

struct RegexWork::Buffers {
  std::uint64_t steps = kFreeSteps;  // that are left
  MatchDataPtr data = check(MatchDataPtr(pcre2_match_data_create(1, nullptr)));
  MatchContextPtr context = check(MatchContextPtr(pcre2_match_context_create(nullptr)));
  JitStackPtr stack = check(JitStackPtr(pcre2_jit_stack_create(32768, kJitStack, nullptr)));

  Buffers() {
    pcre2_set_heap_limit(context.get(), kHeapKib);
    pcre2_jit_stack_assign(context.get(), nullptr, stack.get());
  }
};

RegexWork::RegexWork() = default;
RegexWork::~RegexWork() = default;
RegexWork::RegexWork(RegexWork&&) noexcept = default;
RegexWork& RegexWork::operator=(RegexWork&&) noexcept = default;

struct Regex::Code {
  CodePtr compiled;
};

Regex::~Regex() = default;
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;

Regex::Regex(std::string_view pattern, std::string where) : where_(std::move(where)) {
  if (pattern.size() > kMaxPattern) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("{}: the pattern is longer than {} bytes", where_, kMaxPattern));
  }
  const std::string translated = to_pcre2(pattern, where_);
  const auto context = check(CompileContextPtr(pcre2_compile_context_create(nullptr)));
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  int error = 0;
  PCRE2_SIZE offset = 0;
  CodePtr code(pcre2_compile(
      units(translated), translated.size(),
      PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C | PCRE2_USE_OFFSET_LIMIT,
      &error, &offset, context.get()));
  if (!code) {
    throw Error(ErrorCode::kCorruptFile,
                fmt::format("{}: the pattern {} cannot be compiled: {}", where_,
                            checkpoint::quote_name(pattern), message_of(error)));
  }
  pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);  // where there is no JIT it is interpreted
  code_ = std::make_unique<Code>(Code{std::move(code)});
}

void Regex::find_all(std::string_view text, RegexWork& work, MatchSink visit) const {
  if (!work.buffers_) work.buffers_ = std::make_unique<RegexWork::Buffers>();
  work.buffers_->steps += kStepsPerByte * text.size();
  std::size_t begin = 0;
  do {
    const std::size_t end = valid_end(text, begin);
    find_in_valid(text.substr(begin, end - begin), begin, *work.buffers_, visit);
    begin = end + 1;
  } while (begin < text.size());
}

void Regex::find_in_valid(std::string_view text, std::size_t offset, RegexWork::Buffers& buffers,
                          MatchSink visit) const {
  constexpr std::size_t kNowhere = std::numeric_limits<std::size_t>::max();
  std::size_t from = 0, last_end = kNowhere;
  while (from <= text.size() && match(text, from, buffers)) {
    const PCRE2_SIZE* span = pcre2_get_ovector_pointer(buffers.data.get());
    const std::size_t begin = span[0], end = span[1];
    if (end <= begin && end == last_end) {
      from = from < text.size() ? from + decode_character(text, from).size : from + 1;
      continue;
    }
    from = last_end = end;
    visit(offset + begin, offset + end);
  }
}

bool Regex::match(std::string_view text, std::size_t from, RegexWork::Buffers& buffers) const {
  const int quick = try_match(text, from, PCRE2_UNSET, kQuickSteps, buffers);
  if (quick != PCRE2_ERROR_MATCHLIMIT) return quick >= 0;
  for (std::size_t at = from; at <= text.size();) {
    std::uint32_t steps = kQuickSteps;
    int result = try_match(text, at, at, steps, buffers);
    while (result == PCRE2_ERROR_MATCHLIMIT && buffers.steps > 0) {
      steps = static_cast<std::uint32_t>(
          std::min({buffers.steps, std::uint64_t{steps} * kMoreSteps, std::uint64_t{kMostSteps}}));
      buffers.steps -= steps;
      result = try_match(text, at, at, steps, buffers);
    }
    if (result == PCRE2_ERROR_MATCHLIMIT) fail(result);
    if (result >= 0) return true;
    at += at < text.size() ? decode_character(text, at).size : 1;
  }
  return false;
}

int Regex::try_match(std::string_view text, std::size_t from, std::size_t last, std::uint32_t steps,
                     RegexWork::Buffers& buffers) const {
  pcre2_set_match_limit(buffers.context.get(), steps);
  pcre2_set_offset_limit(buffers.context.get(), last);
  const auto run = [&](std::uint32_t options) {
    return pcre2_match(code_->compiled.get(), units(text), text.size(), from,
                       PCRE2_NO_UTF_CHECK | options, buffers.data.get(), buffers.context.get());
  };
  int result = run(0);
  if (result == PCRE2_ERROR_JIT_STACKLIMIT) result = run(PCRE2_NO_JIT);
  if (result < 0 && result != PCRE2_ERROR_NOMATCH && result != PCRE2_ERROR_MATCHLIMIT) fail(result);
  return result;
}

void Regex::fail(int error) const {
  throw Error(ErrorCode::kInvalidInput,
              fmt::format("{}: the pattern cannot be matched against this text: {}", where_,
                          message_of(error)));
}

}  // namespace mod::text
