// docs/mixtures.md has every key that the reader takes and no other, and what it shows is right. So
// are the files in examples/mixtures.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "bundle/mixture_schema.h"
#include "bundle/mixture_support.h"
#include "bundle/support.h"

namespace mod::bundle::testing {
namespace {

using detail::Level;

const std::string& page() {
  static const std::string text =
      mod::testing::read_text(fs::path(MOD_SOURCE_DIR) / "docs/mixtures.md");
  return text;
}

void expect_line(const std::string& line) {
  EXPECT_NE(page().find("\n" + line + "\n"), std::string::npos)
      << "docs/mixtures.md lacks: " << line;
}

std::size_t count(const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = page().find(part); at != std::string::npos;
       at = page().find(part, at + 1)) {
    ++found;
  }
  return found;
}

template <class Entry>
std::size_t expect_parameters(const char* key, const Entry& entry) {
  for (const mix::Parameter& p : entry.parameters) {
    expect_line(fmt::format("| `mixture.{}.{}` | `{}` | {} | {} | {} |", key, p.name, entry.name,
                            p.value, limits_of(p), p.help));
  }
  return entry.parameters.size();
}

TEST(MixtureDocs, HasEveryKeyAndNoOther) {
  std::size_t top = 0, expert = 0, mixture = 0;
  for (const detail::SchemaKey& key : detail::schema()) {
    expect_line(fmt::format("| `{}{}` | {} | {} | {} | {} |", prefix_of(key.level), key.name,
                            key.type, key.standard, key.range.empty() ? "-" : key.range, key.help));
    top += key.level == Level::kTop ? 1 : 0;
    mixture += key.level == Level::kMixture ? 1 : 0;
    expert += key.level == Level::kExpert ? 1 : 0;
  }
  for (const mix::Rule* rule : mix::rules()) mixture += expect_parameters("rule", *rule);
  for (const mix::Gate* gate : mix::gates()) mixture += expect_parameters("gate", *gate);
  for (const mix::Mode& mode : mix::kModes) {
    mixture += expect_parameters("mode", mode);
    expect_line(fmt::format("| `{}` | {} |", mode.name, mode.help));
  }
  EXPECT_EQ(count("\n| `mixture` |") + count("\n| `experts` |"), top);
  EXPECT_EQ(count("\n| `mixture."), mixture);
  EXPECT_EQ(count("\n| `experts[]."), expert);
  for (const mix::Rule* rule : mix::rules()) EXPECT_GE(count(fmt::format("`{}`", rule->name)), 1u);
  for (const mix::Gate* gate : mix::gates()) EXPECT_GE(count(fmt::format("`{}`", gate->name)), 1u);
}

// The reader knows the keys of the table: each gives another error than "has no key", or none.
TEST(MixtureDocs, TheReaderTakesEveryKeyOfTheTable) {
  for (const detail::SchemaKey& key : detail::schema()) {
    const std::string name(key.name);
    const std::string entry = fmt::format("{}: [wrong]", name);
    const std::string text =
        key.level == Level::kExpert ? "mixture: {}\nexperts: [{" + entry + "}]"
        : key.level == Level::kMixture
            ? "mixture: {" + entry + "}\nexperts: [{name: a, model: m}]"
            : entry + (name == "mixture" ? "\nexperts: [{name: a, model: m}]" : "\nmixture: {}");
    const Read read = parse(text);
    EXPECT_FALSE(read.errors().empty()) << text;
    for (const std::string& error : read.errors()) {
      EXPECT_EQ(error.find("has no key"), std::string::npos) << error;
    }
    EXPECT_EQ(key.read != nullptr, key.level == Level::kExpert) << name;
  }
}

TEST(MixtureDocs, WhatItShowsIsRight) {
  constexpr std::string_view kOpen = "```yaml\n";
  int blocks = 0;
  std::set<const mix::Rule*> rules;
  std::set<const mix::Gate*> gates;
  std::set<mix::ModeKind> modes;
  for (std::size_t at = page().find(kOpen); at != std::string::npos; at = page().find(kOpen, at)) {
    at += kOpen.size();
    const MixtureFile mixture = good(page().substr(at, page().find("```", at) - at));
    rules.insert(mixture.rule);
    gates.insert(mixture.gate);
    modes.insert(mixture.mode.kind);
    ++blocks;
  }
  EXPECT_GE(blocks, 10);
  EXPECT_EQ(rules.size(), mix::rules().size());
  EXPECT_GE(gates.size(), 4u);
  EXPECT_EQ(modes.size(), mix::kModes.size());
}

TEST(MixtureExamples, AreRightAndFindTheirModels) {
  int files = 0;
  for (const auto& entry : fs::directory_iterator(kExamples / "mixtures")) {
    Problems problems;
    const MixtureFile mixture = read_mixture(entry.path(), {}, problems);
    for (const Problem& problem : problems.all()) {
      EXPECT_NE(problem.severity, Severity::kError) << to_text(problem);
    }
    EXPECT_TRUE(mod::testing::read_text(entry.path()).starts_with("# ")) << "says what it is for";
    for (const ExpertEntry& expert : mixture.experts) {
      EXPECT_TRUE(fs::exists(expert.argument)) << expert.argument;
    }
    ++files;
  }
  EXPECT_GE(files, 10);
}

}  // namespace
}  // namespace mod::bundle::testing
