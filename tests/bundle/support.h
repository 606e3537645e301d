// Bundles of the specialists and of recipes, and what they compute.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "bundle/bundle.h"
#include "merge/budget.h"
#include "merge/run.h"
#include "nn/runner.h"
#include "support/tiny_model.h"

namespace mod::bundle::testing {

using mod::testing::TempFolder;
using mod::testing::write_text;
namespace fs = std::filesystem;

inline const fs::path kExamples = fs::path(MOD_SOURCE_DIR) / "examples";
inline const fs::path kTiny = fs::path(MOD_SOURCE_DIR) / "tests/data/tiny";

inline std::string specialist(const std::string& name) {
  return (kExamples / "specialists" / name).string();
}

inline Context test_context(int threads = 2) {
  static Log log(LogLevel::kError);
  Context context;
  context.threads = threads;
  context.log = &log;
  return context;
}

inline Bundle open(const fs::path& argument, OpenOptions options = {},
                   const std::vector<std::string>& set = {}) {
  return Opener(test_context(), options).open(argument.string(), set);
}

/// Logits of all positions of a text of `tokens` ids that every tiny vocabulary has.
inline std::vector<float> logits(const Bundle& bundle, std::size_t tokens = 17) {
  std::vector<nn::Token> ids;
  for (std::size_t i = 0; i < tokens; ++i) ids.push_back(static_cast<nn::Token>((7 * i + 3) % 61));
  // One thread: two that wait for one another are slow where other tests run at the same time.
  nn::Runner runner(test_context(1));
  nn::Session session(bundle.mixture.experts.front().model);
  const nn::Input input{&session, ids, nn::Logits::kAll};
  std::vector<float> out;
  runner.run({&input, 1}, [&](const nn::LogitsBlock& block) {
    out.insert(out.end(), block.data, block.data + block.rows * block.vocabulary);
  });
  return out;
}

/// As `mod merge RECIPE OUT`.
inline void merge_to_disk(const fs::path& recipe, const fs::path& out, int threads = 2) {
  Problems problems;
  merge::PlanOptions options;
  const merge::Plan plan = merge::load_plan(recipe, {}, options, problems);
  problems.throw_if_errors();
  Context context = test_context(threads);
  const merge::Budget budget = merge::make_budget(plan, options.memory, context);
  merge::RunOptions run;
  run.execute.tile_elements = budget.tile_elements;
  run.execute.state_bytes = budget.state_bytes;
  merge::merge_to_folder(plan, out, run, context);
}

/// The error that `work` throws, or a failure.
template <class Work>
Error error_of(const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return Error(ErrorCode::kInternal, "nothing was thrown");
}

inline bool says(const Error& error, std::string_view part) {
  const bool found = std::string_view(error.what()).find(part) != std::string_view::npos;
  if (!found) ADD_FAILURE() << '"' << part << "\" is not in \"" << error.what() << '"';
  return found;
}

/// Files of a folder but its weights, copied; weights are linked.
inline void copy_model(const fs::path& from, const fs::path& to) {
  fs::create_directories(to);
  for (const fs::directory_entry& entry : fs::directory_iterator(from)) {
    const fs::path name = entry.path().filename();
    if (name.extension() == ".safetensors") {
      fs::create_symlink(fs::canonical(entry.path()), to / name);
    } else {
      fs::copy_file(entry.path(), to / name);
    }
  }
}

}  // namespace mod::bundle::testing
