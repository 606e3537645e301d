#include <fmt/format.h>

#include "arch/rope.h"
#include "arch/run_spec_parts.h"

namespace mod::arch {
namespace {

constexpr std::int64_t kMostPositions = std::int64_t{1} << 31;
/// max_window_layers where a config of Qwen 2 or 3 does not say it, as in transformers.
constexpr std::int64_t kFirstUpper = 28;

/// Layers with a window, as `layer_types` lists them.
void take_listed(const Json& types, std::int64_t width, ConfigReader& reader, RunSpec& spec) {
  if (!types.is_array() || types.size() != spec.layers.size()) {
    reader.error("layer_types",
                 fmt::format("is not a list of {} texts, one for each layer", spec.layers.size()));
    return;
  }
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (types[i] == kSlidingAttention) {
      spec.layers[i].window = width;
    } else if (types[i] != kFullAttention) {
      reader.error(fmt::format("layer_types[{}]", i),
                   "is neither full_attention nor sliding_attention",
                   "other kinds of layers are not supported yet");
      return;
    }
  }
}

/// Whether layer i has a window where the config does not list the layers.
class Rule {
 public:
  Rule(const WindowTraits& traits, ConfigReader& reader, const RunSpec& spec) : rule_(traits.rule) {
    const auto layers = static_cast<std::int64_t>(spec.layers.size());
    if (rule_ == WindowRule::kUpperLayers) {
      first_ = reader.integer("max_window_layers", 0, kMostPositions).value_or(kFirstUpper);
    } else if (rule_ == WindowRule::kPattern) {
      pattern_ = reader.integer("sliding_window_pattern", 1, layers + 1).value_or(traits.pattern);
    } else if (rule_ == WindowRule::kListedLayers) {
      reader.error("use_sliding_window", "is true, but there is no layer_types",
                   "name the layers with a window there");
    }
  }

  bool has_window(std::int64_t layer) const {
    switch (rule_) {
      case WindowRule::kEveryLayer:
        return true;
      case WindowRule::kUpperLayers:
        return layer >= first_;
      case WindowRule::kPattern:
        return (layer + 1) % pattern_ != 0;
      case WindowRule::kNone:
      case WindowRule::kListedLayers:
        break;
    }
    return false;
  }

 private:
  WindowRule rule_;
  std::int64_t first_ = 0, pattern_ = 1;
};

}  // namespace

void read_windows(const WindowTraits& traits, ConfigReader& reader, RunSpec& spec) {
  if (traits.rule == WindowRule::kNone) return;
  if (traits.switched && !reader.boolean("use_sliding_window", false)) return;
  const std::int64_t width = reader.has("sliding_window")
                                 ? reader.integer("sliding_window", 1, kMostPositions).value_or(0)
                                 : traits.width;
  if (width == 0) return;
  if (const Json* types = reader.find("layer_types");
      types && traits.rule != WindowRule::kEveryLayer) {
    return take_listed(*types, width, reader, spec);
  }
  const Rule rule(traits, reader, spec);
  for (std::size_t i = 0; i < spec.layers.size(); ++i) {
    if (rule.has_window(static_cast<std::int64_t>(i))) spec.layers[i].window = width;
  }
}

}  // namespace mod::arch
