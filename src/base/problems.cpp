#include "base/problems.h"

#include <algorithm>
#include <utility>

#include "mod/error.h"

namespace mod {
namespace {

std::string_view severity_name(Severity severity) {
  switch (severity) {
    case Severity::kNote:
      return "note";
    case Severity::kWarning:
      return "warning";
    case Severity::kError:
      break;
  }
  return "error";
}

std::string body_text(const Problem& problem) {
  std::string out = problem.place.text();
  if (!out.empty()) out += ": ";
  out += problem.text;
  if (!problem.remedy.empty()) out.append("; ").append(problem.remedy);
  return out;
}

}  // namespace

std::string Place::text() const {
  std::string out = file;
  if (line > 0) {
    out += out.empty() ? "line " : ":";
    out += std::to_string(line);
    if (column > 0) out.append(1, ':').append(std::to_string(column));
  }
  if (!key_path.empty()) {
    if (!out.empty()) out += ", ";
    out += key_path;
  }
  return out;
}

void Problems::error(Place place, std::string text, std::string remedy) {
  list_.push_back({Severity::kError, std::move(place), std::move(text), std::move(remedy)});
}

void Problems::warn(Place place, std::string text, std::string remedy) {
  list_.push_back({Severity::kWarning, std::move(place), std::move(text), std::move(remedy)});
}

void Problems::note(Place place, std::string text, std::string remedy) {
  list_.push_back({Severity::kNote, std::move(place), std::move(text), std::move(remedy)});
}

bool Problems::has_errors() const { return count(Severity::kError) > 0; }

std::size_t Problems::count(Severity severity) const {
  return static_cast<std::size_t>(std::count_if(
      list_.begin(), list_.end(), [&](const Problem& p) { return p.severity == severity; }));
}

void Problems::make_strict() {
  for (Problem& p : list_) {
    if (p.severity == Severity::kWarning) p.severity = Severity::kError;
  }
}

void Problems::throw_if_errors() const {
  std::string message;
  for (const Problem& p : list_) {
    if (p.severity != Severity::kError) continue;
    if (!message.empty()) message += '\n';
    message += body_text(p);
  }
  if (!message.empty()) throw Error(ErrorCode::kInvalidInput, message);
}

void Problems::append(const Problems& other) {
  const std::vector<Problem> copy = other.list_;  // `other` may be this collector
  list_.insert(list_.end(), copy.begin(), copy.end());
}

std::string to_text(const Problem& problem) {
  return std::string(severity_name(problem.severity)) + ": " + body_text(problem);
}

}  // namespace mod
