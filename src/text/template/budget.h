// What one rendering may cost. A template comes with a model, from strangers: without a bound a
// short one could run for ever or fill the memory. Not thread-safe; one budget for one rendering.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "text/template/failure.h"

namespace mod::text::jinja {

struct Limits {
  /// A step is about one evaluated node, one element of a container or eight bytes of text. Twenty
  /// million take about a second and can hold at most about 200 MB.
  std::uint64_t steps = 20'000'000;
  std::size_t text_bytes = std::size_t{64} << 20;  // of the output, and of any string on the way
};

/// Containers nested in containers, as Python lists in lists.
inline constexpr int kMaxValueDepth = 200;

class Budget {
 public:
  explicit Budget(const Limits& limits) : steps_(limits.steps), text_bytes_(limits.text_bytes) {}

  void spend(std::uint64_t steps) {
    if (steps > steps_) {
      steps_ = 0;  // nothing more runs, whoever keeps the failure for later
      exhausted();
    }
    steps_ -= steps;
  }

  /// For a string of this size that is about to be made or read through.
  void spend_text(std::size_t bytes) {
    check_text(bytes);
    spend(1 + bytes / 8);
  }

  void check_text(std::size_t bytes) const {
    if (bytes > text_bytes_) too_long();
  }

  std::size_t text_bytes() const { return text_bytes_; }

 private:
  [[noreturn]] void exhausted() const {
    fail("the template takes too many steps; it loops without end, or the input is too large");
  }
  [[noreturn]] void too_long() const {
    fail("a text longer than " + std::to_string(text_bytes_ >> 20) + " MiB");
  }

  std::uint64_t steps_;
  std::size_t text_bytes_;
};

}  // namespace mod::text::jinja
