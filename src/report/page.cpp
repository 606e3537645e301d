#include "report/page.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "mod/version.h"

namespace mod::report {
namespace {

unsigned nibble(char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10); }

/// Base64 of the bytes that `hex` writes out, as content policies want a hash.
std::string base64_of_hex(std::string_view hex) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t at = 0; at < hex.size(); at += 6) {  // three bytes, four digits
    unsigned bits = 0;
    for (std::size_t i = 0; i < 6; ++i)
      bits = bits << 4 | (at + i < hex.size() ? nibble(hex[at + i]) : 0u);
    const std::size_t digits = at + 6 <= hex.size() ? 4 : (hex.size() - at) / 2 + 1;
    for (std::size_t i = 0; i < 4; ++i)
      out += i < digits ? kDigits[bits >> (18 - 6 * i) & 63] : '=';
  }
  return out;
}

std::string joined(const std::vector<std::string_view>& parts) {
  std::string out;
  for (const std::string_view part : parts) out += part;
  return out;
}

}  // namespace

std::string page_html(const Page& page) {
  const std::string script = joined(page.scripts);
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "style-src 'unsafe-inline'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<meta name=\"generator\" content=\"mod {}\">\n"
      "<title>{}</title>\n<style>\n{}</style>\n</head>\n<body>\n{}"
      "<script type=\"application/json\" id=\"data\">{}</script>\n<script>{}</script>\n"
      "</body>\n</html>\n",
      base64_of_hex(sha256_hex(script)), kVersion, escape(one_line(page.title)),
      joined(page.styles), page.body, script_json(page.data), script);
}

}  // namespace mod::report
