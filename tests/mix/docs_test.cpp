// docs/mixing.md says what the tables of rules and gates say.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <set>
#include <sstream>

#include "mix/gate.h"
#include "mix/rule.h"

namespace mod::mix::testing {
namespace {

std::string page() {
  std::ifstream file(std::string(MOD_SOURCE_DIR) + "/docs/mixing.md");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void expect_line(const std::string& line) {
  static const std::string text = page();
  EXPECT_NE(text.find("\n" + line + "\n"), std::string::npos) << "docs/mixing.md lacks: " << line;
}

std::size_t lines_beginning(const std::string& start) {
  const std::string text = page();
  std::size_t count = 0;
  for (std::size_t at = text.find(start); at != std::string::npos; at = text.find(start, at + 1)) {
    ++count;
  }
  return count;
}

std::string yes(const Permission& p) { return p.allowed ? "yes" : "no"; }

template <class Entry>
void expect_shared_lines(const Entry& entry, std::size_t tables) {
  for (const Parameter& p : entry.parameters) {
    expect_line(fmt::format("| `{}` | `{}` | {} | {} | {} |", entry.name, p.name, p.value,
                            limits_of(p), p.help));
    EXPECT_EQ(problem_of(p, p.value), "") << "the default is within the limits";
  }
  expect_line(fmt::format("| `{}` | {} | {} | {} |", entry.name, yes(entry.modes.draw),
                          yes(entry.modes.certified), yes(entry.modes.lazy)));
  EXPECT_EQ(lines_beginning(fmt::format("\n| `{}` |", entry.name)),
            tables + entry.parameters.size())
      << entry.name;
}

TEST(Docs, RulesAreInThePage) {
  for (const Rule* rule : rules()) {
    const char* weights = rule->weights == WeightUse::kShares      ? "divided by their sum"
                          : rule->weights == WeightUse::kExponents ? "exponents, may be negative"
                                                                   : "refused";
    std::string roles;
    for (const std::string_view role : rule->roles) {
      roles += (roles.empty() ? "" : ", ") + std::string(role);
    }
    expect_line(fmt::format("| `{}` | {} | {} | {} | `{}` |", rule->name, weights,
                            roles.empty() ? "-" : roles, rule->help, rule->formula));
    expect_shared_lines(*rule, 2);
    EXPECT_NE(page().find(rule->paper), std::string::npos) << rule->name;
  }
}

TEST(Docs, GatesAreInThePage) {
  for (const Gate* gate : gates()) {
    expect_line(fmt::format("| `{}` | {} | `{}` |", gate->name, gate->help, gate->formula));
    expect_shared_lines(*gate, 2);
  }
}

TEST(Tables, NamesAreUniqueAndFound) {
  std::set<std::string_view> names;
  for (const Rule* rule : rules()) {
    EXPECT_TRUE(names.insert(rule->name).second);
    EXPECT_EQ(find_rule(rule->name), rule);
  }
  for (const Gate* gate : gates()) {
    EXPECT_TRUE(names.insert(gate->name).second);
    EXPECT_EQ(find_gate(gate->name), gate);
  }
  EXPECT_EQ(find_gate("linear"), nullptr);
}

TEST(Tables, ValuesOutsideTheLimitsAreNamed) {
  const Rule& power = *find_rule("power");
  EXPECT_EQ(problem_of(power.parameters[0], -HUGE_VAL), "");
  EXPECT_EQ(problem_of(power.parameters[0], 2000),
            "rho is 2000, but must be -1000 to 1000, -inf or inf");
  const Gate& prompt = *find_gate("prompt");
  EXPECT_EQ(problem_of(prompt.parameters[0], 0), "tau is 0, but must be above 0, at most 1000000");
  EXPECT_NE(problem_of(prompt.parameters[0], NAN), "");
  EXPECT_EQ(find_parameter(find_gate("share")->parameters, "eta"), 1);
  EXPECT_EQ(find_parameter(find_gate("share")->parameters, "tau"), -1);
}

}  // namespace
}  // namespace mod::mix::testing
