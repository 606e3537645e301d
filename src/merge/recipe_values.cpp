// Single values of a recipe: model references, layer ranges, dtypes, whole numbers.
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <system_error>

#include "base/text.h"
#include "merge/recipe_reader.h"
#include "mod/error.h"

namespace mod::merge::detail {

namespace {

bool exists_as_path(const ReadContext& context, const std::string& text) {
  // Longer texts are no path on any system, and need not be asked for.
  if (text.size() > 4096 || text.find('\0') != std::string::npos) return false;
  std::error_code error;
  return std::filesystem::exists(context.folder / text, error) ||
         std::filesystem::exists(text, error);
}

std::optional<ModelRef> read_string_ref(ReadContext& context, const yaml::Node& node) {
  if (node.text.find_first_of("+@") != std::string::npos && exists_as_path(context, node.text)) {
    context.problems.warn(
        node.place,
        fmt::format(
            "the path {} exists, but '+' starts a LoRA and '@' a revision in a model string",
            in_quotes(node.text)),
        fmt::format("write the mapping form: {{model: {{path: \"{}\"}}}}", node.text));
  }
  try {
    ModelRef ref = parse_model_ref(node.text, Place{});
    ref.place = node.place;
    return ref;
  } catch (const Error& error) {
    context.problems.error(node.place, error.what(),
                           "a path that contains '+' or '@' needs the mapping form: "
                           "{model: {path: ...}}");
    return std::nullopt;
  }
}

bool read_path_string(ReadContext& context, const yaml::Node& node, std::string& path,
                      std::string& revision) {
  const std::size_t at = node.text.find('@');
  if (at != std::string::npos && node.text.find('@', at + 1) != std::string::npos) {
    context.problems.error(node.place, fmt::format("more than one '@' in {}", in_quotes(node.text)),
                           "write {path: ..., revision: ...}");
    return false;
  }
  path = node.text.substr(0, at);
  if (at != std::string::npos) revision = node.text.substr(at + 1);
  if (path.empty()) context.problems.error(node.place, "the path of a model is empty");
  return !path.empty();
}

/// A path of the mapping form: a string "PATH[@REVISION]" or {path, revision}.
bool read_path_ref(ReadContext& context, const yaml::Node& node, std::string& path,
                   std::string& revision) {
  if (node.kind != yaml::Kind::kMap) {
    if (!require_string(context, node, "a model path")) return false;
    return read_path_string(context, node, path, revision);
  }
  check_keys(context, node, Level::kPath);
  const yaml::Node* name = node.find("path");
  if (absent(name)) {
    context.problems.error(node.place, "'path' is missing", "write {path: ..., revision: ...}");
    return false;
  }
  if (!require_string(context, *name, "'path'")) return false;
  path = name->text;
  if (path.empty()) context.problems.error(name->place, "the path of a model is empty");
  const yaml::Node* rev = node.find("revision");
  if (!absent(rev)) {
    if (!require_string(context, *rev, "'revision'")) return false;
    revision = rev->text;
  }
  return !path.empty();
}

std::optional<ModelRef> read_map_ref(ReadContext& context, const yaml::Node& node) {
  check_keys(context, node, Level::kReference);
  ModelRef ref;
  ref.place = node.place;
  const yaml::Node* model = node.find("model");
  if (absent(model)) {
    context.problems.error(node.place, "'model' is missing in the mapping form of a model",
                           "write {model: PATH, lora: PATH, override_architecture: NAME}; only "
                           "'model' is required");
    return std::nullopt;
  }
  if (!read_path_ref(context, *model, ref.model, ref.revision)) return std::nullopt;
  const yaml::Node* lora = node.find("lora");
  if (!absent(lora) && !read_path_ref(context, *lora, ref.lora, ref.lora_revision)) {
    return std::nullopt;
  }
  const yaml::Node* name = node.find("override_architecture");
  if (!absent(name)) {
    if (!require_string(context, *name, "'override_architecture'")) return std::nullopt;
    ref.override_architecture = name->text;
  }
  return ref;
}

std::optional<std::int64_t> layer_number(const yaml::Node& node) {
  const auto value = node.is_scalar() ? node.as_number() : std::nullopt;
  if (!value || node.kind == yaml::Kind::kBool || std::floor(*value) != *value) return std::nullopt;
  if (std::fabs(*value) > 1e9) return std::nullopt;
  return static_cast<std::int64_t>(*value);
}

}  // namespace

RefKey ref_key(const ModelRef& r) {
  return {r.model, r.revision, r.lora, r.lora_revision, r.override_architecture};
}

bool require_string(ReadContext& context, const yaml::Node& node, std::string_view what) {
  if (node.kind == yaml::Kind::kString) return true;
  std::string remedy;
  if (node.is_scalar() && !node.is_null()) {
    remedy = fmt::format("YAML does not read {} as text; quote it: \"{}\"", in_quotes(node.text),
                         node.text.substr(0, 80));
  }
  context.problems.error(node.place,
                         fmt::format("{} must be a string, not {}", what, node.describe()), remedy);
  return false;
}

std::optional<ModelRef> read_model_ref(ReadContext& context, const yaml::Node& node) {
  std::optional<ModelRef> ref;
  if (node.kind == yaml::Kind::kMap) {
    ref = read_map_ref(context, node);
  } else if (require_string(context, node, "a model")) {
    ref = read_string_ref(context, node);
  }
  if (ref && !ref->lora.empty()) {
    context.problems.error(
        ref->place, fmt::format("LoRA inputs are not supported yet: {}", in_quotes(ref->text())),
        "merge the LoRA into its model first and name the merged folder");
  }
  return ref;
}

std::optional<std::pair<std::int64_t, std::int64_t>> read_layer_range(ReadContext& context,
                                                                      const yaml::Node& node) {
  constexpr std::string_view kForm = "write [FIRST, END]: layers FIRST to END - 1, FIRST < END";
  if (node.kind != yaml::Kind::kSequence || node.items.size() != 2) {
    const std::string what = node.kind == yaml::Kind::kSequence
                                 ? fmt::format("a list of {} entries", node.items.size())
                                 : node.describe();
    context.problems.error(node.place,
                           fmt::format("layer_range must be a list of two integers, not {}", what),
                           std::string(kForm));
    return std::nullopt;
  }
  const auto begin = layer_number(node.items[0]);
  const auto end = layer_number(node.items[1]);
  if (!begin || !end) {
    const yaml::Node& bad = begin ? node.items[1] : node.items[0];
    context.problems.error(
        bad.place, fmt::format("layer_range must hold two integers, not {}", bad.describe()),
        std::string(kForm));
    return std::nullopt;
  }
  if (*begin < 0 || *end <= *begin) {
    context.problems.error(node.place,
                           fmt::format("layer_range [{}, {}] holds no layers", *begin, *end),
                           std::string(kForm));
    return std::nullopt;
  }
  return std::pair{*begin, *end};
}

std::optional<DType> read_dtype(ReadContext& context, const yaml::Node& node,
                                std::string_view key) {
  constexpr std::string_view kAllowed = "allowed: bfloat16, float16, float32, int64";
  if (!require_string(context, node, key)) return std::nullopt;
  std::string_view name = node.text;
  if (name.starts_with("torch.")) name.remove_prefix(6);
  for (const DType type : {DType::BF16, DType::F16, DType::F32, DType::I64}) {
    if (dtype_torch_name(type) == name) return type;
  }
  struct Short {
    std::string_view name, hint;
  };
  constexpr Short kShort[] = {{"bf16", "bfloat16"}, {"fp16", "float16"}, {"half", "float16"},
                              {"f16", "float16"},   {"fp32", "float32"}, {"float", "float32"},
                              {"f32", "float32"}};
  std::string hint;
  for (const Short& entry : kShort) {
    if (entry.name == name) hint = fmt::format(" (did you mean '{}'?)", entry.hint);
  }
  constexpr std::string_view kNames[] = {"bfloat16", "float16", "float32", "int64"};
  if (hint.empty() && name.size() <= 64) hint = did_you_mean(name, kNames);
  context.problems.error(node.place,
                         fmt::format("unknown {} {}{}", key, in_quotes(node.text), hint),
                         std::string(kAllowed));
  return std::nullopt;
}

std::optional<std::uint64_t> read_unsigned(ReadContext& context, const yaml::Node& node,
                                           std::string_view key) {
  if (node.kind == yaml::Kind::kInt && node.integer >= 0) {
    return static_cast<std::uint64_t>(node.integer);
  }
  // From 2^63 on YAML's own integers end; the seed has 64 bits.
  std::uint64_t large = 0;
  const char* end = node.text.data() + node.text.size();
  const auto [stop, error] = std::from_chars(node.text.data(), end, large);
  if (node.is_scalar() && !node.quoted && error == std::errc() && stop == end && large >> 63) {
    return large;
  }
  context.problems.error(
      node.place, fmt::format("'{}' must be an integer from 0, not {}", key, node.describe()));
  return std::nullopt;
}

}  // namespace mod::merge::detail
