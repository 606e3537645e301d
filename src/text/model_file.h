// Reads the `model` of a tokenizer.json.
#pragma once

#include <memory>

#include "text/json_cursor.h"
#include "text/model.h"

namespace mod::text {

/// Ids from this on are refused: they would be holes, for nothing but memory.
std::int32_t id_limit(std::size_t file_bytes);

/// The cursor stands before the object. Understood: BPE and Unigram, by `type` or, in old files
/// without one, by their keys. Ids are below `limit`. Throws Error(kUnsupported) for other models
/// and options that are not built, kCorruptFile for wrong values.
std::unique_ptr<Model> read_model(JsonCursor& cursor, std::int32_t limit);

}  // namespace mod::text
