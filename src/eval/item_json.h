// Results of items as lines of JSON, and back.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "eval/results.h"

namespace mod::eval {

nlohmann::ordered_json to_json(const ItemResult& item);

/// What to_json made. Throws Error(kCorruptFile) with `place` for anything else.
ItemResult item_from_json(const nlohmann::ordered_json& json, const std::string& place);

}  // namespace mod::eval
