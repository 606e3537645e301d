// What a tokenizer puts around the ids of a text (a begin token, mostly). Immutable; thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "text/config_node.h"

namespace mod::text {

struct PostProcessor {
  std::vector<std::int32_t> before, after;
};

/// The `post_processor` of a tokenizer.json, for a single text. Understood: ByteLevel, Sequence,
/// TemplateProcessing. Throws Error(kUnsupported) for others, kCorruptFile for wrong values. Ids
/// are at most `most`.
PostProcessor read_post_processor(const ConfigNode& node, std::int32_t most);

}  // namespace mod::text
