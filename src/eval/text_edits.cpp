#include "eval/text_edits.h"

#include <algorithm>

#include "eval/grade/extract.h"
#include "eval/grade/text.h"
#include "mod/error.h"

namespace mod::eval {
namespace {

/// Without every `open`..`close`, each up to the nearest close on the same line.
std::string drop_between(const std::string& text, char open, char close) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t start = text.find(open, at);
    if (start == std::string::npos) return out + text.substr(at);
    const std::size_t end = text.find(close, start);
    const std::size_t line = text.find('\n', start);
    if (end == std::string::npos) return out + text.substr(at);
    const bool is_whole = end < line;
    out.append(text, at, (is_whole ? start : start + 1) - at);
    at = is_whole ? end + 1 : start + 1;
  }
  return out;
}

std::string trimmed(const std::string& text) { return std::string(trim(text)); }

std::string drop_parentheses(const std::string& text) { return drop_between(text, '(', ')'); }

/// lm-evaluation-harness' clean-up of HellaSwag's WikiHow texts.
std::string hellaswag(const std::string& text) {
  const std::string titles = replace_all(trim(text), " [title]", ". ");
  return replace_all(drop_between(titles, '[', ']'), "  ", " ");
}

/// The reference answer of a worked solution, as a prediction is taken from a reply.
std::string boxed(const std::string& text) { return extract_answer(text, "math"); }

/// "B" -> "1": a letter as an index.
std::string letter_index(const std::string& text) {
  const std::string_view letter = trim(text);
  if (letter.size() != 1 || letter[0] < 'A' || letter[0] > 'Z') return text;
  return std::to_string(letter[0] - 'A');
}

struct Edit {
  std::string_view name;
  std::string (*apply)(const std::string& text);
};

constexpr Edit kEdits[] = {
    {"trim", trimmed}, {"drop-parentheses", drop_parentheses}, {"hellaswag", hellaswag},
    {"boxed", boxed},  {"letter-index", letter_index},
};

}  // namespace

std::vector<std::string_view> edit_names() {
  std::vector<std::string_view> names;
  for (const Edit& edit : kEdits) names.push_back(edit.name);
  return names;
}

std::string apply_edit(std::string_view name, const std::string& text) {
  for (const Edit& edit : kEdits) {
    if (edit.name == name) return edit.apply(text);
  }
  throw Error(ErrorCode::kInternal, "no edit '" + std::string(name) + "'");
}

}  // namespace mod::eval
