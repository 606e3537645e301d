#include "ids.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "checkpoint/quote.h"
#include "mod/error.h"

namespace mod::cli {

std::vector<std::int32_t> parse_ids(const std::string& option, const std::string& text) {
  constexpr const char* kBetween = ", \t";
  std::vector<std::int32_t> ids;
  for (std::size_t at = text.find_first_not_of(kBetween); at != std::string::npos;
       at = text.find_first_not_of(kBetween, at)) {
    const std::size_t end = std::min(text.find_first_of(kBetween, at), text.size());
    std::int32_t id = 0;
    const auto [stop, error] = std::from_chars(text.data() + at, text.data() + end, id);
    if (error != std::errc() || stop != text.data() + end) {
      throw Error(ErrorCode::kInvalidInput,
                  fmt::format("{}: {} is not a token id; write for example 1,2,3", option,
                              checkpoint::quote_name(text.substr(at, end - at))));
    }
    ids.push_back(id);
    at = end;
  }
  return ids;
}

}  // namespace mod::cli
