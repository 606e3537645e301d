// Filters of text.
#include "text/template/format_spec.h"
#include "text/template/interpreter.h"
#include "text/template/json_value.h"
#include "text/template/operators.h"
#include "text/template/registry.h"
#include "text/template/show.h"
#include "text/template/text_work.h"
#include "text/template/unicode.h"

namespace mod::text::jinja {
namespace {

/// The input as a string, `safe` or not: what Jinja calls soft_str.
String soft_text(Interpreter& run, const Value& input) {
  if (input.is_string()) return input.string();
  return {std::make_shared<const std::string>(to_text(run.budget(), input)), false};
}

template <std::string (*kMap)(std::string_view)>
Value mapped(Interpreter& run, const Value& input, const Args&) {
  const String text = soft_text(run, input);
  run.budget().spend(text.text->size());
  return make_string(run.budget(), kMap(*text.text), text.markup);
}

/// Words begin behind blanks, hyphens and opening brackets.
std::string title_words(std::string_view text) {
  std::string out;
  bool first = true;
  for (std::size_t i = 0; i < text.size(); i += char_bytes(text, i)) {
    const std::string_view c = text.substr(i, char_bytes(text, i));
    out += first ? to_upper(c) : to_lower(c);
    first = is_space(char_at(text, i)) ||
            (c.size() == 1 && std::string_view("-({[<").find(c[0]) != std::string_view::npos);
  }
  return out;
}

Value trim(Interpreter& run, const Value& input, const Args& args) {
  const String text = soft_text(run, input);
  run.budget().spend(text.text->size() / 8);
  const std::string_view stripped = args.has_not_none(0)
                                        ? strip(*text.text, args.text(0), Side::kBoth)
                                        : strip(*text.text, Side::kBoth);
  return make_string(run.budget(), std::string(stripped), text.markup);
}

Value replace(Interpreter& run, const Value& input, const Args& args) {
  Budget& budget = run.budget();
  const Int count = args.has_not_none(2) ? args.integer(2) : -1;
  return make_string(budget, replaced(budget, to_text(budget, input), to_text(budget, args[0]),
                                      to_text(budget, args[1]), count));
}

std::string indentation(Budget& budget, const Args& args) {
  if (args.has(0) && args[0].is_string()) return args.text(0);
  const Int width = std::max<Int>(0, args.integer(0, 4));
  if (width > static_cast<Int>(kMaxFieldWidth)) fail("an indentation that wide");
  budget.spend(static_cast<std::uint64_t>(width) / 8);
  return std::string(static_cast<std::size_t>(width), ' ');
}

Value indent(Interpreter& run, const Value& input, const Args& args) {
  Budget& budget = run.budget();
  if (input.is_undefined()) fail(undefined_text(input.undefined()));
  if (!input.is_string())
    fail("only a string can be indented, not " + std::string(kind_name(input)));
  const std::string by = indentation(budget, args);
  const bool first = args.truth(1, false), blank = args.truth(2, false);
  std::vector<std::string_view> lines = split_lines(budget, input.text(), false);
  // A line end at the end begins one more line, as one without text is a line.
  const std::string& text = input.text();
  if (text.empty() || (ends_line(text) && text.back() != '\r')) lines.emplace_back();
  std::string out = first ? by : "";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out += '\n';
    if (i > 0 && (blank || !lines[i].empty())) out += by;
    out += lines[i];
    budget.spend(1 + by.size() / 8);
    budget.check_text(out.size());
  }
  return make_string(budget, std::move(out), input.string().markup);
}

Value join(Interpreter& run, const Value& input, const Args& args) {
  Budget& budget = run.budget();
  std::vector<Value> items = iterate(budget, input);
  if (args.has_not_none(1)) {
    for (Value& item : items) item = path_of(budget, item, args[1], nullptr);
  }
  const std::string separator = args.has(0) ? to_text(budget, args[0]) : "";
  std::string out;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) {
      budget.check_text(out.size() + separator.size());
      budget.spend(separator.size() / 8);
      out += separator;
    }
    append_text(out, budget, items[i]);
  }
  return make_string(budget, std::move(out));
}

Value string(Interpreter& run, const Value& input, const Args&) {
  return Value(soft_text(run, input));
}

Value safe(Interpreter& run, const Value& input, const Args&) {
  String text = soft_text(run, input);
  text.markup = true;
  return Value(text);
}

Value escape(Interpreter& run, const Value& input, const Args&) {
  const String text = soft_text(run, input);
  if (text.markup) return Value(text);
  return make_string(run.budget(), html_escaped(run.budget(), *text.text), true);
}

Value force_escape(Interpreter& run, const Value& input, const Args&) {
  return make_string(run.budget(), html_escaped(run.budget(), *soft_text(run, input).text), true);
}

Value format(Interpreter& run, const Value& input, const Args& args) {
  Budget& budget = run.budget();
  const String text = soft_text(run, input);
  const Arguments& given = args.rest();
  if (!given.positional.empty() && !given.named.empty()) {
    fail("the filter 'format' takes positional or named arguments, not both");
  }
  Value values;
  if (given.named.empty()) {
    values = make_tuple(budget, given.positional);
  } else {
    Dict dict;
    for (const auto& [name, value] : given.named) dict.set(budget, Value::string(name), value);
    values = make_dict(budget, std::move(dict));
  }
  return make_string(budget, format_printf(budget, *text.text, values), text.markup);
}

