// The recipes that people copy: examples/ and the code blocks of docs/recipes.md.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "recipe_support.h"

namespace mod::merge {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
  std::ostringstream out;
  out << std::ifstream(file).rdbuf();
  return out.str();
}

TEST(RecipeExamples, ReadWithoutProblems) {
  int count = 0;
  for (const auto& entry :
       fs::recursive_directory_iterator(fs::path(MOD_SOURCE_DIR) / "examples")) {
    if (entry.path().extension() != ".yml" && entry.path().extension() != ".yaml") continue;
    const std::string text = text_of(entry.path());
    if (text.find("\ngate_mode:") != std::string::npos) continue;  // dense-to-MoE, refused
    if (text.find("\nmixture:") != std::string::npos) continue;    // tests/bundle reads them
    const Read r = read(text, {}, entry.path());
    EXPECT_EQ(r.errors(), 0U) << entry.path() << "\n" << r.all();
    const Read again = read(r.recipe.effective_text, {}, entry.path());
    EXPECT_EQ(again.errors(), 0U) << again.all();
    EXPECT_EQ(again.recipe.referenced_models(), r.recipe.referenced_models());
    ++count;
  }
  EXPECT_GE(count, 14) << "one for each method at least";
}

TEST(RecipeExamples, TheDocumentationIsRight) {
  const std::string page = text_of(fs::path(MOD_SOURCE_DIR) / "docs" / "recipes.md");
  constexpr std::string_view kOpen = "```yaml\n";
  int count = 0;
  for (std::size_t at = page.find(kOpen); at != std::string::npos; at = page.find(kOpen, at)) {
    at += kOpen.size();
    const std::string block = page.substr(at, page.find("```", at) - at);
    if (block.starts_with("model:")) continue;  // a part of a recipe
    const Read r = read(block);
    EXPECT_EQ(r.errors() + r.warnings(), 0U) << block << r.all();
    ++count;
  }
  EXPECT_GE(count, 4);
}

}  // namespace
}  // namespace mod::merge
