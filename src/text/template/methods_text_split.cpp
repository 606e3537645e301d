// Methods of strings that take them apart.
#include <algorithm>

#include "text/template/compare.h"
#include "text/template/interpreter.h"
#include "text/template/registry.h"
#include "text/template/text_work.h"
#include "text/template/unicode.h"

namespace mod::text::jinja {
namespace {

using Parts = std::vector<std::string_view>;

Value list_of(Interpreter& run, const Value& self, const Parts& parts) {
  std::vector<Value> values;
  for (const std::string_view part : parts) {
    values.push_back(make_string(run.budget(), std::string(part), self.string().markup));
  }
  return make_list(run.budget(), std::move(values));
}

/// At white space, of which any number separates; `limit` < 0: at all.
Parts split_space(std::string_view text, Int limit) {
  Parts parts;
  text = strip(text, Side::kLeft);
  while (!text.empty()) {
    if (limit-- == 0) {
      parts.push_back(text);
      break;
    }
    std::size_t end = 0;
    while (end < text.size() && !is_space(char_at(text, end))) end += char_bytes(text, end);
    parts.push_back(text.substr(0, end));
    text = strip(text.substr(end), Side::kLeft);
  }
  return parts;
}

Parts rsplit_space(std::string_view text, Int limit) {
  Parts parts;
  text = strip(text, Side::kRight);
  while (!text.empty()) {
    if (limit-- == 0) {
      parts.push_back(text);
      break;
    }
    std::size_t begin = text.size();
    while (begin > 0) {
      const std::size_t before = last_char(text.substr(0, begin));
      if (is_space(char_at(text, before))) break;
      begin = before;
    }
    parts.push_back(text.substr(begin));
    text = strip(text.substr(0, begin), Side::kRight);
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

Parts split_at(std::string_view text, std::string_view separator, Int limit) {
  Parts parts;
  while (limit-- != 0) {
    const std::size_t at = find_text(text, separator);
    if (at == std::string_view::npos) break;
    parts.push_back(text.substr(0, at));
    text.remove_prefix(at + separator.size());
  }
  parts.push_back(text);
  return parts;
}

/// On the reversed bytes, so that the search stays linear.
Parts rsplit_at(std::string_view text, std::string_view separator, Int limit) {
  const std::string backwards(text.rbegin(), text.rend());
  const std::string separator_backwards(separator.rbegin(), separator.rend());
  Parts parts;
  for (const std::string_view part : split_at(backwards, separator_backwards, limit)) {
    const auto begin = static_cast<std::size_t>(part.data() - backwards.data());
    parts.push_back(text.substr(text.size() - begin - part.size(), part.size()));
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

template <bool kFromEnd>
Value split(Interpreter& run, const Value& self, const Args& args) {
  const std::string_view text = self.text();
  const Int limit = args.integer(1, -1);
  run.budget().spend(1 + text.size() / 4);
  if (!args.has_not_none(0)) {
    return list_of(run, self, kFromEnd ? rsplit_space(text, limit) : split_space(text, limit));
  }
  const std::string& separator = args.text(0);
  if (separator.empty()) fail(args.function() + " needs a separator that is not empty");
  return list_of(run, self,
                 kFromEnd ? rsplit_at(text, separator, limit) : split_at(text, separator, limit));
}

Value lines(Interpreter& run, const Value& self, const Args& args) {
  return list_of(run, self, split_lines(run.budget(), self.text(), args.truth(0, false)));
}

template <bool kFromEnd>
Value partition(Interpreter& run, const Value& self, const Args& args) {
  const std::string_view text = self.text();
  const std::string_view separator = args.text(0);
  if (separator.empty()) fail(args.function() + " needs a separator that is not empty");
  run.budget().spend(1 + text.size() / 8);
  const std::size_t at = kFromEnd ? rfind_text(text, separator) : find_text(text, separator);
  Parts parts;
  if (at != std::string_view::npos) {
    parts = {text.substr(0, at), separator, text.substr(at + separator.size())};
  } else if (kFromEnd) {
    parts = {"", "", text};
  } else {
    parts = {text, "", ""};
  }
  std::vector<Value> values;
  for (const std::string_view part : parts) {
    values.push_back(make_string(run.budget(), std::string(part), self.string().markup));
  }
  return make_tuple(run.budget(), std::move(values));
}

constexpr MethodInfo kMethods[] = {
    {"partition", {"sep", 1, Signature::kPositional}, partition<false>},
    {"rpartition", {"sep", 1, Signature::kPositional}, partition<true>},
    {"rsplit", {"sep maxsplit", 0}, split<true>},
    {"split", {"sep maxsplit", 0}, split<false>},
    {"splitlines", {"keepends", 0}, lines},
};

}  // namespace

std::span<const MethodInfo> text_split_methods() { return kMethods; }

}  // namespace mod::text::jinja
