#include "report/eval_compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <set>
#include <unordered_map>

#include "eval/stats/stats.h"
#include "mod/error.h"
#include "report/eval_table.h"
#include "report/eval_text.h"
#include "report/text_table.h"

namespace mod::report {
namespace {

struct Entry {
  std::string model, kind, task;
  double accuracy = 0, error = 0;
  std::unordered_map<std::string, bool> items;  // id -> right
};

/// Reads entries, and knows where it stands for messages.
class Reader {
 public:
  explicit Reader(const std::string& file) : file_(file) {}

  std::vector<Entry> read(const Json& value) const {
    if (!value.is_object() || !value.contains("results") || !value["results"].is_array())
      fail("", "no list 'results': this is not what `mod eval --json` writes");
    std::vector<Entry> entries;
    std::set<std::pair<std::string, std::string>> seen;
    for (std::size_t i = 0; i < value["results"].size(); ++i) {
      const std::string at = fmt::format("results[{}]", i);
      entries.push_back(entry(value["results"][i], at));
      if (!seen.insert({entries.back().model, entries.back().task}).second)
        fail(at, "the same model and task stand twice");
    }
    return entries;
  }

 private:
  [[noreturn]] void fail(const std::string& at, const std::string& what) const {
    throw Error(ErrorCode::kCorruptFile, file_ + ": " + at + (at.empty() ? "" : ": ") + what);
  }

  std::string string(const Json& object, const char* key, const std::string& at) const {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_string()) fail(at, fmt::format("no text '{}'", key));
    return found->get<std::string>();
  }

  double share(const Json& object, const char* key, const std::string& at, bool needed) const {
    const auto found = object.find(key);
    if (found == object.end() && !needed) return 0;
    if (found == object.end() || !found->is_number()) fail(at, fmt::format("no number '{}'", key));
    const double number = found->get<double>();
    if (!(number >= 0 && number <= 1)) fail(at, fmt::format("'{}' is not between 0 and 1", key));
    return number;
  }

  Entry entry(const Json& value, const std::string& at) const {
    if (!value.is_object()) fail(at, "not an object");
    Entry out{string(value, "model", at), string(value, "kind", at), string(value, "task", at),
              share(value, "accuracy", at, true), share(value, "stderr", at, false)};
    const auto items = value.find("items");
    if (items == value.end()) return out;
    if (!items->is_array()) fail(at, "'items' is not a list");
    for (std::size_t i = 0; i < items->size(); ++i) {
      const Json& item = (*items)[i];
      const std::string place = fmt::format("{}.items[{}]", at, i);
      if (!item.is_object()) fail(place, "not an object");
      const auto correct = item.find("correct");
      if (correct == item.end() || !correct->is_boolean()) fail(place, "no truth value 'correct'");
      if (!out.items.emplace(string(item, "id", place), correct->get<bool>()).second)
        fail(place, "the id stands twice");
    }
    return out;
  }

  const std::string& file_;
};

/// The only model that is not the oracle; empty if there are several.
std::string only_model(const std::vector<Entry>& entries) {
  std::set<std::string> models;
  for (const Entry& entry : entries) {
    if (entry.kind != "oracle") models.insert(entry.model);
  }
  return models.size() == 1 ? *models.begin() : std::string();
}

void test_paired(ComparedScore& out, const Entry& a, const Entry& b) {
  for (const auto& [id, right] : a.items) {
    const auto found = b.items.find(id);
    if (found == b.items.end()) continue;
    ++out.n;
    out.only_a += right && !found->second ? 1 : 0;
    out.only_b += !right && found->second ? 1 : 0;
  }
  if (out.n == 0) return;
  out.paired = true;
  out.difference = (static_cast<double>(out.only_b) - static_cast<double>(out.only_a)) /
                   static_cast<double>(out.n);
  out.p = eval::mcnemar_p(out.only_a, out.only_b);
}

ComparedScore compared(const Entry& a, const Entry& b) {
  ComparedScore out{.model_a = a.model, .model_b = b.model, .kind = a.kind, .task = a.task};
  out.a = a.accuracy;
  out.b = b.accuracy;
  out.error_a = a.error;
  out.error_b = b.error;
  test_paired(out, a, b);
  if (out.paired) return out;
  out.difference = b.accuracy - a.accuracy;
  const double error = std::hypot(a.error, b.error);
  if (error > 0) {
    out.p = std::erfc(std::abs(out.difference) / error / std::numbers::sqrt2);
  } else {
    out.p = out.difference == 0 ? 1 : 0;
  }
  return out;
}

std::string name_of(const Entry& entry) { return entry.model + ", " + entry.task; }

std::vector<std::string> cells_of(const ComparedScore& score) {
  const std::string model =
      score.model_a == score.model_b ? score.model_a : score.model_a + " \u2192 " + score.model_b;
  return {shortened(one_line(model), 48),
          one_line(score.task),
          fmt::format("{:.1f} \u00B1 {:.1f}", 100 * score.a, 100 * score.error_a),
          fmt::format("{:.1f} \u00B1 {:.1f}", 100 * score.b, 100 * score.error_b),
          fmt::format("{}{:+.1f}", score.p >= kNoiseP ? "\u2248 " : "", 100 * score.difference),
          p_text(score.p),
          score.paired ? fmt::format("{} / {} of {}", score.only_a, score.only_b, score.n)
                       : std::string("not paired")};
}

}  // namespace

