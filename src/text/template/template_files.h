// What the files of a model folder say about chats: the templates, and the special tokens that they
// can name.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace mod::text {

struct TemplateFiles {
  struct Named {
    std::string name;   // "default", "tool_use", ...
    std::string where;  // file, and key where a file holds several
    std::string source;
  };
  std::vector<Named> templates;  // empty: the model has none
  std::filesystem::path file;    // that holds the default, or the first
};

/// Looked for as Hugging Face's tokenizers do: chat_template.jinja with
/// additional_chat_templates/*.jinja; else `chat_template` of tokenizer_config.json (a text, or a
/// list of named ones); else chat_template.json, which Hugging Face reads for processors only.
/// Throws Error(kCorruptFile, kIo).
TemplateFiles find_templates(const std::filesystem::path& folder);

/// bos_token, eos_token and the like as an object of texts: from tokenizer_config.json and, where
/// that lists no added tokens, special_tokens_map.json, whose values then win. Tokens that are null
/// are left out. Throws Error(kCorruptFile, kIo).
nlohmann::ordered_json read_special_tokens(const std::filesystem::path& folder);

}  // namespace mod::text
