#include "eval/item_json.h"

#include "mod/error.h"

namespace mod::eval {
namespace {

using Json = nlohmann::ordered_json;

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

template <class T>
std::optional<T> optional_of(const Json& json) {
  return json.is_null() ? std::nullopt : std::optional<T>(json.get<T>());
}

void add_reply(const Reply& reply, Json& json) {
  json["response"] = reply.response;
  json["graded"] = or_null(reply.graded);
  json["correct"] = reply.correct;
  json["correct_qwen"] = or_null(reply.correct_qwen);
  json["new_tokens"] = reply.new_tokens;
  json["finish"] = reply.finish;
}

void read_reply(const Json& json, Reply& reply) {
  json.at("response").get_to(reply.response);
  reply.graded = optional_of<std::string>(json.at("graded"));
  json.at("correct").get_to(reply.correct);
  reply.correct_qwen = optional_of<bool>(json.at("correct_qwen"));
  json.at("new_tokens").get_to(reply.new_tokens);
  json.at("finish").get_to(reply.finish);
}

}  // namespace

Json to_json(const ItemResult& item) {
  Json json = {{"id", item.id}, {"question", item.question}, {"gold", item.gold}};
  add_reply(item, json);
  json["prompt_tokens"] = item.prompt_tokens;
  json["seconds"] = item.seconds;
  json["forward_passes"] = item.forward_passes;
  if (!item.more_metrics.empty()) json["metrics"] = item.more_metrics;
  for (const Reply& reply : item.more_samples) add_reply(reply, json["samples"].emplace_back());
  for (const Choice& choice : item.choices) {
    json["choices"].push_back(
        {{"text", choice.text}, {"logprob", choice.logprob}, {"is_best", choice.is_best}});
  }
  return json;
}

ItemResult item_from_json(const Json& json, const std::string& place) {
  ItemResult item;
  try {
    json.at("id").get_to(item.id);
    json.at("question").get_to(item.question);
    json.at("gold").get_to(item.gold);
    read_reply(json, item);
    json.at("prompt_tokens").get_to(item.prompt_tokens);
    json.at("seconds").get_to(item.seconds);
    json.at("forward_passes").get_to(item.forward_passes);
    if (json.contains("metrics")) json.at("metrics").get_to(item.more_metrics);
    if (json.contains("samples")) {
      for (const Json& reply : json.at("samples")) {
        read_reply(reply, item.more_samples.emplace_back());
      }
    }
    if (!json.contains("choices")) return item;
    for (const Json& choice : json.at("choices")) {
      item.choices.push_back({choice.at("text").get<std::string>(),
                              choice.at("logprob").get<double>(),
                              choice.at("is_best").get<bool>()});
    }
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorCode::kCorruptFile, place + ": not a result of an item: " + error.what());
  }
  return item;
}

}  // namespace mod::eval
