// What a plain YAML scalar becomes under the YAML 1.1 rules of yaml.org/type (bool, int, float,
// null, timestamp, merge, value), as PyYAML applies them.
#pragma once

#include <optional>
#include <string_view>

#include "base/yaml.h"

namespace mod::yaml {

struct Scalar {
  Kind kind = Kind::kString;
  bool boolean = false;
  long long integer = 0;  // kInt; integers beyond 64 bits become kFloat
  double number = 0;      // kInt, kFloat, and kString that reads as a number
};

/// The value of an unquoted scalar. "<<" and "=" are for the parser: kString here.
Scalar resolve_plain(std::string_view text);

/// The value of a quoted scalar: kString.
Scalar resolve_quoted(std::string_view text);

/// A decimal number, "inf" or "nan" as a lenient schema reads it from a string ("1e-5", " 08 ").
std::optional<double> lenient_number(std::string_view text);

}  // namespace mod::yaml
