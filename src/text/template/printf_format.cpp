// Python's text % values.
#include <algorithm>
#include <cmath>

#include "checkpoint/quote.h"
#include "text/template/format_spec.h"
#include "text/template/operators.h"
#include "text/template/show.h"
#include "text/template/unicode.h"

namespace mod::text::jinja {
namespace {

class PrintfFormatter {
 public:
  PrintfFormatter(Budget& budget, std::string_view format, const Value& values)
      : budget_(budget), format_(format), values_(values) {}

  std::string run() {
    while (i_ < format_.size()) {
      if (format_[i_] == '%') {
        ++i_;
        directive();
      } else {
        const std::size_t end = std::min(format_.find('%', i_), format_.size());
        out_ += format_.substr(i_, end - i_);
        i_ = end;
      }
      budget_.check_text(out_.size());
    }
    if (used_ < given() && !is_mapping()) fail("more values than the format has places for");
    return std::move(out_);
  }

 private:
  /// What Python takes for a mapping here: everything with [] but tuples and strings.
  bool is_mapping() const {
    return values_.is_dict() || values_.is_undefined() ||
           (values_.is_sequence() && !is_tuple() && values_.sequence().is_indexable());
  }
  bool is_tuple() const {
    return values_.is_sequence() && values_.sequence().kind == SequenceKind::kTuple;
  }
  std::size_t given() const { return is_tuple() ? values_.sequence().items.size() : 1; }

  const Value& next_value() {
    if (used_ >= given()) fail("the format has more places than there are values");
    const std::size_t i = used_++;
    return is_tuple() ? values_.sequence().items[i] : values_;
  }

  char peek() const {
    if (i_ >= format_.size()) fail("the format ends within a place (%)");
    return format_[i_];
  }

  void directive() {
    budget_.spend(1);
    const Value* keyed = key();
    Field field;
    flags(field);
    field.width = number(field, true);
    if (peek() == '.') {
      ++i_;
      field.precision =
          static_cast<int>(std::min<std::size_t>(number(field, false), kMaxFieldWidth));
      if (field.precision > kMaxPrecision && peek() != 's') fail("a precision that large");
    }
    while (peek() == 'h' || peek() == 'l' || peek() == 'L') ++i_;
    field.type = format_[i_++];
    if (field.type == '%') {
      out_ += '%';
      return;
    }
    append(field, keyed ? *keyed : next_value());
  }

  const Value* key() {
    if (peek() != '(') return nullptr;
    const std::size_t begin = ++i_;
    for (int depth = 1; depth > 0; ++i_) depth += peek() == '(' ? 1 : peek() == ')' ? -1 : 0;
    if (!values_.is_dict()) fail("a format with names needs a dict");
    const std::string_view name = format_.substr(begin, i_ - 1 - begin);
    const Value* value = values_.dict().find(name);
    if (!value) fail("the values have no key " + checkpoint::quote_name(name));
    used_ = 1;
    return value;
  }

  void flags(Field& field) {
    bool left = false, zero = false;
    for (;; ++i_) {
      const char c = peek();
      if (c == '-') {
        left = true;
      } else if (c == '0') {
        zero = true;
      } else if (c == '+') {
        field.sign = '+';
      } else if (c == ' ') {
        if (field.sign != '+') field.sign = ' ';
      } else if (c == '#') {
        field.alternate = true;
      } else {
        break;
      }
    }
    if (left) {
      field.align = '<';
    } else if (zero) {
      field.fill = '0';
      field.align = '=';
    }
  }

  /// Digits, or '*' for the next value.
  std::size_t number(Field& field, bool is_width) {
    if (peek() == '*') {
      ++i_;
      const Value& value = next_value();
      if (!value.is_integral()) fail("'*' in a format needs an integer");
      Int n = value.as_int();
      if (n < 0 && is_width) field.align = '<';
      if (n < 0) n = is_width ? -n : 0;
      if (n > static_cast<Int>(kMaxFieldWidth)) fail("a field that wide");
      return static_cast<std::size_t>(n);
    }
    std::size_t n = 0;
    for (; peek() >= '0' && peek() <= '9'; ++i_) {
      n = n * 10 + static_cast<std::size_t>(peek() - '0');
      if (n > kMaxFieldWidth) fail("a field that wide");
    }
    return n;
  }

  void append(Field field, const Value& value) {
    budget_.spend(field.width / 8);
    switch (field.type) {
      case 's':
        return text(field, to_text(budget_, value));
      case 'r':
      case 'a':
        return text(field, to_repr(budget_, value));
      case 'c':
        return character(field, value);
      case 'd':
      case 'i':
      case 'u':
      case 'x':
      case 'X':
      case 'o':
        return integer(field, value);
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G':
        return real(field, value);
      default:
        fail("the format has a place of an unknown kind (%" + std::string(1, field.type) + ")");
    }
  }

  void text(Field& field, std::string text) {
    if (field.precision >= 0) {
      text.resize(byte_offset(text, static_cast<std::size_t>(field.precision)));
    }
    field.fill = ' ';
    if (field.align == '=') field.align = '>';
    out_ += padded("", text, field, '>');
  }

  void character(Field& field, const Value& value) {
    field.precision = -1;
    if (value.is_string() && count_chars(value.text()) == 1) return text(field, value.text());
    if (!value.is_integral() || value.as_int() < 0 || value.as_int() > 0x10FFFF) {
      fail("%c needs one character");
    }
    const auto c = static_cast<char32_t>(value.as_int());
    if (c >= 0xD800 && c <= 0xDFFF) fail("%c needs a Unicode character");
    std::string out;
    append_char(out, c);
    text(field, std::move(out));
  }

  void integer(Field& field, const Value& value) {
    const bool decimal = field.type == 'd' || field.type == 'i' || field.type == 'u';
    if (!value.is_integral() && !(decimal && value.is(Kind::kFloat))) {
      if (value.is_undefined()) fail(undefined_text(value.undefined()));
      fail("%" + std::string(1, field.type) + " needs a number, not " +
           std::string(kind_name(value)));
    }
    if (value.is(Kind::kFloat) && !(value.real() > -1e38 && value.real() < 1e38)) {
      fail("%d cannot show this float");
    }
    const Int number = value.is_integral() ? value.as_int() : static_cast<Int>(value.real());
    std::string digits = int_digits(number, field);
    if (field.precision > static_cast<int>(digits.size())) {
      digits.insert(0, static_cast<std::size_t>(field.precision) - digits.size(), '0');
    }
    out_ += padded(sign_of(number < 0, field), digits, field, '>');
  }

  void real(Field& field, const Value& value) {
    if (value.is_undefined()) fail(undefined_text(value.undefined()));
    if (!value.is_number()) {
      fail("%" + std::string(1, field.type) + " needs a number, not " +
           std::string(kind_name(value)));
    }
    const double number = value.as_real();
    out_ += padded(sign_of(std::signbit(number), field), real_digits(number, field), field, '>');
  }

  Budget& budget_;
  std::string_view format_;
  const Value& values_;
  std::size_t i_ = 0, used_ = 0;
  std::string out_;
};

}  // namespace

std::string format_printf(Budget& budget, std::string_view format, const Value& values) {
  budget.spend_text(format.size());
  return PrintfFormatter(budget, format, values).run();
}

}  // namespace mod::text::jinja