Value center(Interpreter& run, const Value& input, const Args& args) {
  const String text = soft_text(run, input);
  return make_string(run.budget(),
                     justified(run.budget(), *text.text, args.integer(0, 80), ' ', '^'),
                     text.markup);
}

Value word_count(Interpreter& run, const Value& input, const Args&) {
  const String soft = soft_text(run, input);
  const std::string& text = *soft.text;
  run.budget().spend(text.size());
  Int words = 0;
  bool inside = false;
  for (std::size_t i = 0; i < text.size(); i += char_bytes(text, i)) {
    const char32_t c = char_at(text, i);
    const bool word = is_name_part(c) || is_numeric(c);
    words += word && !inside;
    inside = word;
  }
  return Value(words);
}

Value truncate(Interpreter& run, const Value& input, const Args& args) {
  Budget& budget = run.budget();
  const Int length = args.integer(0, 255);
  const std::string end = args.text(2, "...");
  const Int leeway = args.has_not_none(3) ? args.integer(3) : 5;
  const auto end_chars = static_cast<Int>(count_chars(end));
  if (length < end_chars || leeway < 0) fail("'truncate' needs a length of at least its end text");
  if (static_cast<Int>(length_of(input)) <= length + leeway) return input;
  if (!input.is_string()) fail("only a string can be truncated");
  const std::string& text = input.text();
  budget.spend(text.size() / 8);
  std::string out = text.substr(0, byte_offset(text, static_cast<std::size_t>(length - end_chars)));
  if (!args.truth(1, false)) out.resize(std::min(out.rfind(' '), out.size()));
  return make_string(budget, out + end, input.string().markup);
}

std::string json_indent(const Value& indent) {
  if (indent.is_string()) return indent.text();
  if (!indent.is_integral()) {
    fail("'indent' of 'tojson' must be an integer or a string, not " +
         std::string(kind_name(indent)));
  }
  if (indent.as_int() > 1000) fail("an indentation that wide");
  return std::string(static_cast<std::size_t>(std::max<Int>(0, indent.as_int())), ' ');
}

Value to_json_filter(Interpreter& run, const Value& input, const Args& args) {
  JsonStyle style;
  style.ensure_ascii = args.truth(0, false);
  style.sort_keys = args.truth(3, false);
  if (args.has_not_none(1)) {
    style.indent = json_indent(args[1]);
    style.item_separator = ",";
  }
  if (args.has_not_none(2)) {
    const std::vector<Value> separators = iterate(run.budget(), args[2]);
    if (separators.size() != 2 || !separators[0].is_string() || !separators[1].is_string()) {
      fail("'separators' of 'tojson' must be two strings");
    }
    style.item_separator = separators[0].text();
    style.key_separator = separators[1].text();
  }
  return make_string(run.budget(), to_json(run.budget(), input, style));
}

/// Percent signs for all but letters, digits and `kept`.
std::string url_quoted(Budget& budget, const std::string& text, std::string_view kept) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain || kept.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += '%';
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[static_cast<unsigned char>(c) & 15];
    }
  }
  budget.spend_text(out.size());
  return out;
}

/// Of a query: a blank is a plus sign.
std::string query_quoted(Budget& budget, const Value& value) {
  constexpr std::string_view kKept = "_.-~";
  const std::string quoted = url_quoted(budget, to_text(budget, value), kKept);
  return replaced(budget, quoted, "%20", "+", -1);
}

Value url_encode(Interpreter& run, const Value& input, const Args&) {
  Budget& budget = run.budget();
  if (input.is_string() || !is_iterable(input)) {
    return make_string(budget, url_quoted(budget, to_text(budget, input), "_.-~/"));
  }
  std::string out;
  const auto add = [&](const Value& key, const Value& value) {
    if (!out.empty()) out += '&';
    out += query_quoted(budget, key) + "=" + query_quoted(budget, value);
    budget.check_text(out.size());
  };
  if (input.is_dict()) {
    for (const auto& [key, value] : input.dict().items()) add(key, value);
  } else {
    for (const Value& pair : iterate(budget, input)) {
      const std::vector<Value> parts = iterate(budget, pair);
      if (parts.size() != 2) fail("'urlencode' needs a string, a dict or pairs");
      add(parts[0], parts[1]);
    }
  }
  return make_string(budget, std::move(out));
}

constexpr FilterInfo kFilters[] = {
    {"capitalize", {"", 0}, mapped<capitalized>},
    {"center", {"width", 0}, center},
    {"e", {"", 0}, escape},
    {"escape", {"", 0}, escape},
    {"forceescape", {"", 0}, force_escape},
    {"format", {"", 0, Signature::kAny}, format},
    {"indent", {"width first blank", 0}, indent},
    {"join", {"d attribute", 0}, join},
    {"lower", {"", 0}, mapped<to_lower>},
    {"replace", {"old new count", 2}, replace},
    {"safe", {"", 0}, safe},
    {"string", {"", 0}, string},
    {"title", {"", 0}, mapped<title_words>},
    {"tojson", {"ensure_ascii indent separators sort_keys", 0}, to_json_filter},
    {"trim", {"chars", 0}, trim},
    {"truncate", {"length killwords end leeway", 0}, truncate},
    {"upper", {"", 0}, mapped<to_upper>},
    {"urlencode", {"", 0}, url_encode},
    {"wordcount", {"", 0}, word_count},
};

}  // namespace

std::span<const FilterInfo> text_filters() { return kFilters; }

}  // namespace mod::text::jinja
