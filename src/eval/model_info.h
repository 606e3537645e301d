// What MODEL arguments are before they are opened: kinds, parents, fingerprints; and the rows that
// an evaluation gets from them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bundle/mixture_file.h"
#include "cpu/context.h"
#include "eval/results.h"

namespace mod::eval {

struct ModelInfo {
  std::string argument;  // as typed, or the path of an added parent
  std::string label;     // short and unique
  RowKind kind = RowKind::kParent;
  bool is_added = false;
  std::vector<std::string> parents;  // arguments of other rows
  std::filesystem::path path;        // canonical; empty for a mixture of the command line
  std::optional<bundle::MixtureFile> mixture;
  std::string fingerprint;  // of what decides the answers
};

/// What becomes rows: MODEL arguments, and a mixture of the command line.
struct RowArguments {
  std::vector<std::string> models;
  std::optional<bundle::MixtureFile> mixture;
  std::vector<std::string> set, mixture_set;  // KEY=VALUE of every recipe, of every mixture file
};

/// Rows in the order of tables: parents (as typed, then those that recipes and mixtures name and
/// nobody typed), merges, mixtures. Reads headers, configs and samples of
/// the weights only. Throws as bundle::resolve_argument and bundle::plan_recipe;
/// Error(kInvalidInput) for a model named twice.
std::vector<ModelInfo> plan_rows(const RowArguments& arguments, bool add_parents,
                                 const Context& context);

/// SHA-256 of a model folder's small files and of samples of its weights.
std::string folder_fingerprint(const std::filesystem::path& folder);

}  // namespace mod::eval
