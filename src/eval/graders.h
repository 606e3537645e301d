// How a reply becomes a verdict. A new grader is a function and a line in graders.cpp.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mod::eval {

struct Verdict {
  std::optional<std::string> graded;  // what was taken from the reply
  bool correct = false;
  std::optional<bool> correct_qwen;
  std::map<std::string, bool> more_metrics;
};

/// "exact", "strict", "qwen", "gsm8k", "gsm8k-cot", "choice" (the last by log-likelihood, without
/// replies).
std::vector<std::string_view> grader_names();
/// One line about a grader of grader_names().
std::string_view grader_help(std::string_view name);

/// The gold as it is compared, from the answer of the data.
std::string prepare_gold(std::string_view grader, std::string_view dataset,
                         const std::string& answer);

/// `gold` went through prepare_gold. Bounded time. Error(kInternal) for a name that grades no
/// replies.
Verdict grade_reply(std::string_view grader, std::string_view dataset, const std::string& reply,
                    const std::string& gold);

}  // namespace mod::eval
