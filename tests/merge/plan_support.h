// Helpers of the plan tests: tiny models in a temporary folder, a recipe given as text, and a look
// at the plan and its problems.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "merge/plan.h"
#include "support/tiny_model.h"

namespace mod::merge {

using mod::testing::TinyLlama;
using mod::testing::TinyTensor;

class PlanTest : public ::testing::Test {
 protected:
  void model(const std::string& name, const TinyLlama& llama = {}) { llama.write(folder_ / name); }

  void model(const std::string& name, const std::string& config,
             const std::vector<TinyTensor>& tensors) {
    mod::testing::write_checkpoint(folder_ / name, config, tensors);
  }

  /// Reads the recipe and plans it; both leave their problems in problems_.
  const Plan& plan(std::string_view yaml) {
    problems_ = {};
    RecipeOptions recipe_options;
    recipe_options.compat = options_.compat;
    const Recipe recipe = parse_recipe(yaml, folder_ / "recipe.yml", recipe_options, problems_);
    plan_ = build_plan(recipe, options_, problems_);
    return plan_;
  }

  std::string all() const {
    std::string out;
    for (const Problem& p : problems_.all()) out += to_text(p) + "\n";
    return out;
  }

  ::testing::AssertionResult ok() const {
    if (!problems_.has_errors()) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << all();
  }

  std::size_t errors() const { return problems_.count(Severity::kError); }

  /// How many problems of this severity hold `part` in text, remedy or place.
  int count(Severity severity, std::string_view part) const {
    int n = 0;
    for (const Problem& p : problems_.all()) {
      n += p.severity == severity && to_text(p).find(part) != std::string::npos;
    }
    return n;
  }

  ::testing::AssertionResult has(Severity severity, std::string_view part) const {
    if (count(severity, part) > 0) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << "no such problem: \"" << part << "\" in\n" << all();
  }
  ::testing::AssertionResult has_error(std::string_view part) const {
    return has(Severity::kError, part);
  }
  ::testing::AssertionResult has_warning(std::string_view part) const {
    return has(Severity::kWarning, part);
  }

  const PlannedTensor* find(std::string_view name) const {
    for (const PlannedTensor& t : plan_.tensors) {
      if (t.name == name) return &t;
    }
    return nullptr;
  }

  const PlannedTensor& tensor(std::string_view name) const {
    const PlannedTensor* found = find(name);
    if (!found) throw std::runtime_error("not planned: " + std::string(name) + "\n" + all());
    return *found;
  }

  mod::testing::TempFolder folder_;
  PlanOptions options_;
  Problems problems_;
  Plan plan_;
};

}  // namespace mod::merge
