// Collects everything that is wrong with an input, so that it is reported all at once.
// Not thread-safe; one collector belongs to one planning step.
#pragma once

#include <string>
#include <vector>

namespace mod {

/// Where something stands: "recipe.yml:12:5, slices[2].sources[0].layer_range". Parts may be empty.
struct Place {
  std::string file;
  int line = 0;    // from 1; 0 = unknown
  int column = 0;  // from 1; 0 = unknown
  std::string key_path;

  std::string text() const;
};

enum class Severity { kNote, kWarning, kError };

struct Problem {
  Severity severity;
  Place place;
  std::string text;    // what is wrong
  std::string remedy;  // what to do; may be empty
};

class Problems {
 public:
  void error(Place place, std::string text, std::string remedy = {});
  void warn(Place place, std::string text, std::string remedy = {});
  void note(Place place, std::string text, std::string remedy = {});

  const std::vector<Problem>& all() const { return list_; }
  bool has_errors() const;
  std::size_t count(Severity severity) const;

  /// Turns every warning into an error (--strict).
  void make_strict();

  /// Throws one Error(kInvalidInput) that lists every error, one a line; does nothing without
  /// errors.
  void throw_if_errors() const;

  void append(const Problems& other);

 private:
  std::vector<Problem> list_;
};

/// "warning: recipe.yml:12:5, models[0]: unknown key 'wieght' (did you mean 'weight'?)"
std::string to_text(const Problem& problem);

}  // namespace mod
