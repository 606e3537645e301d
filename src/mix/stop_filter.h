// Finds stop strings in a text that comes in pieces.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mod::mix {

/// Not thread-safe.
class StopFilter {
 public:
  /// Empty strings never match.
  explicit StopFilter(std::vector<std::string> stops);

  /// The text that is sure to come before any stop string; the rest is held back. Once a stop
  /// string is complete, the text before the first one is given and nothing more.
  std::string put(std::string_view piece);

  /// What is held back, at the end of the text.
  std::string finish();

  bool stopped() const { return stopped_; }

 private:
  std::vector<std::string> stops_;
  std::string held_;
  bool stopped_ = false;
};

}  // namespace mod::mix
