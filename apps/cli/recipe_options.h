// Options of the commands that read a recipe (merge, plan, bench merge), including mergekit's
// spellings.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "command.h"
#include "merge/plan.h"

namespace mod::cli {

struct RecipeArguments {
  std::string recipe;
  std::vector<std::string> set;  // KEY=VALUE
  std::optional<std::uint64_t> seed;
  bool strict = false;
  bool compat = false;
  bool allow_crimes = false;
  bool drop_unknown = false;
  std::string memory = "512M";
  std::string shard_size = "5B";
  bool single_file = false;
};

/// Adds RECIPE and the options above to `command`.
void add_recipe_options(CLI::App& command, RecipeArguments& arguments);

/// mergekit's options that change nothing here: accepted, hidden, noted at -v.
void add_accepted_options(CLI::App& command, std::vector<std::string>& seen);

/// Sizes checked; throws Error(kInvalidInput).
merge::PlanOptions plan_options(const RecipeArguments& arguments, const Context& context);

/// Recipe and plan with everything reported at once: warnings and notes to the log, errors thrown.
/// `notes` receives all problems (for --json); may be null.
merge::Plan make_plan(const RecipeArguments& arguments, const merge::PlanOptions& options, Log& log,
                      Problems* notes);

/// Peak resident memory of this process so far, in bytes.
std::uint64_t peak_resident_bytes();

}  // namespace mod::cli
