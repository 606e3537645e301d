#include "text/template/template.h"

#include <algorithm>

#include "checkpoint/quote.h"
#include "text/template/json_value.h"
#include "text/template/lexer.h"
#include "text/template/parser.h"
#include "text/template/unicode.h"

namespace mod::text::jinja {
namespace {

constexpr std::size_t kExcerptChars = 40;

/// "line 3, column 7 (near '{{ message }}')"
std::string place(std::string_view source, Offset at) {
  const std::string_view before = source.substr(0, std::min<std::size_t>(at, source.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t newline = before.rfind('\n');
  const std::string_view same_line =
      newline == std::string_view::npos ? before : before.substr(newline + 1);
  std::string text =
      "line " + std::to_string(line) + ", column " + std::to_string(count_chars(same_line) + 1);
  std::string_view rest = source.substr(before.size());
  rest = rest.substr(0, std::min(rest.find('\n'), rest.size()));
  rest = rest.substr(0, byte_offset(rest, kExcerptChars));
  if (!rest.empty()) text += " (near " + checkpoint::quote_name(rest) + ")";
  return text;
}

[[noreturn]] void throw_error(const std::string& where, std::string_view source,
                              const Failure& failure, Offset at) {
  throw Error(failure.code,
              where + ", " + place(source, failure.at.value_or(at)) + ": " + failure.text);
}

/// Room for templates that copy their input many times.
Limits with_input(Limits limits, std::size_t bytes) {
  limits.steps += 8 * bytes;
  limits.text_bytes += 2 * bytes;
  return limits;
}

}  // namespace

Template::Template(std::string_view source, std::string where) : where_(std::move(where)) {
  try {
    program_ = parse(source);
  } catch (const Failure& failure) {
    if (!failure.at) throw Error(failure.code, where_ + ": " + failure.text);
    throw_error(where_, normalized_source(source), failure, 0);
  }
}

std::string Template::render(const Variables& variables, TimePoint now,
                             const Limits& limits) const {
  std::vector<std::pair<std::string_view, Value>> values;
  std::size_t bytes = 0;
  try {
    for (const auto& [name, json] : variables) {
      values.emplace_back(name, from_json(*json, name, bytes));
    }
  } catch (const Failure& failure) {
    throw Error(failure.code, failure.text);
  }
  Interpreter interpreter(*program_, with_input(limits, bytes), now);
  try {
    for (auto& [name, value] : values) interpreter.define(name, std::move(value));
    return interpreter.render();
  } catch (const Failure& failure) {
    throw_error(where_, program_->source, failure, interpreter.position());
  }
}

}  // namespace mod::text::jinja
