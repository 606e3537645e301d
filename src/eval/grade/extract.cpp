#include "eval/grade/extract.h"

#include <algorithm>

#include "eval/grade/normalize.h"
#include "eval/grade/text.h"

namespace mod::eval {
namespace {

constexpr auto npos = std::string_view::npos;
constexpr std::string_view kCyrillic = "\u043a\u0438";
constexpr std::string_view kChinese = "\u7b54\u6848\u662f";

std::optional<std::string_view> after_last(std::string_view text, std::string_view phrase) {
  const std::size_t at = text.rfind(phrase);
  if (at == npos) return std::nullopt;
  return text.substr(at + phrase.size());
}

// The text before the brace that closes the one before `text`; nothing if it is never closed.
std::optional<std::string_view> until_closed(std::string_view text) {
  std::size_t depth = 1;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '{') ++depth;
    if (text[at] == '}' && --depth == 0) return text.substr(0, at);
  }
  return std::nullopt;
}

// The last match of -?\d*\.?\d+.
std::string last_number(std::string_view reply) {
  const std::string text = drop(reply, ",");
  const auto digits_end = [&text](std::size_t at) {
    while (is_digit(character_at(text, at))) at += character_at(text, at).size;
    return at;
  };
  std::size_t first = 0, last = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t start = at + (text[at] == '-' ? 1 : 0);
    const std::size_t whole = digits_end(start);
    std::size_t end = whole;
    if (whole < text.size() && text[whole] == '.' && digits_end(whole + 1) > whole + 1) {
      end = digits_end(whole + 1);
    }
    if (end == start) {
      ++at;
      continue;
    }
    first = at;
    last = at = end;
  }
  return text.substr(first, last - first);
}

std::string_view chinese_answer(std::string_view text) {
  std::string_view rest = text.substr(text.find(kChinese) + kChinese.size());
  rest = trim(rest.substr(0, rest.find(kChinese)));
  return trim(rest.substr(0, rest.find("\n\n")));
}

std::string raw_answer(std::string_view text) {
  constexpr std::string_view kOpen = "final answer is $", kClose = "$. I hope";
  if (contains(text, kOpen) && contains(text, kClose)) {
    const std::string_view rest = text.substr(text.find(kOpen) + kOpen.size());
    return std::string(trim(rest.substr(0, rest.find(kClose))));
  }
  if (const auto rest = after_last(text, "boxed")) {
    if (!rest->starts_with('{')) return std::string(trim(rest->substr(0, rest->find('$'))));
    return std::string(until_closed(rest->substr(1)).value_or(rest->substr(1)));
  }
  for (std::string_view phrase : {"he answer is", "final answer is"}) {
    if (const auto rest = after_last(text, phrase)) return std::string(trim(*rest));
  }
  if (contains(text, kChinese)) return std::string(chinese_answer(text));
  return last_number(text);
}

// Every line break goes with the white space after it.
std::string join_lines(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '\n') {
      out += text[at++];
      continue;
    }
    while (is_space(character_at(text, at))) at += character_at(text, at).size;
  }
  return out;
}

// The first or the last letter A-E, in either case, that stands alone; 0 without one.
char lone_letter(std::string_view text, bool first) {
  char found = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char upper = static_cast<char>(text[at] >= 'a' ? text[at] - 32 : text[at]);
    if (upper < 'A' || upper > 'E') continue;
    if (is_word(character_before(text, at)) || is_word(character_at(text, at + 1))) continue;
    found = upper;
    if (first) break;
  }
  return found;
}

std::string choice_of(std::string_view text, bool first) {
  text = trim_right(trim_right(trim(text, "\n"), "."), "/");
  text = trim_left(trim(text, " "), ":");
  if (const char letter = lone_letter(text, first)) return std::string(1, letter);
  return std::string(trim_right(trim_right(trim(trim(text), "."), "."), "/"));
}

bool is_letters(std::string_view text) noexcept { return text.find_first_not_of("ABCDE") == npos; }

}  // namespace

bool is_multiple_choice_set(std::string_view dataset) noexcept {
  return dataset == "mmlu_stem" || dataset == "sat_math" || dataset == "aqua";
}

bool keeps_units(std::string_view dataset) noexcept {
  return dataset == "carp_en" || dataset == "minerva_math";
}

bool is_choice_letter(std::string_view text) noexcept {
  return text.size() == 1 && is_letters(text);
}

std::string clean_choice(std::string_view reply) {
  constexpr std::string_view kChoice = "choice is", kAnswer = "answer is";
  std::string_view text = trim(reply, "\n");
  if (count(text, kChoice) > 1 || count(text, kAnswer) > 1)
    text = text.substr(0, text.find("\n\n"));
  const std::size_t choice = text.rfind(kChoice), answer = text.rfind(kAnswer);
  const bool phrase = choice != npos || answer != npos;
  if (phrase) {
    const std::size_t after_choice = choice == npos ? 0 : choice + kChoice.size();
    const std::size_t after_answer = answer == npos ? 0 : answer + kAnswer.size();
    text = text.substr(std::max(after_choice, after_answer));
  }
  return choice_of(text, phrase);
}

std::string clean_short_choice(std::string_view answer) { return choice_of(answer, false); }

std::string extract_answer(std::string_view reply, std::string_view dataset) {
  const std::string text = drop(reply, kCyrillic);
  if (is_multiple_choice_set(dataset)) return clean_choice(text);
  std::string answer = join_lines(raw_answer(text));
  if (answer.starts_with(':')) answer.erase(0, 1);
  if (answer.ends_with('.')) answer.pop_back();
  if (answer.ends_with('/')) answer.pop_back();
  return normalize_answer(answer, keeps_units(dataset));
}

std::optional<std::string> prediction(std::string_view reply, std::string_view dataset) {
  if (reply.empty() || reply == "error") return std::nullopt;
  return normalize_answer(extract_answer(reply, dataset), keeps_units(dataset));
}

std::optional<std::string> prediction(std::string_view reply, std::string_view dataset,
                                      std::string_view gold) {
  std::optional<std::string> answer = prediction(reply, dataset);
  if (!answer) return answer;
  if (is_choice_letter(gold)) {
    if (!is_choice_letter(*answer)) answer = clean_choice(reply);
  } else if (is_letters(gold) && !is_letters(*answer)) {
    std::erase_if(*answer, [](char c) { return c < 'A' || c > 'E'; });
  }
  return answer;
}

std::optional<std::string> boxed_text(std::string_view reply) {
  constexpr std::string_view kBox = "\\boxed{";
  const std::size_t at = reply.find(kBox);
  if (at == npos) return std::nullopt;
  const auto inside = until_closed(reply.substr(at + kBox.size()));
  if (!inside) return std::nullopt;
  return std::string(trim(*inside));
}

bool exact_match(std::string_view reply, std::string_view gold) {
  const auto answer = boxed_text(reply);
  return answer && *answer == trim(gold);
}

}  // namespace mod::eval
