// The keys of a mixture file. The table drives the reader; docs/mixtures.md shows it.
#pragma once

#include <array>
#include <string_view>

#include "base/yaml.h"
#include "bundle/mixture_reader.h"

namespace mod::bundle::detail {

/// The maps of a mixture file; rules, gates and modes have their own tables.
enum class Level { kTop, kMixture, kExpert };

struct SchemaKey {
  Level level;
  std::string_view name;
  std::string_view type;
  std::string_view standard;  // where it is not written
  std::string_view range;
  std::string_view help;
  /// Of Level::kExpert: stores the value of this key, or says what is wrong with it.
  void (*read)(ReadContext& context, const yaml::Node& value, ExpertEntry& expert) = nullptr;
};

/// In the order in which mixture_yaml writes them.
std::span<const SchemaKey> schema();

/// "", "mixture." or "experts[].": what stands before a key of this level.
std::string_view prefix_of(Level level);

}  // namespace mod::bundle::detail
