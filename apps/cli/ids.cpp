#include "ids.h"

#include <fmt/format.h>

#include <charconv>

#include "checkpoint/quote.h"
#include "mod/error.h"

namespace mod::cli {

std::vector<std::int32_t> parse_ids(const std::string& option, const std::string& text) {
  std::vector<std::int32_t> ids;
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto skip = [&] {
    while (at < end && (*at == ',' || *at == ' ')) ++at;
  };
  for (skip(); at < end; skip()) {
    std::int32_t id = 0;
    const auto [next, error] = std::from_chars(at, end, id);
    if (error != std::errc() || (next < end && *next != ',' && *next != ' ')) {
      throw Error(ErrorCode::kInvalidInput,
                  fmt::format("{}: '{}' is not a list of token ids; write for example 1,2,3",
                              option, text));
    }
    ids.push_back(id);
    at = next;
  }
  return ids;
}

}  // namespace mod::cli
