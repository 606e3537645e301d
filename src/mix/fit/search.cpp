#include "mix/fit/search.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "mod/error.h"

namespace mod::mix {
namespace {

constexpr double kWorst = -std::numeric_limits<double>::infinity();

/// Counts evaluations and keeps the best one.
class Tried {
 public:
  Tried(const std::function<double(double)>& objective, double low)
      : objective_(objective), best_{low, kWorst, 0} {}

  double operator()(double x) {
    ++best_.evaluations;
    const double value = objective_(x);
    if (value > best_.value) best_.at = x, best_.value = value;
    return std::isnan(value) ? kWorst : value;
  }
  const SearchResult& best() const { return best_; }

 private:
  const std::function<double(double)>& objective_;
  SearchResult best_;
};

}  // namespace

SearchResult maximise(const std::function<double(double)>& objective,
                      const SearchOptions& options) {
  const double low = options.low, high = options.high;
  if (!(low < high) || std::isinf(low) || std::isinf(high) || (options.logarithmic && !(low > 0))) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("no interval to search: {} to {}", low, high));
  }
  const auto to = [&](double x) { return options.logarithmic ? std::log(x) : x; };
  const auto from = [&](double u) { return options.logarithmic ? std::exp(u) : u; };
  const int points = std::max(3, options.grid);
  const double width = (to(high) - to(low)) / (points - 1);
  Tried tried(objective, low);
  int best = 0;
  for (int i = 0; i < points; ++i) {
    const double before = tried.best().value;
    // The ends exactly, not through exp(log x).
    tried(i == 0 ? low : i == points - 1 ? high : from(to(low) + width * i));
    if (tried.best().value > before) best = i;
  }
  if (tried.best().value == kWorst) return tried.best();
  double a = to(low) + width * std::max(0, best - 1);
  double b = to(low) + width * std::min(points - 1, best + 1);
  constexpr double kGolden = 0.6180339887498949;
  double c = b - kGolden * (b - a), d = a + kGolden * (b - a);
  double at_c = tried(from(c)), at_d = tried(from(d));
  while (b - a > options.tolerance) {
    if (at_c >= at_d) {
      b = d, d = c, at_d = at_c;
      c = b - kGolden * (b - a);
      if (c >= d) break;  // the interval is as fine as numbers are
      at_c = tried(from(c));
    } else {
      a = c, c = d, at_c = at_d;
      d = a + kGolden * (b - a);
      if (d <= c) break;
      at_d = tried(from(d));
    }
  }
  return tried.best();
}

}  // namespace mod::mix
