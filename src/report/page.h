// The frame of a page: one file that loads nothing, in which no script runs but its own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/html.h"

namespace mod::report {

struct Page {
  std::string title;                      // as text
  std::vector<std::string_view> styles;   // CSS, one after another
  std::string body;                       // HTML, already escaped
  Json data;                              // what the scripts read (element id "data")
  std::vector<std::string_view> scripts;  // JavaScript, run as one
};

/// The content policy refuses every load and every script except the one whose SHA-256 it names, so
/// that not even a mistake in escaping would run a stranger's code.
std::string page_html(const Page& page);

}  // namespace mod::report
