#include "text/template/template_files.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <system_error>

#include "base/text.h"
#include "checkpoint/model_folder.h"
#include "mod/error.h"

namespace mod::text {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// tokenizer_config.json holds thousands of added tokens in some models (1 MB).
constexpr std::uint64_t kMaxConfigBytes = std::uint64_t{64} << 20;
constexpr std::uint64_t kMaxTemplateBytes = std::uint64_t{1} << 20;
constexpr std::size_t kMaxTemplates = 100;

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

/// An object, empty where the file does not exist.
Json read_object(const fs::path& path) {
  if (!is_file(path)) return Json::object();
  Json json = checkpoint::parse_json(read_text_file(path.string(), kMaxConfigBytes), path.string());
  if (!json.is_object())
    throw Error(ErrorCode::kCorruptFile, path.string() + ": not a JSON object");
  return json;
}

TemplateFiles::Named from_file(std::string name, const fs::path& path) {
  return {std::move(name), path.string(), read_text_file(path.string(), kMaxTemplateBytes)};
}

std::vector<fs::path> additional_files(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder / "additional_chat_templates", ignored)) {
    if (entry.path().extension() == ".jinja" && is_file(entry.path()))
      files.push_back(entry.path());
    if (files.size() == kMaxTemplates) break;
  }
  std::sort(files.begin(), files.end());
  return files;
}

[[noreturn]] void fail_shape(const fs::path& path) {
  throw Error(ErrorCode::kCorruptFile,
              path.string() + ": 'chat_template' must be a text or a list of {name, template}");
}

/// The value of `chat_template`: a text, a list of {name, template}, or an object of texts.
std::vector<TemplateFiles::Named> from_value(const Json& value, const fs::path& path) {
  const std::string where = path.string() + " (chat_template";
  std::vector<TemplateFiles::Named> templates;
  const auto add = [&](const Json& name, const Json& source) {
    if (!name.is_string() || !source.is_string()) fail_shape(path);
    const auto& text = name.get_ref<const std::string&>();
    templates.push_back({text, where + " '" + text + "')", source.get<std::string>()});
  };
  if (value.is_string()) {
    templates.push_back({"default", where + ")", value.get<std::string>()});
  } else if (value.is_array()) {
    for (const Json& entry : value) {
      if (!entry.is_object() || !entry.contains("name") || !entry.contains("template")) {
        fail_shape(path);
      }
      add(entry["name"], entry["template"]);
    }
  } else if (value.is_object()) {
    for (const auto& [name, source] : value.items()) add(name, source);
  } else if (!value.is_null()) {
    fail_shape(path);
  }
  return templates;
}

/// The text of a token: itself, or the content of an object; nothing for the rest.
const std::string* token_text(const Json& value) {
  if (value.is_string()) return value.get_ptr<const std::string*>();
  if (!value.is_object()) return nullptr;
  const auto content = value.find("content");
  return content != value.end() ? content->get_ptr<const std::string*>() : nullptr;
}

void add_tokens(const Json& config, Json& tokens) {
  for (const auto& [key, value] : config.items()) {
    if (key.ends_with("_token")) {
      if (const std::string* text = token_text(value)) {
        tokens[key] = *text;
      } else if (value.is_null()) {
        tokens.erase(key);
      }
    } else if (key == "extra_special_tokens" && value.is_object()) {
      for (const auto& [name, token] : value.items()) {
        if (const std::string* text = token_text(token)) tokens[name] = *text;
      }
    }
  }
}

}  // namespace

TemplateFiles find_templates(const fs::path& folder) {
  TemplateFiles found;
  const fs::path main = folder / "chat_template.jinja";
  if (is_file(main)) found.templates.push_back(from_file("default", main));
  for (const fs::path& file : additional_files(folder)) {
    found.templates.push_back(from_file(file.stem().string(), file));
  }
  if (!found.templates.empty()) {
    found.file = found.templates.front().where;
    return found;
  }
  for (const std::string_view name : {"tokenizer_config.json", "chat_template.json"}) {
    found.file = folder / name;
    const Json config = read_object(found.file);
    const auto value = config.find("chat_template");
    if (value != config.end()) found.templates = from_value(*value, found.file);
    if (!found.templates.empty()) return found;
  }
  return {};
}

Json read_special_tokens(const fs::path& folder) {
  Json tokens = Json::object();
  const Json config = read_object(folder / "tokenizer_config.json");
  add_tokens(config, tokens);
  if (!config.contains("added_tokens_decoder")) {
    add_tokens(read_object(folder / "special_tokens_map.json"), tokens);
  }
  return tokens;
}

}  // namespace mod::text
