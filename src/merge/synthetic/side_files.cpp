#include "merge/synthetic/side_files.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "merge/output/sidecar.h"
#include "merge/synthetic/byte_tokenizer.h"
#include "mod/error.h"

namespace mod::merge {
namespace {

namespace fs = std::filesystem;
using checkpoint::Json;

constexpr std::uint64_t kMaxTokenizerBytes = 256u << 20;
constexpr SpecialIds kQwenIds = {151643, 151645};

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

/// Ids by text, of the model's vocabulary and the added tokens; ids of other kinds are left out.
std::vector<std::pair<std::string, std::int64_t>> read_tokens(const Json& tokenizer) {
  std::vector<std::pair<std::string, std::int64_t>> tokens;
  if (!tokenizer.is_object()) return tokens;
  const Json none = Json::object();
  const Json model = tokenizer.value("model", none);
  const Json vocab = model.is_object() ? model.value("vocab", none) : none;
  if (vocab.is_object()) {
    for (const auto& [text, id] : vocab.items()) {
      if (id.is_number_integer()) tokens.emplace_back(text, id.get<std::int64_t>());
    }
  }
  for (const Json& token : tokenizer.value("added_tokens", Json::array())) {
    if (!token.is_object() || !token.contains("content") || !token["content"].is_string()) continue;
    if (!token.contains("id") || !token["id"].is_number_integer()) continue;
    tokens.emplace_back(token["content"].get<std::string>(), token["id"].get<std::int64_t>());
  }
  return tokens;
}

/// The ChatML ids of a copied tokenizer, Qwen's own where it does not name them.
SpecialIds special_ids(const fs::path& folder, const ModelShape& shape) {
  SpecialIds ids = kQwenIds;
  const fs::path file = folder / "tokenizer.json";
  if (!is_file(file)) return ids;
  const Json json =
      checkpoint::parse_json(read_text_file(file.string(), kMaxTokenizerBytes), file.string());
  std::int64_t largest = -1;
  for (const auto& [text, id] : read_tokens(json)) {
    largest = std::max(largest, id);
    if (text == "<|endoftext|>") ids.end_of_text = id;
    if (text == "<|im_end|>") ids.end_of_turn = id;
  }
  if (largest >= shape.vocabulary) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("{}: token {} does not fit into {} rows of embeddings; use another "
                            "tokenizer or model",
                            file.string(), largest, shape.vocabulary));
  }
  return ids;
}

SpecialIds copy_tokenizer(const fs::path& folder, const ModelShape& shape, SideFiles& files) {
  const auto others = copied_files(false);
  for (const std::string_view name : copied_files(true)) {
    if (std::find(others.begin(), others.end(), name) != others.end()) continue;
    if (is_file(folder / name)) files.copied.emplace_back(folder / name, name);
  }
  if (files.copied.empty()) {
    throw Error(
        ErrorCode::kInvalidInput,
        folder.string() + ": no tokenizer files here; name the folder that holds tokenizer.json");
  }
  return special_ids(folder, shape);
}

}  // namespace

SideFiles make_side_files(const ModelShape& shape, const fs::path& tokenizer) {
  SideFiles files;
  SpecialIds ids = kByteTokenizerIds;
  if (!tokenizer.empty()) {
    ids = copy_tokenizer(tokenizer, shape, files);
  } else if (shape.vocabulary < kByteTokens) {
    throw Error(
        ErrorCode::kInvalidInput,
        fmt::format("a vocabulary of {} is smaller than the byte-level tokenizer's {} tokens",
                    shape.vocabulary, kByteTokens));
  } else {
    files.written.emplace_back("tokenizer.json", byte_tokenizer().dump(2) + "\n");
    files.written.emplace_back("tokenizer_config.json",
                               byte_tokenizer_config(shape.max_positions).dump(2) + "\n");
  }
  files.written.emplace_back("generation_config.json", generation_config(ids).dump(2) + "\n");
  files.written.emplace_back("config.json", model_config(shape, ids).dump(2) + "\n");
  return files;
}

void stage(const SideFiles& files, checkpoint::OutputFolder& folder) {
  for (const auto& [from, name] : files.copied) folder.copy_file(from, name);
  for (const auto& [name, content] : files.written) folder.add_file(name, content);
}

}  // namespace mod::merge
