#include "report/eval_page.h"

#include <fmt/format.h>

#include <iterator>
#include <map>
#include <tuple>
#include <unordered_map>

#include "base/text.h"
#include "mod_report_assets.h"
#include "report/eval_charts.h"
#include "report/eval_text.h"
#include "report/html.h"
#include "report/page.h"

namespace mod::report {
namespace {

// ---- The table

std::string score_cell(const std::optional<Score>& score) {
  if (!score) return "<td>\u2013</td>";
  std::string below;
  if (score->is_best_parent) {
    below = "<small>best parent</small>";
  } else if (score->difference) {
    const Difference& difference = *score->difference;
    const char* verdict = difference.is_noise() ? "noise" : difference.value > 0 ? "up" : "down";
    below = fmt::format(
        "<small class=\"{}\" title=\"against {}: {} items right here alone, {} there alone, of "
        "{}\">{}</small>",
        verdict, escape(one_line(difference.against)), difference.only_this, difference.only_other,
        difference.n, escape(difference_text(difference)));
  }
  return "<td>" + score_text(*score) + below + "</td>";
}

std::string table_row(const EvalTable& table, const TableRow& row) {
  std::string out = fmt::format(
      "<tr><th scope=\"row\" title=\"{}\">{}</th><td class=\"path\"><span class=\"kind "
      "{}\">{}</span>{}</td>",
      escape(one_line(row.model)), escape(one_line(row.label)), kind_class(row), kind_text(row),
      row.is_added ? " <small>added</small>" : "");
  for (const std::optional<Score>& score : row.scores) out += score_cell(score);
  if (table.has_mean()) out += score_cell(row.mean);
  fmt::format_to(std::back_inserter(out), "<td>{}</td><td>{}</td><td>{}</td></tr>\n",
                 row.tokens_per_second ? fmt::format("{:.0f}", *row.tokens_per_second) : "",
                 row.passes_per_token ? fmt::format("{:.2f}", *row.passes_per_token) : "",
                 row.memory_bytes > 0 ? size_text(row.memory_bytes) : "");
  return out;
}

std::string notes_html(const EvalTable& table) {
  std::string out = "<ul class=\"note\">", line;
  for (const char c : table_notes(table)) {
    if (c != '\n') {
      line += c;
      continue;
    }
    out += "<li>" + escape(line) + "</li>";
    line.clear();
  }
  return out + "</ul>\n";
}

std::string table_html(const EvalTable& table) {
  std::string out =
      "<section><h2>Table</h2>\n<div class=\"wide\"><table class=\"scores\"><thead><tr><th "
      "scope=\"col\">model</th><th scope=\"col\" class=\"path\">kind</th>";
  for (const std::string& task : table.tasks)
    out += "<th scope=\"col\">" + escape(one_line(task)) + "</th>";
  if (table.has_mean()) out += "<th scope=\"col\">mean</th>";
  out +=
      "<th scope=\"col\">tokens/s</th><th scope=\"col\">passes a token</th><th "
      "scope=\"col\">memory</th></tr></thead><tbody>\n";
  for (const TableRow& row : table.rows) out += table_row(table, row);
  return out + "</tbody></table></div>\n" + notes_html(table) + "</section>\n";
}

std::string head_html(const eval::Results& results, const EvalPage& page) {
  std::string facts;
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty())
      fmt::format_to(std::back_inserter(facts), "<div><dt>{}</dt><dd>{}</dd></div>", name,
                     escape(one_line(value)));
  };
  add("date", results.date);
  add("mod", results.version);
  add("seed", fmt::format("{}", results.seed));
  if (results.samples > 1) add("samples an item", fmt::format("{}", results.samples));
  return fmt::format("<header><h1>{}</h1><dl class=\"facts\">{}</dl>{}</header>\n",
                     escape(one_line(page.title)), facts,
                     page.note.empty() ? "" : "<p>" + escape(page.note) + "</p>");
}

// ---- The items, for the script

/// Models often give the very same reply: it is stored once an item.
using ReplyKey = std::tuple<std::string, std::optional<std::string>, bool, std::optional<bool>>;

