// tokenizer, tokenizer_source and chat_template: their grammar is checked in full, so that a recipe
// shows all its errors; then they are refused, because tokenizers cannot be built yet.
#include <fmt/format.h>

#include <algorithm>

#include "merge/recipe_reader.h"

namespace mod::merge::detail {

namespace {

constexpr std::string_view kRemedy =
    "remove the key: the tokenizer files of the donor (base_model, else the first model) are "
    "copied, "
    "which is right where all inputs share one tokenizer";

/// `union`, `base` or a model.
void check_source(ReadContext& context, const yaml::Node& node) {
  if (node.kind == yaml::Kind::kString && (node.text == "union" || node.text == "base")) return;
  if (node.kind == yaml::Kind::kString && node.text.starts_with("model:")) {
    context.problems.error(
        node.place,
        "the form 'model:PATH' was dropped by mergekit in January 2024; today it "
        "means a path that begins with 'model:'",
        fmt::format("write the path alone: {}", node.text.substr(6, 80)));
    return;
  }
  read_model_ref(context, node);
}

void check_model_token(ReadContext& context, const yaml::Node& node) {
  const yaml::Node* model = node.find("model");
  if (absent(model)) {
    context.problems.error(node.place, "a token source of kind 'model_token' needs 'model'");
  } else {
    read_model_ref(context, *model);
  }
  if (absent(node.find("token")) == absent(node.find("token_id"))) {
    context.problems.error(node.place,
                           "a token source of kind 'model_token' needs exactly one of 'token' and "
                           "'token_id'");
  }
}

void check_token_source(ReadContext& context, const yaml::Node& node) {
  const yaml::Node* kind = node.kind == yaml::Kind::kMap ? node.find("kind") : nullptr;
  if (!kind) {
    read_model_ref(context, node);
  } else if (kind->text == "model_token") {
    check_model_token(context, node);
  } else if (kind->text != "zero") {
    context.problems.error(kind->place,
                           fmt::format("unknown kind of token source {}", in_quotes(kind->text)),
                           "allowed: model_token, zero, or a model");
  }
}

void check_tokens(ReadContext& context, const yaml::Node& tokens) {
  if (tokens.kind != yaml::Kind::kMap) {
    context.problems.error(tokens.place,
                           fmt::format("'tokens' must be a map, not {}", tokens.describe()));
    return;
  }
  for (const auto& [token, entry] : tokens.entries) {
    if (entry.kind != yaml::Kind::kMap) {
      context.problems.error(
          entry.place, fmt::format("the entry of token {} must be a map {{source, force}}, not {}",
                                   in_quotes(token), entry.describe()));
      continue;
    }
    check_keys(context, entry, Level::kToken);
    const yaml::Node* source = entry.find("source");
    if (!absent(source)) check_token_source(context, *source);
    const yaml::Node* force = entry.find("force");
    if (!absent(force) && force->kind != yaml::Kind::kBool) {
      context.problems.error(
          force->place, fmt::format("'force' must be true or false, not {}", force->describe()));
    }
  }
}

void check_tokenizer_map(ReadContext& context, const yaml::Node& node) {
  if (node.kind != yaml::Kind::kMap) {
    context.problems.error(node.place,
                           fmt::format("'tokenizer' must be a map, not {}", node.describe()),
                           "its keys: source, tokens, pad_to_multiple_of, keep_vocab_padding");
    return;
  }
  check_keys(context, node, Level::kTokenizer);
  const yaml::Node* source = node.find("source");
  if (!absent(source)) check_source(context, *source);
  const yaml::Node* tokens = node.find("tokens");
  if (!absent(tokens)) check_tokens(context, *tokens);
  const yaml::Node* multiple = node.find("pad_to_multiple_of");
  if (!absent(multiple) && !(multiple->kind == yaml::Kind::kInt && multiple->integer > 0)) {
    context.problems.error(multiple->place,
                           fmt::format("'pad_to_multiple_of' must be a positive integer, not {}",
                                       multiple->describe()));
  }
  const yaml::Node* keep = node.find("keep_vocab_padding");
  if (!absent(keep) && keep->kind != yaml::Kind::kBool) {
    context.problems.error(
        keep->place,
        fmt::format("'keep_vocab_padding' must be true or false, not {}", keep->describe()));
  }
}

void check_chat_template(ReadContext& context, const yaml::Node& node) {
  if (!require_string(context, node, "'chat_template'")) return;
  constexpr std::string_view kNames[] = {"auto", "alpaca", "chatml", "exaone", "llama3", "mistral"};
  const bool named = std::find(std::begin(kNames), std::end(kNames), node.text) != std::end(kNames);
  if (!named && (node.text.size() < 20 || node.text.find_first_of("{}") == std::string::npos)) {
    context.problems.error(node.place,
                           fmt::format("{} is neither a known chat template nor Jinja text (20 "
                                       "characters or more, with braces)",
                                       in_quotes(node.text)),
                           "known: auto, alpaca, chatml, exaone, llama3, mistral");
    return;
  }
  context.problems.error(node.place, "'chat_template' is not supported yet",
                         "remove the key: the donor's chat template is copied");
}

}  // namespace

void check_tokenizer(ReadContext& context, const yaml::Node& root) {
  const yaml::Node* source = root.find("tokenizer_source");
  const yaml::Node* tokenizer = root.find("tokenizer");
  const bool has_source =
      !absent(source) && !(source->kind == yaml::Kind::kString && source->text.empty());
  if (has_source && !absent(tokenizer)) {
    context.problems.error(source->place, "'tokenizer_source' and 'tokenizer' exclude each other",
                           "keep one of them");
  }
  if (has_source) {
    check_source(context, *source);
    context.problems.error(source->place, "'tokenizer_source' is not supported yet",
                           std::string(kRemedy));
  }
  if (!absent(tokenizer)) {
    check_tokenizer_map(context, *tokenizer);
    context.problems.error(tokenizer->place, "'tokenizer' is not supported yet",
                           std::string(kRemedy));
  }
  const yaml::Node* chat = root.find("chat_template");
  if (!absent(chat)) check_chat_template(context, *chat);
}

}  // namespace mod::merge::detail
