#include "bundle/generation_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <system_error>

#include "arch/architecture.h"
#include "base/text.h"
#include "checkpoint/model_folder.h"
#include "mod/error.h"

namespace mod::bundle {
namespace {

using checkpoint::Json;

constexpr std::uint64_t kMaxBytes = std::uint64_t{16} << 20;

/// One JSON file, for typed reads with messages.
struct File {
  const Json& root;
  const std::string& name;

  [[noreturn]] void refuse(const char* key, const char* wanted) const {
    throw Error(ErrorCode::kCorruptFile, fmt::format("{}: `{}` must be {}", name, key, wanted));
  }

  std::optional<double> number(const char* key) const {
    const Json* value = arch::find_key(root, key);
    if (!value) return std::nullopt;
    if (!value->is_number() || !std::isfinite(value->get<double>())) refuse(key, "a number");
    return value->get<double>();
  }

  std::optional<std::int64_t> integer(const char* key) const {
    const std::optional<double> value = number(key);
    if (!value) return std::nullopt;
    // 50.0 is 50: some configs went through tools that write all numbers as floats.
    if (*value != std::floor(*value) || std::abs(*value) > 1e15) refuse(key, "an integer");
    return static_cast<std::int64_t>(*value);
  }

  bool flag(const char* key) const {
    const Json* value = arch::find_key(root, key);
    if (!value) return false;
    if (!value->is_boolean()) refuse(key, "true or false");
    return value->get<bool>();
  }

  void add_token(const char* key, const Json& value, std::vector<std::int32_t>& out) const {
    constexpr const char* kWanted = "the id of a token or a list of ids";
    if (!value.is_number_integer()) refuse(key, kWanted);
    if (value.is_number_unsigned()) {
      constexpr auto kLargest = std::numeric_limits<std::int32_t>::max();
      if (value.get<std::uint64_t>() > static_cast<std::uint64_t>(kLargest)) refuse(key, kWanted);
      out.push_back(value.get<std::int32_t>());
    }
  }

  std::vector<std::int32_t> tokens(const char* key) const {
    std::vector<std::int32_t> out;
    const Json* value = arch::find_key(root, key);
    if (!value) return out;
    if (value->is_array()) {
      for (const Json& one : *value) add_token(key, one, out);
    } else {
      add_token(key, *value, out);
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }

  std::optional<std::int32_t> first_token(const char* key) const {
    const std::vector<std::int32_t> all = tokens(key);
    return all.empty() ? std::nullopt : std::optional(all.front());
  }
};

}  // namespace

GenerationSettings parse_generation_settings(const Json* generation, const std::string& name,
                                             const Json& config, const std::string& config_file) {
  GenerationSettings settings;
  if (generation) {
    if (!generation->is_object()) {
      throw Error(ErrorCode::kCorruptFile, name + ": not a JSON object");
    }
    const File file{*generation, name};
    settings.do_sample = file.flag("do_sample");
    settings.temperature = file.number("temperature");
    settings.top_p = file.number("top_p");
    settings.min_p = file.number("min_p");
    settings.repetition_penalty = file.number("repetition_penalty");
    settings.top_k = file.integer("top_k");
    settings.end_tokens = file.tokens("eos_token_id");
    settings.begin_token = file.first_token("bos_token_id");
  }
  const File file{config, config_file};
  if (!settings.begin_token) settings.begin_token = file.first_token("bos_token_id");
  for (const char* key : {"eos_token_id", "text_config.eos_token_id"}) {
    if (settings.end_tokens.empty()) settings.end_tokens = file.tokens(key);
  }
  return settings;
}

GenerationSettings read_generation_settings(const std::filesystem::path& folder, const Json& config,
                                            const std::string& config_file) {
  const std::filesystem::path path = folder / "generation_config.json";
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    return parse_generation_settings(nullptr, {}, config, config_file);
  }
  const std::string name = path.string();
  const Json root = checkpoint::parse_json(read_text_file(name, kMaxBytes), name);
  return parse_generation_settings(&root, name, config, config_file);
}

}  // namespace mod::bundle