Comparison compare_results(const Json& a, const Json& b, const std::string& name_a,
                           const std::string& name_b) {
  const std::vector<Entry> ours = Reader(name_a).read(a), theirs = Reader(name_b).read(b);
  const std::string only_ours = only_model(ours), only_theirs = only_model(theirs);
  const bool by_task = !only_ours.empty() && !only_theirs.empty();
  std::map<std::pair<std::string, std::string>, const Entry*> open;
  for (const Entry& entry : theirs) open[{entry.model, entry.task}] = &entry;
  Comparison out;
  for (const Entry& entry : ours) {
    const bool renamed = by_task && entry.model == only_ours;
    const auto found = open.find({renamed ? only_theirs : entry.model, entry.task});
    if (found == open.end()) {
      out.only_a.push_back(name_of(entry));
    } else {
      out.scores.push_back(compared(entry, *found->second));
      open.erase(found);
    }
  }
  for (const Entry& entry : theirs) {
    if (open.contains({entry.model, entry.task})) out.only_b.push_back(name_of(entry));
  }
  if (out.scores.empty())
    throw Error(
        ErrorCode::kInvalidInput,
        name_a + " and " + name_b +
            ": no model has answered the same task in both; evaluate the same models, or one "
            "model in each file");
  return out;
}

std::string comparison_text(const Comparison& comparison) {
  std::vector<std::vector<std::string>> lines = {
      {"model", "task", "A", "B", "B - A", "p", "right in A / B alone"}};
  for (const ComparedScore& score : comparison.scores) lines.push_back(cells_of(score));
  std::string out = lined_up(lines, 2);
  out += fmt::format(
      "\nPer cent. p: exact McNemar over common items; where not paired, of the normal "
      "distribution. \u2248: within noise (p of {} or more).\n",
      kNoiseP);
  for (const std::string& name : comparison.only_a) out += "only in A: " + one_line(name) + '\n';
  for (const std::string& name : comparison.only_b) out += "only in B: " + one_line(name) + '\n';
  return out;
}

Json comparison_json(const Comparison& comparison) {
  Json out = {{"scores", Json::array()}, {"only_a", Json::array()}, {"only_b", Json::array()}};
  for (const ComparedScore& s : comparison.scores) {
    Json entry = {{"model_a", clean(s.model_a)},
                  {"model_b", clean(s.model_b)},
                  {"kind", clean(s.kind)},
                  {"task", clean(s.task)},
                  {"a", s.a},
                  {"b", s.b},
                  {"stderr_a", s.error_a},
                  {"stderr_b", s.error_b},
                  {"difference", s.difference},
                  {"p", s.p},
                  {"paired", s.paired},
                  {"within_noise", s.p >= kNoiseP}};
    if (s.paired) {
      entry["n"] = s.n;
      entry["only_a"] = s.only_a;
      entry["only_b"] = s.only_b;
    }
    out["scores"].push_back(std::move(entry));
  }
  for (const std::string& name : comparison.only_a) out["only_a"].push_back(clean(name));
  for (const std::string& name : comparison.only_b) out["only_b"].push_back(clean(name));
  return out;
}

}  // namespace mod::report
