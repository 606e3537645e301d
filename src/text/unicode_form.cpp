#include "text/unicode_form.h"

#include <utf8proc.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "mod/error.h"
#include "text/utf8.h"

namespace mod::text {
namespace {

using Codes = std::vector<utf8proc_int32_t>;

// U+FDFA becomes 18 characters, the most of all.
constexpr std::size_t kMostParts = 32;

struct CodeRange {
  char32_t first, last;
};

/// Characters with a combining class or a decomposition that came after Unicode 9, up to
/// Unicode 15. Hugging Face's tokenizers normalise by Unicode 9 (seen with version 0.23): they
/// leave these alone, and models were trained on what that gives.
constexpr CodeRange kLater[] = {
    {0x7FD, 0x7FD},     {0x898, 0x89F},     {0x8CA, 0x8D3},     {0x9FE, 0x9FE},
    {0xC3C, 0xC3C},     {0xD3B, 0xD3C},     {0xEBA, 0xEBA},     {0x1715, 0x1715},
    {0x1ABF, 0x1ACE},   {0x1DF6, 0x1DFA},   {0x32FF, 0x32FF},   {0xA7F2, 0xA7F4},
    {0xA82C, 0xA82C},   {0xAB69, 0xAB69},   {0x10781, 0x10785}, {0x10787, 0x107B0},
    {0x107B2, 0x107BA}, {0x10D24, 0x10D27}, {0x10EAB, 0x10EAC}, {0x10EFD, 0x10EFF},
    {0x10F46, 0x10F50}, {0x10F82, 0x10F85}, {0x11070, 0x11070}, {0x1133B, 0x1133B},
    {0x1145E, 0x1145E}, {0x11839, 0x1183A}, {0x11930, 0x11930}, {0x11935, 0x11935},
    {0x11938, 0x11938}, {0x1193D, 0x1193E}, {0x11943, 0x11943}, {0x119E0, 0x119E0},
    {0x11A34, 0x11A34}, {0x11A47, 0x11A47}, {0x11A99, 0x11A99}, {0x11D42, 0x11D42},
    {0x11D44, 0x11D45}, {0x11D97, 0x11D97}, {0x11F41, 0x11F42}, {0x16FF0, 0x16FF1},
    {0x1E030, 0x1E06D}, {0x1E08F, 0x1E08F}, {0x1E130, 0x1E136}, {0x1E2AE, 0x1E2AE},
    {0x1E2EC, 0x1E2EF}, {0x1E4EC, 0x1E4EF}, {0x1F16C, 0x1F16C}, {0x1FBF0, 0x1FBF9}};

bool is_later(char32_t code) {
  const auto after =
      std::upper_bound(std::begin(kLater), std::end(kLater), code,
                       [](char32_t c, const CodeRange& range) { return c < range.first; });
  return after != std::begin(kLater) && code <= std::prev(after)->last;
}

/// Below this byte every text is already in the form: NFC leaves all characters below U+0300 (bytes
/// 0xCC 0x80) alone, the other forms only ASCII.
bool is_quick(UnicodeForm form, std::string_view text) {
  const unsigned char limit = form == UnicodeForm::kNfc ? 0xCC : 0x80;
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return static_cast<unsigned char>(c) < limit; });
}

void append_decomposed(char32_t code, utf8proc_option_t options, Codes& codes) {
  int unused = 0;
  const std::size_t before = codes.size();
  codes.resize(before + kMostParts);
  const utf8proc_ssize_t parts =
      utf8proc_decompose_char(static_cast<utf8proc_int32_t>(code), codes.data() + before,
                              static_cast<utf8proc_ssize_t>(kMostParts), options, &unused);
  if (parts < 0 || static_cast<std::size_t>(parts) > kMostParts) {
    throw Error(ErrorCode::kInternal, "a character decomposes into too many");
  }
  codes.resize(before + static_cast<std::size_t>(parts));
}

/// Puts every run of marks in the order of their combining classes. (utf8proc's own way to do this
/// takes the square of the length of the run.)
void order_marks(Codes& codes) {
  const auto mark_class = [](utf8proc_int32_t code) {
    return utf8proc_get_property(code)->combining_class;
  };
  const auto is_mark = [&](utf8proc_int32_t code) { return mark_class(code) != 0; };
  for (auto at = codes.begin(); at != codes.end();) {
    const auto begin = std::find_if(at, codes.end(), is_mark);
    const auto end = std::find_if_not(begin, codes.end(), is_mark);
    if (end - begin > 1) {
      std::stable_sort(begin, end, [&](utf8proc_int32_t a, utf8proc_int32_t b) {
        return mark_class(a) < mark_class(b);
      });
    }
    at = end;
  }
}

/// Writes what was collected to `out` in the wanted form.
void flush(Codes& codes, bool compose, std::string& out) {
  if (codes.empty()) return;
  order_marks(codes);
  auto count = static_cast<utf8proc_ssize_t>(codes.size());
  if (compose) {
    const auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    count = utf8proc_normalize_utf32(codes.data(), count, options);
  }
  for (utf8proc_ssize_t i = 0; i < count; ++i) {
    append_utf8(out, static_cast<char32_t>(codes[static_cast<std::size_t>(i)]));
  }
  codes.clear();
}

}  // namespace

void to_unicode_form(UnicodeForm form, std::string& text) {
  if (is_quick(form, text)) return;
  const bool compatible = form == UnicodeForm::kNfkc || form == UnicodeForm::kNfkd;
  const bool compose = form == UnicodeForm::kNfc || form == UnicodeForm::kNfkc;
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE |
                                                      (compatible ? UTF8PROC_COMPAT : 0));
  std::string out;
  out.reserve(text.size());
  Codes codes;
  for (std::size_t at = 0; at < text.size();) {
    const Character c = decode_character(text, at);
    if (c.code < 0x80 && codes.empty()) {
      // ASCII that nothing follows to combine with is copied as it is.
      const bool alone = at + 1 == text.size() || static_cast<unsigned char>(text[at + 1]) < 0x80;
      if (alone) {
        out.push_back(text[at++]);
        continue;
      }
    }
    if (c.code == kInvalidCode || is_later(c.code)) {
      flush(codes, compose, out);
      out.append(text, at, c.size);
    } else {
      if (c.code < 0x80) flush(codes, compose, out);  // a starter: nothing reaches over it
      append_decomposed(c.code, options, codes);
    }
    at += c.size;
  }
  flush(codes, compose, out);
  text = std::move(out);
}

}  // namespace mod::text
