// What a mixture names that lies elsewhere: models and chat templates.
#include <fmt/format.h>

#include <system_error>

#include "base/text.h"
#include "base/yaml.h"
#include "bundle/mixture_reader.h"
#include "checkpoint/model_folder.h"
#include "mod/error.h"
#include "text/template/chat_template.h"

namespace mod::bundle::detail {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxTemplate = 4u << 20;

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

bool is_mixture_file(const fs::path& path) {
  const fs::path extension = path.extension();
  return (extension == ".yml" || extension == ".yaml") && is_file(path) &&
         is_mixture(read_text_file(path.string(), yaml::Limits().bytes));
}

/// A template has one of these; a file's name has none.
bool is_template_text(std::string_view text) {
  return text.find("{{") != text.npos || text.find("{%") != text.npos ||
         text.find('\n') != text.npos;
}

}  // namespace

fs::path find_path(const std::string& name, const fs::path& folder) {
  if (name.find('\0') != name.npos) return {};
  const fs::path near = folder / name;
  if (!is_there(near)) return is_there(name) ? fs::path(name) : fs::path();
  // "x/.." is not always "": x may be a link.
  const fs::path tidy = near.lexically_normal();
  std::error_code error;
  return fs::equivalent(near, tidy, error) ? tidy : near;
}

void find_model(ReadContext& context, const Place& place, ExpertEntry& expert) {
  expert.argument = expert.model;
  if (!context.find_models) return;
  try {
    const fs::path found = checkpoint::resolve_model(expert.model, "", context.folder);
    if (is_mixture_file(found)) {
      context.problems.error(place,
                             fmt::format("{} is a mixture, and a mixture as an expert of a mixture "
                                         "is not supported yet",
                                         in_quotes(expert.model)),
                             "list its experts here");
    }
  } catch (const Error& error) {
    context.problems.error(place, error.what());
    return;
  }
  // A hub name stays one, for messages.
  const fs::path path = find_path(expert.model, context.folder);
  if (!path.empty()) expert.argument = path.string();
}

void find_template(ReadContext& context, const Place& place, ExpertEntry& expert) {
  const std::string& written = *expert.chat_template;
  if (is_template_text(written)) {
    expert.template_text = written;
  } else if (!context.find_models) {
    return;
  }
  std::string where = place.text();
  try {
    if (expert.template_text.empty()) {
      const fs::path file = find_path(written, context.folder);
      if (!is_file(file)) {
        context.problems.error(
            place, fmt::format("there is no chat template {}", in_quotes(written)),
            fmt::format("looked in {} and in the working directory; a template itself has '{{{{' "
                        "or '{{%' in it",
                        in_quotes(context.folder.empty() ? "." : context.folder.string())));
        return;
      }
      expert.template_text = read_text_file(file.string(), kMaxTemplate);
      where = file.string();
    }
    (void)text::ChatTemplate::from_source(expert.template_text, where);
  } catch (const Error& error) {
    context.problems.error(place, error.what());
  }
}

}  // namespace mod::bundle::detail
