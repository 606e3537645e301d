#include "text/tokenizer_config.h"

#include <algorithm>
#include <utility>

#include "text/config_node.h"

namespace mod::text {
namespace {

/// A token is written as a string or as an object with its content and flags.
AddedToken read_token(const ConfigNode& node) {
  AddedToken token;
  token.special = true;
  if (node.is_string()) {
    token.content = node.string();
    return token;
  }
  token.content = node.at("content").string();
  token.lstrip = node.boolean_or("lstrip", false);
  token.rstrip = node.boolean_or("rstrip", false);
  token.single_word = node.boolean_or("single_word", false);
  token.normalized = node.boolean_or("normalized", false);
  return token;
}

void add_special(const ConfigNode& node, TokenizerConfig& config) {
  AddedToken token = read_token(node);
  const bool known = std::any_of(config.special.begin(), config.special.end(),
                                 [&](const AddedToken& t) { return t.content == token.content; });
  if (!known) config.special.push_back(std::move(token));
}

std::optional<bool> optional_flag(const ConfigNode& root, std::string_view key) {
  const auto node = root.find(key);
  if (!node || node->is_null()) return std::nullopt;
  return node->boolean();
}

}  // namespace

TokenizerConfig read_tokenizer_config(std::string_view text, const std::string& file) {
  TokenizerConfig config;
  if (text.empty()) return config;
  const ConfigNode::Json json = checkpoint::parse_json(text, file);
  const ConfigNode root(json, file, "");
  const auto named = [&](const char* key) -> std::optional<std::string> {
    const auto node = root.find(key);
    if (!node || node->is_null()) return std::nullopt;
    add_special(*node, config);
    return read_token(*node).content;
  };
  config.bos = named("bos_token");
  config.eos = named("eos_token");
  config.unk = named("unk_token");
  config.pad = named("pad_token");
  for (const char* key : {"sep_token", "cls_token", "mask_token"}) named(key);
  for (const char* key : {"additional_special_tokens", "extra_special_tokens"}) {
    const auto list = root.find(key);
    if (!list || list->is_null()) continue;
    if (list->is_object()) {
      for (const std::string& name : list->keys()) add_special(list->at(name), config);
    } else {
      for (const ConfigNode& node : list->items()) add_special(node, config);
    }
  }
  config.add_bos = optional_flag(root, "add_bos_token");
  config.add_eos = optional_flag(root, "add_eos_token");
  config.clean_up_spaces = root.boolean_or("clean_up_tokenization_spaces", false);
  return config;
}

}  // namespace mod::text
