#include "eval/grade/number_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "eval/grade/text.h"

namespace mod::eval {
namespace {

constexpr std::int64_t kHundred = 100, kThousand = 1000, kMillion = 1000000, kBillion = 1000000000;
constexpr std::int64_t kPoint = -1;
constexpr std::size_t kLongestInteger = 4300;  // Python refuses to convert more digits

constexpr std::pair<std::string_view, std::int64_t> kWords[] = {
    {"zero", 0},
    {"one", 1},
    {"two", 2},
    {"three", 3},
    {"four", 4},
    {"five", 5},
    {"six", 6},
    {"seven", 7},
    {"eight", 8},
    {"nine", 9},
    {"ten", 10},
    {"eleven", 11},
    {"twelve", 12},
    {"thirteen", 13},
    {"fourteen", 14},
    {"fifteen", 15},
    {"sixteen", 16},
    {"seventeen", 17},
    {"eighteen", 18},
    {"nineteen", 19},
    {"twenty", 20},
    {"thirty", 30},
    {"forty", 40},
    {"fifty", 50},
    {"sixty", 60},
    {"seventy", 70},
    {"eighty", 80},
    {"ninety", 90},
    {"hundred", 100},
    {"thousand", kThousand},
    {"million", kMillion},
    {"billion", kBillion},
    {"point", kPoint},
};

using Numbers = std::span<const std::int64_t>;

std::vector<std::int64_t> known_words(std::string_view text) {
  std::vector<std::int64_t> numbers;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && !is_space(character_at(text, end))) {
      end += character_at(text, end).size;
    }
    const std::string_view word = text.substr(at, end - at);
    for (const auto& [name, value] : kWords) {
      if (word == name) numbers.push_back(value);
    }
    at = end + character_at(text, end).size;
  }
  return numbers;
}

// Place of a scale word, or nothing.
std::optional<std::size_t> place(Numbers numbers, std::int64_t scale) {
  const auto found = std::find(numbers.begin(), numbers.end(), scale);
  if (found == numbers.end()) return std::nullopt;
  return static_cast<std::size_t>(found - numbers.begin());
}

std::optional<std::int64_t> group_value(Numbers n) {
  if (n.empty()) return std::nullopt;
  if (n.size() == 4) return n[0] * n[1] + n[2] + n[3];
  if (n.size() == 3) return n[0] * n[1] + n[2];
  if (n.size() == 2) {
    return n[0] == kHundred || n[1] == kHundred ? n[0] * n[1] : n[0] + n[1];
  }
  return n[0];
}

std::optional<std::int64_t> integer_value(Numbers numbers) {
  if (numbers.empty()) return 0;
  if (numbers.size() == 1) return numbers[0];
  std::int64_t sum = 0;
  std::size_t from = 0;
  for (std::int64_t scale : {kBillion, kMillion, kThousand}) {
    const auto at = place(numbers, scale);
    if (!at) continue;
    const auto group = *at < from ? std::nullopt : group_value(numbers.subspan(from, *at - from));
    // A group holds at most hundred times hundred and two more, so nothing overflows.
    if (!group) return std::nullopt;
    sum += *group * scale;
    from = *at + 1;
  }
  if (from == numbers.size()) return sum;
  return sum + group_value(numbers.subspan(from)).value_or(0);
}

double decimals_value(Numbers digits) {
  double value = 0, scale = 1;
  if (digits.size() > 300) return 0;
  for (std::int64_t digit : digits) {
    if (digit < 0 || digit > 9) return 0;
    value = value * 10 + static_cast<double>(digit);
    scale *= 10;
  }
  return value / scale;
}

std::optional<std::string> spelled(Numbers numbers) {
  for (std::int64_t once : {kThousand, kMillion, kBillion, kPoint}) {
    if (std::count(numbers.begin(), numbers.end(), once) > 1) return std::nullopt;
  }
  const auto thousand = place(numbers, kThousand), million = place(numbers, kMillion),
             billion = place(numbers, kBillion);
  if (thousand && ((million && *thousand < *million) || (billion && *thousand < *billion))) {
    return std::nullopt;
  }
  if (million && billion && *million < *billion) return std::nullopt;
  const auto point = place(numbers, kPoint);
  const auto integer = integer_value(numbers.first(point.value_or(numbers.size())));
  if (!integer) return std::nullopt;
  if (!point || *point + 1 == numbers.size()) return std::to_string(*integer);
  return fmt::format("{}",
                     static_cast<double>(*integer) + decimals_value(numbers.subspan(*point + 1)));
}

}  // namespace

std::string number_words_to_digits(std::string_view text) {
  const std::string words = lower(replace_all(text, "-", " "));
  if (!words.empty() && words.find_first_not_of("0123456789") == std::string::npos) {
    if (words.size() > kLongestInteger) return std::string(text);
    const std::size_t first = words.find_first_not_of('0');
    return first == std::string::npos ? "0" : words.substr(first);
  }
  const std::vector<std::int64_t> numbers = known_words(words);
  if (numbers.empty()) return std::string(text);
  return spelled(numbers).value_or(std::string(text));
}

}  // namespace mod::eval
