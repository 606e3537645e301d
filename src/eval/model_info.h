// What MODEL arguments are before they are opened: kinds, parents, fingerprints; and the rows that
// an evaluation gets from them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cpu/context.h"
#include "eval/results.h"

namespace mod::eval {

struct ModelInfo {
  std::string argument;  // as typed, or the path of an added parent
  std::string label;     // short and unique
  RowKind kind = RowKind::kParent;
  bool is_added = false;
  std::vector<std::string> parents;  // arguments of other rows
  std::filesystem::path path;        // canonical
  std::string fingerprint;           // of what decides the answers
};

/// Rows in the order of tables: parents (as typed, then those that recipes name and nobody typed),
/// merges, mixtures. `set` overrides values of every recipe. Reads headers, configs and samples of
/// the weights only. Throws as bundle::resolve_argument and bundle::plan_recipe;
/// Error(kInvalidInput) for a model named twice.
std::vector<ModelInfo> plan_rows(const std::vector<std::string>& arguments,
                                 const std::vector<std::string>& set, bool add_parents,
                                 const Context& context);

/// SHA-256 of a model folder's small files and of samples of its weights.
std::string folder_fingerprint(const std::filesystem::path& folder);

}  // namespace mod::eval
