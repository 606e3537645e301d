#include "tokenizer_summary.h"

#include <algorithm>

#include "base/text.h"
#include "checkpoint/model_folder.h"

namespace mod::cli {
namespace {

namespace fs = std::filesystem;
using checkpoint::Json;

// The largest tokenizer.json in use (Gemma 3) has 33 MB.
constexpr std::uint64_t kMaxTokenizerBytes = 256u << 20;

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

Json read_json(const fs::path& path) {
  return checkpoint::parse_json(read_text_file(path.string(), kMaxTokenizerBytes), path.string());
}

const Json* find(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto it = object.find(key);
  return it == object.end() ? nullptr : &*it;
}

/// Tokens of the model plus added tokens that it does not hold.
std::optional<std::uint64_t> vocabulary_size(const Json& tokenizer, const Json& model) {
  const Json* vocab = find(model, "vocab");
  if (!vocab || (!vocab->is_object() && !vocab->is_array())) return std::nullopt;
  std::uint64_t count = vocab->size();
  const Json* added = find(tokenizer, "added_tokens");
  if (!added || !added->is_array()) return count;
  for (const Json& token : *added) {
    const Json* content = find(token, "content");
    if (!content || !content->is_string()) continue;
    const std::string& text = content->get_ref<const std::string&>();
    const bool known = vocab->is_object()
                           ? vocab->contains(text)
                           : std::any_of(vocab->begin(), vocab->end(), [&](const Json& entry) {
                               return entry.is_array() && !entry.empty() && entry[0] == text;
                             });
    if (!known) ++count;
  }
  return count;
}

void read_fast_tokenizer(const fs::path& path, TokenizerSummary& summary) {
  summary.file = path.filename().string();
  const Json tokenizer = read_json(path);
  const Json* model = find(tokenizer, "model");
  if (!model) return;
  if (const Json* type = find(*model, "type"); type && type->is_string()) {
    summary.type = type->get<std::string>();
  }
  summary.vocabulary = vocabulary_size(tokenizer, *model);
}

/// In the order of text::find_templates.
std::string find_template(const fs::path& folder) {
  if (is_file(folder / "chat_template.jinja")) return "chat_template.jinja";
  for (const char* name : {"tokenizer_config.json", "chat_template.json"}) {
    if (!is_file(folder / name)) continue;
    const Json json = read_json(folder / name);
    const Json* entry = find(json, "chat_template");
    if (entry && !entry->is_null()) return name;
  }
  return {};
}

}  // namespace

TokenizerSummary summarize_tokenizer(const fs::path& folder) {
  TokenizerSummary summary;
  if (is_file(folder / "tokenizer.json")) {
    read_fast_tokenizer(folder / "tokenizer.json", summary);
  } else if (is_file(folder / "tokenizer.model")) {
    summary.file = "tokenizer.model";
    summary.type = "SentencePiece";
  } else if (is_file(folder / "vocab.json")) {
    summary.file = "vocab.json";
    summary.type = "BPE";
    const Json vocab = read_json(folder / "vocab.json");
    if (vocab.is_object()) summary.vocabulary = vocab.size();
  }
  summary.template_file = find_template(folder);
  return summary;
}

}  // namespace mod::cli
