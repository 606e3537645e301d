#include "base/log_problems.h"

namespace mod {

void log_problems(const Problems& problems, Log& log) {
  for (const Problem& problem : problems.all()) {
    if (problem.severity == Severity::kError) continue;
    const std::string place = problem.place.text();
    std::string text = place.empty() ? problem.text : place + ": " + problem.text;
    if (!problem.remedy.empty()) text += " (" + problem.remedy + ")";
    if (problem.severity == Severity::kNote) {
      log.info("note: " + text);
    } else {
      log.warn(text);
    }
  }
}

}  // namespace mod
