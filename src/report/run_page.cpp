#include "report/run_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/text.h"
#include "mod_report_assets.h"
#include "report/html.h"
#include "report/hues.h"
#include "report/page.h"
#include "report/run_plot.h"

namespace mod::report {
namespace {

std::string percent(double share) {
  return std::isfinite(share) ? fmt::format("{:.1f} %", 100 * share) : std::string("\u2013");
}

std::string name_of(const RunPage& page, std::size_t expert) {
  return escape(one_line(page.experts[expert].name));
}

/// One of the experts colours the token.
bool is_led(const RunPage& page, const RunPage::Token& token) {
  return token.leader >= 0 && static_cast<std::size_t>(token.leader) < page.experts.size();
}

// ---- What a token says without JavaScript

std::string token_title(const RunPage& page, const RunPage::Token& token) {
  std::string title = escape(token_label(token.text));
  if (std::isfinite(token.logprob)) title += ": mix " + percent(std::exp(token.logprob));
  for (std::size_t e = 0; e < page.experts.size(); ++e) {
    const bool known = e < token.experts.size() && token.experts[e].evaluated;
    title += " \u00B7 " + name_of(page, e) + ' ' +
             (known ? percent(std::exp(token.experts[e].logprob)) : "not evaluated");
  }
  return title;
}

/// The token's text; a newline breaks the line and is seen as well.
std::string token_text(const RunPage::Token& token) {
  if (token.text.empty()) return "<i class=\"mark\">\u25CC</i>";
  std::string out;
  for (const char c : escape(token.text)) {
    if (c == '\n') out += "<i class=\"mark\">\u21B5</i>";
    if (c == '\t') out += "<i class=\"mark\">\u21E5</i>";
    out += c;
  }
  return out;
}

std::string heat_map(const RunPage& page) {
  std::string out = "<div class=\"answer\" dir=\"auto\" id=\"answer\">";
  for (const RunPage::Token& token : page.tokens) {
    const bool led = is_led(page, token);
    std::string classes = "t";
    if (led) classes += ' ' + hue_class(static_cast<std::size_t>(token.leader));
    if (token.changed.value_or(false)) classes += " changed";
    fmt::format_to(std::back_inserter(out), "<span class=\"{}\"", classes);
    if (led)
      fmt::format_to(std::back_inserter(out), " style=\"--s:{:.2f}\"",
                     strength(token.disagreement));
    fmt::format_to(std::back_inserter(out), " title=\"{}\">{}</span>", token_title(page, token),
                   token_text(token));
  }
  return out + "</div>\n";
}

std::string legend(const RunPage& page) {
  if (page.experts.empty()) return {};
  std::string out = "<ul class=\"legend\">";
  for (std::size_t e = 0; e < page.experts.size(); ++e) {
    fmt::format_to(std::back_inserter(out),
                   "<li><span class=\"t {}\" style=\"--s:.8\">{}</span></li>", hue_class(e),
                   name_of(page, e));
  }
  return out +
         "<li>plain: the experts agree</li><li class=\"ramp\">disagreement "
         "<i style=\"--s:.1\"></i><i style=\"--s:.4\"></i><i style=\"--s:.7\"></i>"
         "<i style=\"--s:1\"></i></li>"
         "<li><span class=\"t changed\">framed</span>: the mix chose otherwise than the "
         "heaviest expert</li></ul>\n";
}

// ---- Head and costs

void append_fact(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  fmt::format_to(std::back_inserter(out), "<div><dt>{}</dt><dd>{}</dd></div>", name,
                 escape(one_line(value)));
}

std::string head(const RunPage& page) {
  std::string facts;
  append_fact(facts, "model", page.model);
  append_fact(facts, "rule", page.rule);
  append_fact(facts, "gate", page.gate);
  append_fact(facts, "mode", page.mode);
  append_fact(facts, "sampling", page.sampling);
  return fmt::format(
      "<header><h1>{}</h1><dl class=\"facts\">{}</dl></header>\n"
      "<section><h2>Prompt</h2><div class=\"prompt\" dir=\"auto\">{}</div></section>\n",
      escape(one_line(page.title)), facts, escape(page.prompt));
}

std::string expert_row(const RunPage& page, std::size_t e) {
  const RunPage::Expert& expert = page.experts[e];
  const std::size_t led = static_cast<std::size_t>(
      std::count_if(page.tokens.begin(), page.tokens.end(),
                    [&](const RunPage::Token& t) { return t.leader == static_cast<int>(e); }));
  const double tokens = static_cast<double>(page.tokens.size());
  return fmt::format(
      "<tr><th scope=\"row\"><span class=\"t {}\" style=\"--s:.8\">{}</span></th><td "
      "class=\"path\">{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
      hue_class(e), name_of(page, e), escape(one_line(expert.model)), percent(expert.prior),
      count_text(expert.forward_passes),
      tokens > 0 ? fmt::format("{:.2f}", static_cast<double>(expert.forward_passes) / tokens)
                 : "\u2013",
      size_text(expert.weight_bytes), tokens > 0 ? percent(static_cast<double>(led) / tokens) : "");
}

std::string rate(double per_second) {
  return std::isfinite(per_second) ? fmt::format("{:.1f} tokens/s", per_second) : std::string();
}

std::string costs(const RunPage& page) {
  std::size_t known = 0, changed = 0;  // tokens of which it is known, and those where it did
  for (const RunPage::Token& token : page.tokens) {
    known += token.changed ? 1 : 0;
    changed += token.changed.value_or(false) ? 1 : 0;
  }
  std::string facts;
  append_fact(facts, "answer", fmt::format("{} tokens", count_text(page.tokens.size())));
  append_fact(facts, "speed", rate(page.tokens_per_second));
  append_fact(facts, "prompt", fmt::format("{} tokens", count_text(page.prompt_tokens)));
  append_fact(facts, "prompt speed", rate(page.prompt_tokens_per_second));
  if (page.experts.size() > 1 && known > 0) {
    append_fact(facts, "the mix changed the heaviest expert's choice",
                fmt::format("{} of the tokens ({})",
                            percent(static_cast<double>(changed) / static_cast<double>(known)),
                            count_text(changed)));
  }
  append_fact(facts, "ended by", page.finish_reason);
  std::string out = "<section><h2>Costs</h2><dl class=\"facts\">" + facts + "</dl>\n";
  if (!page.experts.empty()) {
    out +=
        "<div class=\"wide\"><table><thead><tr><th scope=\"col\">expert</th><th scope=\"col\" "
        "class=\"path\">model</th><th scope=\"col\">prior weight</th><th scope=\"col\">forward "
        "passes</th><th scope=\"col\">passes a token</th><th scope=\"col\">weights</th><th "
        "scope=\"col\">tokens led</th></tr></thead><tbody>\n";
    for (std::size_t e = 0; e < page.experts.size(); ++e) out += expert_row(page, e);
    out += "</tbody></table></div>\n";
  }
  return out + "</section>\n";
}

// ---- What the script shows of a token

Json candidates(const std::vector<RunPage::Candidate>& best) {
  Json list = Json::array();
  for (const RunPage::Candidate& candidate : best)
    list.push_back({token_label(candidate.text), candidate.id, finite_or_null(candidate.logprob)});
  return list;
}

Json token_data(const RunPage::Token& token, std::size_t experts) {
  Json data = {{"t", token_label(token.text)},
               {"id", token.id},
               {"p", finite_or_null(token.logprob)},
               {"d", finite_or_null(token.disagreement)},
               {"c", token.changed.value_or(false)},
               {"b", candidates(token.best)},
               {"e", Json::array()}};
  for (std::size_t e = 0; e < experts; ++e) {
    if (e >= token.experts.size()) {
      data["e"].push_back(Json::object());
      continue;
    }
    const RunPage::TokenExpert& expert = token.experts[e];
    Json entry = {{"w", finite_or_null(expert.weight)}};
    if (expert.evaluated) {
      entry["p"] = finite_or_null(expert.logprob);
      entry["k"] = expert.rank;
      entry["r"] = finite_or_null(expert.responsibility);
      entry["b"] = candidates(expert.best);
    }
    data["e"].push_back(std::move(entry));
  }
  return data;
}

Json page_data(const RunPage& page) {
  Json data = {{"experts", Json::array()}, {"tokens", Json::array()}};
  for (const RunPage::Expert& expert : page.experts)
    data["experts"].push_back(one_line(expert.name));
  for (const RunPage::Token& token : page.tokens)
    data["tokens"].push_back(token_data(token, page.experts.size()));
  return data;
}

}  // namespace

std::string run_page_html(const RunPage& page) {
  std::string body = "<main class=\"run\">\n" + head(page);
  body += "<section><h2>Answer</h2>\n" + legend(page) +
          "<p class=\"hint\" hidden>Point at a token or touch it<span class=\"keys\">, or go with "
          "Tab and the arrow keys; <kbd>n</kbd> and <kbd>p</kbd> jump between framed tokens, "
          "<kbd>Esc</kbd> lets go</span>.</p>\n" +
          heat_map(page) + "</section>\n";
  body += run_plot_html(page) + costs(page);
  body += "</main>\n<aside id=\"panel\" hidden aria-live=\"polite\"></aside>\n";
  return page_html({page.title, {kPageCss, kRunPageCss}, body, page_data(page), {kRunPageJs}});
}

}  // namespace mod::report
