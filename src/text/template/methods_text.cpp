// Methods of strings that make another string, or look for one.
#include <algorithm>

#include "text/template/compare.h"
#include "text/template/interpreter.h"
#include "text/template/operators.h"
#include "text/template/registry.h"
#include "text/template/text_work.h"
#include "text/template/unicode.h"

namespace mod::text::jinja {
namespace {

/// The result of a method is `safe` where the string is.
Value like(Interpreter& run, const Value& self, std::string text) {
  return make_string(run.budget(), std::move(text), self.string().markup);
}

/// An argument that is put into the string: escaped where that is `safe` and the argument is not.
std::string inserted(Interpreter& run, const Value& self, const Args& args, std::size_t i) {
  const std::string& text = args.text(i);
  const bool escape = self.string().markup && !args[i].string().markup;
  return escape ? html_escaped(run.budget(), text) : text;
}

template <std::string (*kMap)(std::string_view)>
Value mapped(Interpreter& run, const Value& self, const Args&) {
  run.budget().spend(self.text().size());
  return like(run, self, kMap(self.text()));
}

template <Side kSide>
Value stripped(Interpreter& run, const Value& self, const Args& args) {
  run.budget().spend(self.text().size() / 8);
  return like(run, self,
              std::string(args.has_not_none(0) ? strip(self.text(), args.text(0), kSide)
                                               : strip(self.text(), kSide)));
}

char32_t fill_char(const Args& args) {
  if (!args.has(1)) return ' ';
  const std::string& fill = args.text(1);
  if (count_chars(fill) != 1) fail(args.function() + " fills with one character");
  return char_at(fill, 0);
}

template <char kAlign>
Value aligned(Interpreter& run, const Value& self, const Args& args) {
  return like(run, self,
              justified(run.budget(), self.text(), args.integer(0), fill_char(args), kAlign));
}

Value zero_filled(Interpreter& run, const Value& self, const Args& args) {
  const std::string& text = self.text();
  const bool sign = text.starts_with('-') || text.starts_with('+');
  const Int width = args.integer(0) - (sign ? 1 : 0);
  return like(run, self,
              text.substr(0, sign) + justified(run.budget(), text.substr(sign), width, '0', '>'));
}

Value replace(Interpreter& run, const Value& self, const Args& args) {
  return like(run, self,
              replaced(run.budget(), self.text(), inserted(run, self, args, 0),
                       inserted(run, self, args, 1), args.integer(2, -1)));
}

Value join(Interpreter& run, const Value& self, const Args& args) {
  Budget& budget = run.budget();
  std::string out;
  bool first = true;
  for (const Value& item : iterate(budget, args[0])) {
    if (!item.is_string()) {
      fail("the method 'join' joins strings, not " + std::string(kind_name(item)) +
           "; the filter `join` takes all");
    }
    const bool escape = self.string().markup && !item.string().markup;
    if (!first) out += self.text();
    out += escape ? html_escaped(budget, item.text()) : item.text();
    first = false;
    budget.spend(1 + (self.text().size() + item.text().size()) / 8);
    budget.check_text(out.size());
  }
  return like(run, self, std::move(out));
}

Value remove_prefix(Interpreter& run, const Value& self, const Args& args) {
  const std::string& text = self.text();
  return like(run, self, text.starts_with(args.text(0)) ? text.substr(args.text(0).size()) : text);
}

Value remove_suffix(Interpreter& run, const Value& self, const Args& args) {
  const std::string& text = self.text();
  const bool has = text.ends_with(args.text(0));
  return like(run, self, has ? text.substr(0, text.size() - args.text(0).size()) : text);
}

/// The part of a string that optional bounds in characters name, as bytes.
struct Window {
  std::string_view text;
  std::size_t first_char = 0;
  bool inside = true;  // the bounds are in order and within the string
};

Int char_bound(const Args& args, std::size_t i, Int fallback, Int size) {
  if (!args.has_not_none(i)) return fallback;
  Int value = args.integer(i);
  if (value < 0) value = std::max<Int>(0, value + size);
  return value;
}

Window window(Interpreter& run, const Value& self, const Args& args, std::size_t first_bound) {
  const std::string_view text = self.text();
  run.budget().spend(1 + text.size() / 8);
  if (!args.has(first_bound) && !args.has(first_bound + 1)) return {text, 0, true};
  const auto size = static_cast<Int>(count_chars(text));
  const Int start = char_bound(args, first_bound, 0, size);
  const Int stop = std::min(size, char_bound(args, first_bound + 1, size, size));
  if (start > stop || start > size) return {"", 0, false};
  const std::size_t begin = byte_offset(text, static_cast<std::size_t>(start));
  const std::string_view rest = text.substr(begin);
  return {rest.substr(0, byte_offset(rest, static_cast<std::size_t>(stop - start))),
          static_cast<std::size_t>(start), true};
}

Int find_in(const Window& where, std::string_view part, bool last) {
  if (!where.inside) return -1;
  const std::size_t at = last ? rfind_text(where.text, part) : find_text(where.text, part);
  if (at == std::string_view::npos) return -1;
  return static_cast<Int>(where.first_char + count_chars(where.text.substr(0, at)));
}

template <bool kLast>
Value find(Interpreter& run, const Value& self, const Args& args) {
  return Value(find_in(window(run, self, args, 1), args.text(0), kLast));
}

template <bool kLast>
Value index(Interpreter& run, const Value& self, const Args& args) {
  const Int at = find_in(window(run, self, args, 1), args.text(0), kLast);
  if (at < 0) fail("the text that " + args.function() + " looks for is not there");
  return Value(at);
}

Value count(Interpreter& run, const Value& self, const Args& args) {
  Window where = window(run, self, args, 1);
  const std::string& part = args.text(0);
  if (!where.inside) return Value(Int{0});
  if (part.empty()) return Value::integer(count_chars(where.text) + 1);
  Int found = 0;
  for (std::size_t at; (at = find_text(where.text, part)) != std::string_view::npos; ++found) {
    where.text.remove_prefix(at + part.size());
  }
  return Value(found);
}

template <bool kAtEnd>
Value matches_end(Interpreter& run, const Value& self, const Args& args) {
  const Window where = window(run, self, args, 1);
  const auto matches = [&](const Value& part) {
    if (!part.is_string()) {
      if (part.is_undefined()) fail(undefined_text(part.undefined()));
      fail(args.function() + " needs a string or a tuple of strings, not " +
           std::string(kind_name(part)));
    }
    if (!where.inside) return false;
    return kAtEnd ? where.text.ends_with(part.text()) : where.text.starts_with(part.text());
  };
  const Value& parts = args[0];
  if (!parts.is_sequence() || parts.sequence().kind != SequenceKind::kTuple) {
    return Value(matches(parts));
  }
  const auto& items = parts.sequence().items;
  return Value(std::any_of(items.begin(), items.end(), matches));
}

constexpr Signature kNone{"", 0};
constexpr Signature kChars{"chars", 0, Signature::kPositional};
constexpr Signature kWidth{"width fillchar", 1, Signature::kPositional};
constexpr Signature kPart{"sub start end", 1, Signature::kPositional};

constexpr MethodInfo kMethods[] = {
    {"capitalize", kNone, mapped<capitalized>},
    {"casefold", kNone, mapped<case_folded_text>},
    {"center", kWidth, aligned<'^'>},
    {"count", kPart, count},
    {"endswith", kPart, matches_end<true>},
    {"find", kPart, find<false>},
    {"index", kPart, index<false>},
    {"join", {"iterable", 1, Signature::kPositional}, join},
    {"ljust", kWidth, aligned<'<'>},
    {"lower", kNone, mapped<to_lower>},
    {"lstrip", kChars, stripped<Side::kLeft>},
    {"removeprefix", {"prefix", 1, Signature::kPositional}, remove_prefix},
    {"removesuffix", {"suffix", 1, Signature::kPositional}, remove_suffix},
    {"replace", {"old new count", 2, Signature::kPositional}, replace},
    {"rfind", kPart, find<true>},
    {"rindex", kPart, index<true>},
    {"rjust", kWidth, aligned<'>'>},
    {"rstrip", kChars, stripped<Side::kRight>},
    {"startswith", kPart, matches_end<false>},
    {"strip", kChars, stripped<Side::kBoth>},
    {"swapcase", kNone, mapped<swap_cased>},
    {"title", kNone, mapped<title_cased>},
    {"upper", kNone, mapped<to_upper>},
    {"zfill", {"width", 1, Signature::kPositional}, zero_filled},
};

}  // namespace

std::span<const MethodInfo> text_methods() { return kMethods; }

}  // namespace mod::text::jinja
