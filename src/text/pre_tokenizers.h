// Reads the `pre_tokenizer` of a tokenizer.json.
#pragma once

#include "text/config_node.h"
#include "text/pre_tokenizer.h"

namespace mod::text {

/// Adds the stages that `node` describes; none for null. Understood: ByteLevel, Digits, Metaspace,
/// Punctuation, Sequence, Split, Whitespace, WhitespaceSplit. Throws Error(kUnsupported) for
/// others, kCorruptFile for wrong values.
void add_pre_tokenizers(const ConfigNode& node, PreTokenizerChain& chain);

}  // namespace mod::text
