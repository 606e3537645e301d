#include <gtest/gtest.h>

#include "cli/support.h"
#include "merge/method.h"
#include "merge/recipe.h"

namespace mod::testing {
namespace {

TEST(Methods, TheListHoldsEveryRegisteredMethod) {
  const nlohmann::json json = run_json({"methods"});
  ASSERT_EQ(json["methods"].size(), merge::methods().size());
  const std::string text = run_mod({"methods"}).out;
  for (std::size_t i = 0; i < merge::methods().size(); ++i) {
    const merge::MethodInfo& method = *merge::methods()[i];
    EXPECT_EQ(json["methods"][i]["name"], method.name);
    EXPECT_EQ(json["methods"][i]["parameters"].size(), method.params.size());
    EXPECT_NE(text.find("\n" + std::string(method.name) + " "), std::string::npos) << method.name;
  }
}

TEST(Methods, OneMethodShowsItsTable) {
  const nlohmann::json json = run_json({"methods", "ties"});
  EXPECT_EQ(json["paper"], "arXiv 2306.01708");
  EXPECT_EQ(json["base"], "required");
  const auto& parameters = json["parameters"];
  const auto density = std::find_if(parameters.begin(), parameters.end(),
                                    [](const auto& p) { return p["name"] == "density"; });
  ASSERT_NE(density, parameters.end());
  EXPECT_EQ((*density)["type"], "number");
  EXPECT_EQ((*density)["per_model"], true);
  EXPECT_EQ((*density)["default"], 1.0);
  const std::string text = run_mod({"methods", "ties"}).out;
  for (const char* part : {"density", "per model", "2306.01708", "merge_method: ties", "lambda"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part;
  }
}

TEST(Methods, EveryExampleIsARecipeWithoutErrors) {
  const nlohmann::json json = run_json({"methods"});
  for (const auto& method : json["methods"]) {
    Problems problems;
    const merge::Recipe recipe =
        merge::parse_recipe(method["example"].get<std::string>(), "example.yml", {}, problems);
    EXPECT_EQ(recipe.method, method["name"].get<std::string>());
    EXPECT_EQ(problems.count(Severity::kError) + problems.count(Severity::kWarning), 0u)
        << method["example"] << "\n"
        << (problems.all().empty() ? "" : to_text(problems.all()[0]));
  }
}

TEST(Methods, UnknownMethodNamesTheNearest) {
  expect_refused({"methods", "dare-ties"}, {"'dare-ties'", "did you mean 'dare_ties'?"});
}

}  // namespace
}  // namespace mod::testing
