#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <span>

#include "arch/architecture.h"
#include "base/hash.h"
#include "base/text.h"
#include "merge/checks.h"
#include "mod/error.h"

namespace mod::merge {
namespace {

using checkpoint::Json;

// Far above any tokenizer in use (Gemma 3: 33 MB), far below what would hurt.
constexpr std::uint64_t kFileLimit = 512u << 20;

std::optional<std::string> read_if_there(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return std::nullopt;
  return read_text_file(path.string(), kFileLimit);
}

/// A merge rule is "a b" or ["a", "b"], by the age of the file.
std::string merge_text(const Json& rule) {
  if (rule.is_string()) return rule.get<std::string>();
  if (!rule.is_array() || rule.size() != 2 || !rule[0].is_string() || !rule[1].is_string()) {
    return rule.dump();
  }
  return rule[0].get<std::string>() + " " + rule[1].get<std::string>();
}

class Hasher {
 public:
  void add(std::string_view text) {
    const std::string length = fmt::format("{}:", text.size());
    hash_.update(std::as_bytes(std::span(length)));
    hash_.update(std::as_bytes(std::span(text)));
  }
  std::string hex() { return hash_.hex(); }

 private:
  Sha256 hash_;
};

/// Tokens by name, whether the vocabulary is a map (BPE, WordPiece) or a list of pairs (Unigram).
std::map<std::string, std::string> vocabulary_of(const Json& vocabulary) {
  std::map<std::string, std::string> out;
  std::size_t index = 0;
  if (vocabulary.is_object()) {
    for (const auto& [token, id] : vocabulary.items()) out[token] = id.dump();
  } else if (vocabulary.is_array()) {
    for (const Json& entry : vocabulary) out[fmt::format("{:08}", index++)] = entry.dump();
  }
  return out;
}

void add_added_tokens(const Json& list, Hasher& hash) {
  std::map<std::int64_t, std::string> tokens;
  for (const Json& token : list) {
    const auto id = arch::config_int(token, "id");
    const auto content = arch::config_string(token, "content");
    if (id && content) tokens[*id] = *content;
  }
  for (const auto& [id, content] : tokens) {
    hash.add(std::to_string(id));
    hash.add(content);
  }
}

std::string trimmed(std::string text) {
  const char* blanks = " \t\r\n";
  text.erase(0, std::min(text.find_first_not_of(blanks), text.size()));
  text.erase(text.find_last_not_of(blanks) + 1);
  return text;
}

std::string special_ids(const Json& config) {
  std::string out;
  for (const char* key : {"bos_token_id", "eos_token_id", "pad_token_id"}) {
    const Json* value = arch::find_key(config, key);
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", key, value ? value->dump() : "none");
  }
  return out;
}

bool same_tokenizer(const std::filesystem::path& a, const std::filesystem::path& b) {
  const auto ours = read_if_there(a / "tokenizer.json"),
             theirs = read_if_there(b / "tokenizer.json");
  if (!ours || !theirs) {
    // Older models carry a SentencePiece file alone; equal bytes are all that can be said about it.
    const auto old_ours = read_if_there(a / "tokenizer.model");
    const auto old_theirs = read_if_there(b / "tokenizer.model");
    return !old_ours || !old_theirs || *old_ours == *old_theirs;
  }
  return *ours == *theirs || tokenizer_hash(*ours, (a / "tokenizer.json").string()) ==
                                 tokenizer_hash(*theirs, (b / "tokenizer.json").string());
}

/// A broken file beside the weights is told, and does not hide the other checks.
template <typename F>
void guarded(const Place& place, Problems& problems, F&& check) {
  try {
    check();
  } catch (const Error& e) {
    problems.warn(place, e.what());
  }
}

}  // namespace

std::string tokenizer_hash(std::string_view json, const std::string& file) {
  const Json root = checkpoint::parse_json(json, file);
  Hasher hash;
  if (const Json* vocabulary = arch::find_key(root, "model.vocab")) {
    for (const auto& [token, id] : vocabulary_of(*vocabulary)) {
      hash.add(token);
      hash.add(id);
    }
  }
  hash.add("merges");
  if (const Json* merges = arch::find_key(root, "model.merges"); merges && merges->is_array()) {
    for (const Json& rule : *merges) hash.add(merge_text(rule));
  }
  hash.add("added");
  if (const Json* added = arch::find_key(root, "added_tokens"); added && added->is_array()) {
    add_added_tokens(*added, hash);
  }
  return hash.hex();
}

std::string chat_template(const std::filesystem::path& folder) {
  if (auto text = read_if_there(folder / "chat_template.jinja")) return trimmed(*text);
  for (const char* name : {"chat_template.json", "tokenizer_config.json"}) {
    const auto text = read_if_there(folder / name);
    if (!text) continue;
    const Json root = checkpoint::parse_json(*text, (folder / name).string());
    const Json* found = arch::find_key(root, "chat_template");
    if (!found) continue;
    if (found->is_string()) return trimmed(found->get<std::string>());
    if (!found->is_array()) continue;
    for (const Json& entry : *found) {
      if (arch::config_string(entry, "name") != "default") continue;
      return trimmed(arch::config_string(entry, "template").value_or(""));
    }
  }
  return {};
}

void compare_tokenizers(const Plan& plan, int donor, int other, Problems& problems) {
  const PlanModel& ours = plan.models[static_cast<std::size_t>(donor)];
  const PlanModel& theirs = plan.models[static_cast<std::size_t>(other)];
  const Place& place = theirs.ref.place;
  guarded(place, problems, [&] {
    if (same_tokenizer(ours.folder.path, theirs.folder.path)) return;
    problems.warn(
        place,
        fmt::format("the tokenizers of {} and {} differ: rows of the embeddings may belong to "
                    "different tokens",
                    ours.label, theirs.label),
        fmt::format("the output gets the tokenizer of {}; matching tokens needs "
                    "tokenizer_source:, which is not supported yet",
                    ours.label));
  });
  const std::string our_ids = special_ids(ours.folder.config);
  const std::string their_ids = special_ids(theirs.folder.config);
  if (our_ids != their_ids && ours.folder.has_config && theirs.folder.has_config) {
    problems.warn(place,
                  fmt::format("special tokens differ: {} has {}; {} has {}", ours.label, our_ids,
                              theirs.label, their_ids),
                  fmt::format("the output gets those of {}", ours.label));
  }
  guarded(place, problems, [&] {
    if (chat_template(ours.folder.path) == chat_template(theirs.folder.path)) return;
    problems.warn(place,
                  fmt::format("the chat templates of {} and {} differ", ours.label, theirs.label),
                  fmt::format("the output gets the one of {}", ours.label));
  });
}

}  // namespace mod::merge
