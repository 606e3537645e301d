// What the tables of rules and gates share: parameters with their limits, and which ways of
// decoding they permit. The tables drive the reading of mixture files, --help and docs/mixing.md.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mod::mix {

/// A number that a rule or gate takes.
struct Parameter {
  std::string_view name;
  double value;        // where none is written
  double least, most;  // limits, inclusive
  std::string_view help;
  bool infinite = false;     // -inf and inf are permitted too
  bool above_least = false;  // `least` itself is not permitted
};

/// Whether a mode is permitted; the reason where it is not, as the end of "refused: ".
struct Permission {
  bool allowed = true;
  std::string_view reason = {};
};

/// The modes besides `exact`, which every rule and every gate permits.
struct Modes {
  Permission draw, certified, lazy;
};

/// What is wrong with this value, naming the parameter and its limits; empty if nothing is.
std::string problem_of(const Parameter& parameter, double value);
/// The limits for people: "0 to 1", "above 0, at most 100", "-1000 to 1000, -inf or inf".
std::string limits_of(const Parameter& parameter);
/// The values where none are written, in order of the table.
std::vector<double> default_values(std::span<const Parameter> parameters);
/// Place in the table; -1 if the name is unknown.
int find_parameter(std::span<const Parameter> parameters, std::string_view name);

}  // namespace mod::mix
