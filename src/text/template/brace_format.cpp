// Python's text.format(...).
#include <algorithm>
#include <cmath>

#include "checkpoint/quote.h"
#include "text/template/format_spec.h"
#include "text/template/numbers.h"
#include "text/template/operators.h"
#include "text/template/show.h"
#include "text/template/unicode.h"

namespace mod::text::jinja {
namespace {

constexpr auto kNone = std::string_view::npos;

bool is_align(char32_t c) { return c == '<' || c == '>' || c == '^' || c == '='; }

/// Reads "[[fill]align][sign][#][0][width][,][.precision][type]".
Field parse_field(std::string_view spec) {
  Field field;
  const auto take = [&](std::string_view set) {
    if (spec.empty() || set.find(spec[0]) == kNone) return '\0';
    const char c = spec[0];
    spec.remove_prefix(1);
    return c;
  };
  const auto number = [&] {
    std::size_t n = 0;
    for (char c; (c = take("0123456789")) != 0;) {
      n = n * 10 + static_cast<std::size_t>(c - '0');
      if (n > kMaxFieldWidth) fail("a field that wide");
    }
    return n;
  };
  if (!spec.empty()) {
    const std::size_t fill = char_bytes(spec, 0);
    if (fill < spec.size() && is_align(static_cast<unsigned char>(spec[fill]))) {
      if (fill > 1) fail_unsupported("only ASCII characters can fill a field");
      field.fill = spec[0];
      field.align = spec[1];
      spec.remove_prefix(2);
    } else {
      field.align = take("<>^=");
    }
  }
  if (const char sign = take("+- ")) field.sign = sign;
  field.alternate = take("#") != 0;
  if (take("0") != 0 && field.align == 0) {
    field.fill = '0';
    field.align = '=';
  }
  field.width = number();
  field.grouping = take(",_");
  if (take(".") != 0) {
    if (spec.empty() || spec[0] < '0' || spec[0] > '9') fail("a field without its precision");
    const std::size_t precision = number();
    field.precision = static_cast<int>(precision);
  }
  if (!spec.empty()) field.type = spec[0];
  if (spec.size() > 1) fail("a field with the unknown format " + checkpoint::quote_name(spec));
  return field;
}

std::string shown_text(std::string text, Field field) {
  if ((field.type != 0 && field.type != 's') || field.align == '=' || field.sign != '-') {
    fail("the format of a field does not suit a string");
  }
  if (field.precision >= 0)
    text.resize(byte_offset(text, static_cast<std::size_t>(field.precision)));
  return padded("", text, field, '<');
}

std::string shown_int(Int value, const Field& field) {
  if (field.precision >= 0) fail("an integer has no precision");
  if (field.type == 'c') fail_unsupported("the type 'c' of a field is not supported");
  return padded(sign_of(value < 0, field), int_digits(value, field), field, '>');
}

std::string shown_real(double value, const Field& field) {
  if (field.precision > kMaxPrecision) fail("a precision that large");
  return padded(sign_of(std::signbit(value), field), real_digits(value, field), field, '>');
}

std::string shown(Budget& budget, const Value& value, std::string_view spec) {
  if (spec.empty()) return to_text(budget, value);
  const Field field = parse_field(spec);
  budget.spend(field.width / 8);
  if (value.is_string()) return shown_text(value.text(), field);
  const bool integer = field.type == 0 || std::string_view("bcdoxXn").find(field.type) != kNone;
  const bool real = field.type != 0 && std::string_view("eEfFgG%n").find(field.type) != kNone;
  if (value.is_integral() && integer) return shown_int(value.as_int(), field);
  if (value.is_number() && (real || (field.type == 0 && value.is(Kind::kFloat)))) {
    return shown_real(value.as_real(), field);
  }
  fail("the format " + checkpoint::quote_name(spec) + " does not suit " +
       std::string(kind_name(value)));
}

class BraceFormatter {
 public:
  BraceFormatter(Budget& budget, const Arguments& arguments)
      : budget_(budget), arguments_(arguments) {}

