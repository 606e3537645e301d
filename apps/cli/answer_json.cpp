#include "answer_json.h"

namespace mod::cli {

Json answer_json(const mix::Generation& generation) {
  Json tokens = Json::array(), ids = Json::array();
  for (const mix::WrittenToken& token : generation.tokens()) {
    ids.push_back(token.id);
    tokens.push_back({{"id", token.id}, {"text", token.text}, {"logprob", token.logprob}});
  }
  return {{"text", generation.text()},
          {"ids", std::move(ids)},
          {"prompt_tokens", generation.prompt_tokens()},
          {"generated_tokens", generation.tokens().size()},
          {"finish_reason", mix::finish_reason(generation.finish())},
          {"tokens", std::move(tokens)}};
}

}  // namespace mod::cli
