// Any bytes as a tokenizer.json: it is refused with an Error, or it encodes and decodes a text. The
// parts of an input stand between lines of three hyphens: tokenizer.json, tokenizer_config.json,
// text. Without a text the input itself is one, and so holds the tokens.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "mod/error.h"
#include "text/stream_decoder.h"
#include "text/tokenizer.h"

namespace {

using mod::text::StreamDecoder;
using mod::text::Tokenizer;
using Ids = std::vector<std::int32_t>;

constexpr std::size_t kMaxText = 1024;

/// Everything up to the next line of hyphens, which is taken off `rest`.
std::string_view take_part(std::string_view& rest) {
  constexpr std::string_view kLine = "\n---\n";
  const std::size_t end = std::min(rest.find(kLine), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + kLine.size(), rest.size()));
  return part;
}

void require(bool holds) {
  if (!holds) std::abort();
}

std::string decode_as_stream(const Tokenizer& tokenizer, const Ids& ids, bool skip_special) {
  StreamDecoder decoder(tokenizer, skip_special);
  std::string text;
  for (const std::int32_t id : ids) text += decoder.put(id);
  return text + decoder.finish();
}

void check(const Tokenizer& tokenizer, std::string_view text) {
  Ids ids = tokenizer.encode(text, false);
  const Ids around = tokenizer.encode(text, true);
  require(around.size() >= ids.size());
  require(std::search(around.begin(), around.end(), ids.begin(), ids.end()) != around.end() ||
          ids.empty());
  for (const std::int32_t id : ids) {
    require(id >= 0 && id < tokenizer.vocab_size() && tokenizer.id_to_token(id).has_value());
  }
  // Also in orders that no text gives, and ids that are no tokens.
  ids.insert(ids.end(), around.rbegin(), around.rend());
  ids.insert(ids.end(), {-1, 0, 1, 2, 3, tokenizer.vocab_size(), 0x7FFFFFFF});
  for (const bool skip_special : {false, true}) {
    require(decode_as_stream(tokenizer, ids, skip_special) == tokenizer.decode(ids, skip_special));
  }
  for (std::int32_t id = -1; id < std::min(tokenizer.vocab_size(), 300); ++id) {
    (void)tokenizer.token_bytes(id);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  std::string_view rest = input;
  const std::string_view json = take_part(rest), config = take_part(rest);
  const std::string_view text = rest.empty() ? input : rest;
  try {
    check(Tokenizer::parse(json, config, "input"), text.substr(0, kMaxText));
  } catch (const mod::Error&) {
  }
  return 0;
}
