#include "eval/graders.h"

#include "eval/grade/equal.h"
#include "eval/grade/extract.h"
#include "eval/grade/normalize.h"
#include "eval/grade/text.h"
#include "mod/error.h"

namespace mod::eval {
namespace {

constexpr auto npos = std::string_view::npos;
/// What lm-evaluation-harness compares where a pattern does not match.
constexpr std::string_view kInvalid = "[invalid]";

Verdict exact(std::string_view, const std::string& reply, const std::string& gold) {
  Verdict verdict;
  verdict.graded = boxed_text(reply);
  verdict.correct = exact_match(reply, gold);
  return verdict;
}

/// Both modes on the answer that the reference takes.
Verdict math(std::string_view dataset, const std::string& reply, const std::string& gold,
             GradeMode mode) {
  Verdict verdict;
  verdict.graded = prediction(trim(reply), dataset, gold);
  verdict.correct_qwen = answers_equal(verdict.graded, gold, GradeMode::kQwen);
  verdict.correct = mode == GradeMode::kQwen
                        ? *verdict.correct_qwen
                        : answers_equal(verdict.graded, gold, GradeMode::kStrict);
  return verdict;
}

Verdict strict(std::string_view dataset, const std::string& reply, const std::string& gold) {
  return math(dataset, reply, gold, GradeMode::kStrict);
}

Verdict qwen(std::string_view dataset, const std::string& reply, const std::string& gold) {
  return math(dataset, reply, gold, GradeMode::kQwen);
}

bool is_ascii_digit(char c) { return c >= '0' && c <= '9'; }

/// The characters of -?[0-9.,]+ at `at`; empty where it does not match.
std::string_view number_at(std::string_view text, std::size_t at) {
  std::size_t end = at + (at < text.size() && text[at] == '-' ? 1 : 0);
  const std::size_t first = end;
  while (end < text.size() && (is_ascii_digit(text[end]) || text[end] == '.' || text[end] == ',')) {
    ++end;
  }
  return end == first ? std::string_view() : text.substr(at, end - at);
}

/// The first match of `phrase` and a number behind it. With `one_more`, a character that is no line
/// feed follows: a number at the end gives its last character away.
std::string_view number_after(std::string_view text, std::string_view phrase, bool one_more) {
  for (std::size_t at = text.find(phrase); at != npos; at = text.find(phrase, at + 1)) {
    std::string_view number = number_at(text, at + phrase.size());
    if (number.empty()) continue;
    const std::size_t end = at + phrase.size() + number.size();
    if (one_more && (end == text.size() || text[end] == '\n')) {
      number.remove_suffix(1);
      if (number.empty() || number == "-") continue;
    }
    return number;
  }
  return kInvalid;
}

/// The last match of (-?[$0-9.,]{2,})|(-?[0-9]+).
std::string_view last_number(std::string_view text) {
  const auto in_class = [](char c) {
    return is_ascii_digit(c) || c == '$' || c == '.' || c == ',';
  };
  std::string_view last = kInvalid;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t first = at + (text[at] == '-' ? 1 : 0);
    std::size_t end = first;
    while (end < text.size() && in_class(text[end])) ++end;
    if (end - first < 2 && !(end - first == 1 && is_ascii_digit(text[first]))) {
      ++at;
      continue;
    }
    last = text.substr(at, end - at);
    at = end;
  }
  return last;
}

/// What lm-evaluation-harness' gsm8k ignores: commas, dollars, everything up to the last "#### ", a
/// final dot, case.
std::string without_ignored(std::string_view text) {
  std::string out = drop(drop(text, ","), "$");
  if (const std::size_t at = out.rfind("#### "); at != npos) out.erase(0, at + 5);
  if (out.ends_with(".\n")) out.erase(out.size() - 2, 1);
  if (out.ends_with('.')) out.pop_back();
  return lower(out);
}

Verdict lm_eval_gsm8k(std::string_view strict_match, const std::string& reply,
                      const std::string& gold) {
  Verdict verdict;
  const std::string wanted = without_ignored(gold);
  verdict.graded = std::string(strict_match);
  verdict.correct = without_ignored(strict_match) == wanted;
  verdict.more_metrics["flexible-extract"] = without_ignored(last_number(reply)) == wanted;
  return verdict;
}

Verdict gsm8k(std::string_view, const std::string& reply, const std::string& gold) {
  return lm_eval_gsm8k(number_after(reply, "#### ", false), reply, gold);
}

Verdict gsm8k_cot(std::string_view, const std::string& reply, const std::string& gold) {
  return lm_eval_gsm8k(number_after(reply, "The answer is ", true), reply, gold);
}

std::string trimmed_gold(std::string_view, const std::string& answer) {
  return std::string(trim(answer));
}

std::string gold_as_it_is(std::string_view, const std::string& answer) { return answer; }

/// The reference's: normalised twice, but `math` once (its edit `boxed` did so), and carp_en not.
std::string math_gold(std::string_view dataset, const std::string& answer) {
  if (dataset == "math") return answer;
  if (keeps_units(dataset)) {
    std::string gold = replace_all(answer, "\\neq", "\\ne");
    gold = replace_all(gold, "\\leq", "\\le");
    return replace_all(gold, "\\geq", "\\ge");
  }
  return normalize_answer(normalize_answer(answer));
}

struct Grader {
  std::string_view name, help;
  std::string (*gold)(std::string_view dataset, const std::string& answer);
  Verdict (*grade)(std::string_view dataset, const std::string& reply, const std::string& gold);
};

constexpr Grader kGraders[] = {
    {"exact", "the first \\boxed{..}, byte by byte", trimmed_gold, exact},
    {"strict", "the Qwen2.5-Math protocol, reading the whole answer", math_gold, strict},
    {"qwen", "the Qwen2.5-Math protocol with its flaws", math_gold, qwen},
    {"gsm8k", "lm-evaluation-harness' gsm8k: strict-match, and flexible-extract beside it",
     gold_as_it_is, gsm8k},
    {"gsm8k-cot", "the same for \"The answer is N.\"", gold_as_it_is, gsm8k_cot},
    {"choice", "the choice with the largest log-likelihood (acc; acc_norm beside it)",
     gold_as_it_is, nullptr},
};

const Grader& find(std::string_view name) {
  for (const Grader& grader : kGraders) {
    if (grader.name == name) return grader;
  }
  throw Error(ErrorCode::kInternal, "no grader '" + std::string(name) + "'");
}

}  // namespace

std::vector<std::string_view> grader_names() {
  std::vector<std::string_view> names;
  for (const Grader& grader : kGraders) names.push_back(grader.name);
  return names;
}

std::string_view grader_help(std::string_view name) { return find(name).help; }

std::string prepare_gold(std::string_view grader, std::string_view dataset,
                         const std::string& answer) {
  return find(grader).gold(dataset, answer);
}

Verdict grade_reply(std::string_view name, std::string_view dataset, const std::string& reply,
                    const std::string& gold) {
  const Grader& grader = find(name);
  if (!grader.grade) throw Error(ErrorCode::kInternal, "'choice' grades no replies");
  return grader.grade(dataset, reply, gold);
}

}  // namespace mod::eval
