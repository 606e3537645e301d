// YAML as mod.cpp accepts it: yaml-cpp's event parser under an own strict layer. YAML 1.1 scalar
// rules (recipes are written for PyYAML), line and column on every node, duplicates kept for
// reporting, and bounds on size, depth and alias expansion, because recipes are untrusted input.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/problems.h"

namespace mod::yaml {

enum class Kind { kNull, kBool, kInt, kFloat, kString, kDate, kSequence, kMap };

struct Node {
  Kind kind = Kind::kNull;
  std::string text;     // the scalar as written (unquoted)
  bool quoted = false;  // a quoted or block scalar: always kString
  bool boolean = false;
  long long integer = 0;
  double number = 0;        // kInt, kFloat, and kString that reads as a number (see as_number)
  std::vector<Node> items;  // kSequence
  std::vector<std::pair<std::string, Node>> entries;  // kMap, in order, last duplicate wins
  std::vector<std::string> duplicates;                // keys of this map that were written twice
  Place place;                                        // file, line, column and key path

  Node();  // defined in yaml.cpp: clang needs `entries` complete for an implicit one

  const Node* find(std::string_view key) const;
  bool is_null() const { return kind == Kind::kNull; }
  bool is_scalar() const { return kind != Kind::kSequence && kind != Kind::kMap; }
  /// Number, boolean (1/0) or a string that reads as a number ("1e-5"), as mergekit coerces them.
  std::optional<double> as_number() const;
  /// "a map", "a list", "the string 'x'": for messages.
  std::string describe() const;
};

struct Limits {
  std::size_t bytes = 16u << 20;
  int depth = 64;
  std::size_t nodes = 1u << 20;  // after alias expansion
};

/// Parses one or several documents. Throws Error(kInvalidInput) with file, line and column.
/// `file` is used in messages only.
std::vector<Node> parse(std::string_view text, const std::string& file, const Limits& limits = {});

/// As parse, for a file of exactly one document.
Node parse_one(std::string_view text, const std::string& file, const Limits& limits = {});

/// Sets `path` ("parameters.lambda", "models[0].parameters.weight") to the YAML `value` (for
/// --set). Creates maps on the way. Throws Error(kInvalidInput) where the path does not fit.
void set_path(Node& root, std::string_view path, std::string_view value);

/// The document as block YAML text; parse(dump(n)) equals n.
std::string dump(const Node& node);

}  // namespace mod::yaml
