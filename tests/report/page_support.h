// A strict reader of the pages that we write: it finds what a browser would quietly mend.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "report/html.h"

namespace mod::report {

inline std::string_view between(std::string_view text, std::string_view open,
                                std::string_view close) {
  const std::size_t from = text.find(open);
  if (from == std::string_view::npos) return {};
  const std::size_t to = text.find(close, from + open.size());
  return text.substr(from + open.size(),
                     to == std::string_view::npos ? to : to - from - open.size());
}

/// What the page's scripts read.
inline Json page_data_of(std::string_view page) {
  return Json::parse(between(page, "id=\"data\">", "</script>"));
}

/// Checks the tags from `at` and their nesting; empty where all is well.
inline std::string nesting_problem(std::string_view page) {
  const std::set<std::string, std::less<>> empty = {"meta", "path", "rect", "line",
                                                    "br",   "hr",   "input"};
  std::vector<std::string> open;
  for (std::size_t at = page.find('<'); at != std::string_view::npos; at = page.find('<', at + 1)) {
    if (page.substr(at, 2) == "<!") continue;
    const bool closes = page[at + 1] == '/';
    const std::size_t from = at + (closes ? 2 : 1);
    const std::size_t to = page.find_first_of(" >/", from);
    const std::string name(page.substr(from, to - from));
    if (name.empty() ||
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") != std::string::npos)
      return "a stray '<' at byte " + std::to_string(at);
    bool quoted = false;
    std::size_t end = to;
    while (end < page.size() && (quoted || page[end] != '>')) quoted ^= page[end++] == '"';
    if (closes) {
      if (open.empty() || open.back() != name)
        return "</" + name + "> at byte " + std::to_string(at);
      open.pop_back();
    } else if (!empty.contains(name)) {
      open.push_back(name);
    }
    at = end;
    if (!closes && (name == "script" || name == "style")) at = page.find("</" + name, at) - 1;
  }
  return open.empty() ? "" : "<" + open.back() + "> is not closed";
}

/// Everything that is wrong with a page; empty where nothing is.
inline std::string page_problems(std::string_view page) {
  if (!is_valid_utf8(page)) return "not UTF-8";
  if (!page.starts_with("<!doctype html>\n")) return "no doctype";
  for (const char c : page) {
    if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t')
      return "a control character";
  }
  for (const char* word : {"http:", "https:", "src=", "href=\"//", "@import", "url(", "fetch(",
                           "XMLHttpRequest", "innerHTML", "eval("}) {
    if (page.find(word) != std::string_view::npos) return std::string("it holds ") + word;
  }
  if (page.find("default-src 'none'") == std::string_view::npos) return "no content policy";
  return nesting_problem(page);
}

}  // namespace mod::report
