// Numbers and texts in a field of a format: what printf-style and brace-style formatting share.
#pragma once

#include <string>
#include <string_view>

#include "text/template/value.h"

namespace mod::text::jinja {

struct Field {
  char fill = ' ';
  char align = 0;          // '<' '>' '^' '='; 0: by the type of the value
  char sign = '-';         // '-' only negative, '+' always, ' ' a blank for positive
  bool alternate = false;  // 0x and the like; a point in any case
  char grouping = 0;       // ',' or '_' between thousands
  std::size_t width = 0;
  int precision = -1;  // none
  char type = 0;
};

/// Width and precision beyond this are refused.
inline constexpr std::size_t kMaxFieldWidth = 100'000;
inline constexpr int kMaxPrecision = 300;

/// Digits without sign: types d i u x X o b c.
std::string int_digits(Int value, const Field& field);
/// Digits without sign: types e E f F g G %, or 0 for repr-like.
std::string real_digits(double value, const Field& field);
/// A sign for the value's sign, by the field.
std::string sign_of(bool negative, const Field& field);
/// `sign` and `body` padded to the width.
std::string padded(const std::string& sign, const std::string& body, const Field& field,
                   char default_align);

}  // namespace mod::text::jinja