struct PageItem {
  std::size_t task = 0;
  const eval::ItemResult* first = nullptr;
  std::map<ReplyKey, int> places;
  Json replies = Json::array();
  std::vector<int> by_model;  // place of its reply; -1: not answered
};

Json reply_json(const eval::ItemResult& item) {
  // [graded or null, right, response, right by the other grader or null]
  Json reply = {item.graded ? Json(clean(*item.graded)) : Json(), item.correct ? 1 : 0,
                clean(item.response)};
  reply.push_back(item.correct_qwen ? Json(*item.correct_qwen ? 1 : 0) : Json());
  return reply;
}

/// Items of one task in the order of their first row.
std::vector<PageItem> items_of(const std::vector<const TableRow*>& rows, const std::string& task) {
  std::vector<PageItem> items;
  std::unordered_map<std::string_view, std::size_t> places;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const eval::Cell* cell = rows[r]->source->find(task);
    if (cell == nullptr) continue;
    for (const eval::ItemResult& item : cell->items) {
      const std::size_t place = places.try_emplace(item.id, items.size()).first->second;
      if (place == items.size()) {
        items.emplace_back();
        items.back().first = &item;
        items.back().by_model.assign(rows.size(), -1);
      }
      PageItem& out = items[place];
      const auto [found, fresh] =
          out.places.try_emplace({item.response, item.graded, item.correct, item.correct_qwen},
                                 static_cast<int>(out.places.size()));
      if (fresh) out.replies.push_back(reply_json(item));
      out.by_model[r] = found->second;
    }
  }
  return items;
}

Json items_data(const EvalTable& table) {
  Json data = {{"tasks", Json::array()}, {"models", Json::array()}, {"items", Json::array()}};
  std::vector<const TableRow*> rows;
  for (const TableRow& row : table.rows) {
    if (row.kind == eval::RowKind::kOracle) continue;  // its replies are the models'
    rows.push_back(&row);
    data["models"].push_back({one_line(row.label), kind_class(row)});
  }
  for (std::size_t t = 0; t < table.tasks.size(); ++t) {
    data["tasks"].push_back(one_line(table.tasks[t]));
    for (PageItem& item : items_of(rows, table.tasks[t])) {
      data["items"].push_back({t, one_line(item.first->id), clean(item.first->question),
                               clean(item.first->gold), std::move(item.replies), item.by_model});
    }
  }
  return data;
}

constexpr std::string_view kItems =
    "<section id=\"items\"><h2>Items</h2>\n<noscript><p>The list of items needs "
    "JavaScript.</p></noscript>\n<form id=\"filter\" hidden>"
    "<label>task <select id=\"task\"><option value=\"\">all</option></select></label>"
    "<label>show <select id=\"show\"><option value=\"verdicts\">where verdicts "
    "differ</option><option value=\"answers\">where answers differ</option><option "
    "value=\"all\">all items</option><option value=\"none\">where all are wrong</option><option "
    "value=\"every\">where all are right</option></select></label>"
    "<label>right <select id=\"right\"><option value=\"\">any model</option></select></label>"
    "<label>wrong <select id=\"wrong\"><option value=\"\">any model</option></select></label>"
    "<label>search <input id=\"search\" type=\"search\"></label>"
    "<details class=\"models\"><summary>models</summary><div id=\"models\"></div></details>"
    "</form>\n<p id=\"count\" role=\"status\"></p>\n<div id=\"list\"></div>\n"
    "<button id=\"more\" type=\"button\" hidden>Show more</button></section>\n";

}  // namespace

std::string eval_page_html(const eval::Results& results, const EvalPage& page) {
  const EvalTable table = eval_table(results);
  std::string body = "<main class=\"eval\">\n" + head_html(results, page) + table_html(table) +
                     bars_html(table) + agreement_html(table, results.likeness);
  body += std::string(kItems) + "</main>\n";
  return page_html({page.title, {kPageCss, kEvalPageCss}, body, items_data(table), {kEvalPageJs}});
}

}  // namespace mod::report