  std::string run(std::string_view format, int depth = 0) {
    if (depth > 1) fail("fields nested too deeply in a format");
    std::string out;
    while (!format.empty()) {
      const std::size_t brace = std::min(format.find_first_of("{}"), format.size());
      out += format.substr(0, brace);
      format.remove_prefix(brace);
      if (format.empty()) break;
      if (format.size() > 1 && format[0] == format[1]) {
        out += format[0];
        format.remove_prefix(2);
      } else if (format[0] == '}') {
        fail("a single '}' in a format");
      } else {
        out += field(format, depth);
      }
      budget_.spend(1 + out.size() / 64);
      budget_.check_text(out.size());
    }
    return out;
  }

 private:
  /// Takes a field off the format and shows its value.
  std::string field(std::string_view& format, int depth) {
    std::size_t end = 1;
    for (int open = 1; open > 0; ++end) {
      if (end >= format.size()) fail("a '{' in a format is not closed");
      open += format[end] == '{' ? 1 : format[end] == '}' ? -1 : 0;
    }
    std::string_view inside = format.substr(1, end - 2);
    format.remove_prefix(end);
    const std::size_t name_end = std::min(inside.find_first_of("!:"), inside.size());
    Value value = named(inside.substr(0, name_end));
    inside.remove_prefix(name_end);
    if (inside.starts_with('!')) {
      const char conversion = inside.size() > 1 ? inside[1] : '\0';
      if (conversion != 's' && conversion != 'r') fail("a field with an unknown conversion (!)");
      value = Value::string(conversion == 's' ? to_text(budget_, value) : to_repr(budget_, value));
      inside.remove_prefix(2);
    }
    if (!inside.empty() && inside[0] != ':') fail("a field with text behind its conversion");
    return shown(budget_, value, inside.empty() ? "" : run(inside.substr(1), depth + 1));
  }

  /// "0.name[key]": an argument, then attributes and elements.
  Value named(std::string_view path) {
    const std::size_t end = std::min(path.find_first_of(".["), path.size());
    Value value = argument(path.substr(0, end));
    path.remove_prefix(end);
    while (!path.empty()) {
      budget_.spend(2);
      const bool attribute = path[0] == '.';
      const std::size_t stop =
          attribute ? std::min(path.find_first_of(".[", 1), path.size()) : path.find(']');
      if (stop == kNone || stop < 2) fail("a field with a broken name");
      const std::string part(path.substr(1, stop - 1));
      value = attribute ? attribute_of(value, std::make_shared<const std::string>(part))
                        : item_of(budget_, value, key(part));
      path.remove_prefix(attribute ? stop : stop + 1);
    }
    return value;
  }

  static bool is_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == kNone;
  }

  static Value key(const std::string& part) {
    return is_number(part) ? Value(parse_int(part).value_or(0)) : Value::string(part);
  }

  const Value& argument(std::string_view name) {
    if (name.empty() || is_number(name)) {
      const bool automatic = name.empty();
      if (automatic ? counted_ == kByNumber : counted_ == kByOrder) {
        fail("a format numbers its fields, or does not; not both");
      }
      counted_ = automatic ? kByOrder : kByNumber;
      const Int i = automatic ? static_cast<Int>(next_++) : parse_int(name).value_or(0);
      if (i >= static_cast<Int>(arguments_.positional.size())) {
        fail("the format has more fields than there are values");
      }
      return arguments_.positional[static_cast<std::size_t>(i)];
    }
    for (const auto& [given, value] : arguments_.named) {
      if (given == name) return value;
    }
    fail("the format's field " + checkpoint::quote_name(name) + " has no value");
  }

  enum Counted { kNotYet, kByOrder, kByNumber };

  Budget& budget_;
  const Arguments& arguments_;
  std::size_t next_ = 0;
  Counted counted_ = kNotYet;
};

}  // namespace

std::string format_braces(Budget& budget, std::string_view format, const Arguments& arguments) {
  budget.spend_text(format.size());
  return BraceFormatter(budget, arguments).run(format);
}

}  // namespace mod::text::jinja
