#include "text/template/string_literal.h"

#include "text/template/unicode.h"

namespace mod::text::jinja {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

class Unescaper {
 public:
  Unescaper(std::string_view literal, Offset at) : literal_(literal), at_(at) {}

  std::string run() {
    while (i_ < literal_.size()) {
      const char c = literal_[i_++];
      if (c == '\\' && i_ < literal_.size()) {
        escape(literal_[i_++]);
      } else {
        out_ += c;
      }
    }
    return std::move(out_);
  }

 private:
  void escape(char c) {
    constexpr std::string_view kNames = "abfnrtv\\'\"";
    constexpr std::string_view kValues = "\a\b\f\n\r\t\v\\'\"";
    if (const auto k = kNames.find(c); k != std::string_view::npos) {
      out_ += kValues[k];
    } else if (c == '\n') {
      return;  // a line that goes on
    } else if (c == 'x') {
      hex(2);
    } else if (c == 'u') {
      hex(4);
    } else if (c == 'U') {
      hex(8);
    } else if (c >= '0' && c <= '7') {
      octal(c);
    } else if (c == 'N') {
      fail_unsupported("characters by name (\\N{...}) in strings are not supported", at_);
    } else {
      out_ += '\\';
      out_ += c;
    }
  }

  void hex(int digits) {
    char32_t value = 0;
    for (int k = 0; k < digits; ++k) {
      const int digit = i_ < literal_.size() ? hex_value(literal_[i_]) : -1;
      if (digit < 0) fail_at(at_, "the string holds a \\x, \\u or \\U with too few hex digits");
      value = value << 4 | static_cast<char32_t>(digit);
      ++i_;
    }
    if (value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
      fail_at(at_, "the string holds an escape that is no Unicode character");
    }
    append_char(out_, value);
  }

  void octal(char first) {
    auto value = static_cast<char32_t>(first - '0');
    for (int k = 0; k < 2 && i_ < literal_.size(); ++k) {
      const char c = literal_[i_];
      if (c < '0' || c > '7') break;
      value = value * 8 + static_cast<char32_t>(c - '0');
      ++i_;
    }
    append_char(out_, value);
  }

  std::string_view literal_;
  Offset at_;
  std::size_t i_ = 0;
  std::string out_;
};

}  // namespace

std::string unescaped(std::string_view literal, Offset at) { return Unescaper(literal, at).run(); }

}  // namespace mod::text::jinja
