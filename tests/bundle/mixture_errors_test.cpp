// Mixture files that are wrong: everything is reported at once, with its place and what to do.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "bundle/mixture_support.h"

namespace mod::bundle::testing {
namespace {

TEST(MixtureErrors, AllAtOnce) {
  const Read read = parse(R"(mixture:
  rule: {kind: power, rho: 2000, alpha: 1}
  gate: shar
  mode: {kind: lazy, epsilon: 0.6, lag: 2.5}
  rulle: linear
experts:
  - {name: a b, model: m, wieght: 1}
  - {name: c, temperature: -1, weight: much}
  - {name: d, model: m, merge_method: linear, gate: share}
  - just text
extra: 1
)");
  expect_errors(
      read,
      {"m.yml:11:8, extra: a mixture file has no key 'extra'; known here: mixture, experts",
       "m.yml:5:10, mixture.rulle: 'mixture' has no key 'rulle' (did you mean 'rule'?); known "
       "here: "
       "rule, gate, mode",
       "m.yml:2:41, mixture.rule.alpha: rule 'power' has no key 'alpha'; known here: kind, rho",
       "m.yml:2:28, mixture.rule.rho: rule 'power': rho is 2000, but must be -1000 to 1000, -inf "
       "or inf",
       "m.yml:3:9, mixture.gate: unknown gate 'shar' (did you mean 'share'?); allowed: fixed, "
       "prompt, turn, share, entropy",
       "m.yml:4:31, mixture.mode.epsilon: mode 'lazy': epsilon is 0.6, but must be above 0, at "
       "most 0.5",
       "m.yml:4:41, mixture.mode.lag: mode 'lazy': lag is 2.5, but must be a whole number",
       "m.yml:7:35, experts[0].wieght: an expert has no key 'wieght' (did you mean 'weight'?)",
       "m.yml:7:12, experts[0].name: the name of an expert cannot be the string 'a b'; use "
       "letters, digits, '_' and '-', at most 64 of them",
       "m.yml:8:5, experts[1]: the expert has no 'model'; add 'model: ...'",
       "m.yml:8:40, experts[1].weight: 'weight' must be a number, not the string 'much'",
       "m.yml:8:28, experts[1].temperature: temperature is -1, but must be above 0, at most 100",
       "m.yml:9:39, experts[2].merge_method: an expert has no key 'merge_method': it belongs to a "
       "recipe; move it, or remove it",
       "m.yml:9:53, experts[2].gate: an expert has no key 'gate': it belongs to the map 'mixture'",
       "m.yml:10:5, experts[3]: an expert must be a map, not the string 'just text'"});
}

TEST(MixtureErrors, FixedWithoutWeightsSaysWhatToWrite) {
  expect_errors(parse(two("{gate: fixed}")),
                {"m.yml:1:17, mixture.gate: gate 'fixed' needs a weight for every expert: they are "
                 "never silently equal; write, for example, --weights math=0.5,code=0.5, or in the "
                 "file:\n"
                 "experts:\n"
                 "  - {name: math, model: m, weight: 0.5}\n"
                 "  - {name: code, model: c, weight: 0.5}"});
}

TEST(MixtureErrors, WeightsOfSomeExperts) {
  const std::string text =
      "mixture: {gate: turn}\nexperts:\n  - {name: a, model: m, weight: 1}\n"
      "  - {name: b, model: m}\n  - {name: c, model: m}\n";
  expect_errors(parse(text),
                {"m.yml:4:5, experts[1]: 'b' has no weight while other experts have one; write "
                 "'weight: ...' for every expert or for none; 0 leaves one out",
                 "m.yml:5:5, experts[2]: 'c' has no weight"});
  expect_errors(parse(two("{}"), no_files({}, "code=1")), {"m.yml:3:5, experts[0]: 'math' has no "
                                                           "weight"});
}

TEST(MixtureErrors, WeightsThatMeanNothing) {
  const auto with = [](const std::string& mixture, const std::string& weights) {
    return parse(two(mixture), no_files({}, weights));
  };
  expect_errors(with("{}", "math=-1,code=2"),
                {"m.yml:3:5, experts[0]: the weight of 'math' is -1; negative weights mean nothing "
                 "under rule 'linear'; write 'rule: log_linear' and 'gate: fixed'"});
  expect_errors(with("{rule: log_linear}", "math=-1,code=2"),
                {"m.yml:3:5, experts[0]: the weight of 'math' is -1, but gate 'share' takes the "
                 "weights for its prior, and no prior is negative; write 'gate: fixed'"});
  expect_errors(with("{rule: log_linear, gate: fixed}", "math=-1001,code=2"),
                {"m.yml:3:5, experts[0]: the weight of 'math' is -1001, but must be -1000 to "
                 "1000"});
  expect_errors(with("{}", "math=1e10,code=2"),
                {"m.yml:3:5, experts[0]: the weight of 'math' is 10000000000, but must be 0 to "
                 "1000000000"});
  expect_errors(with("{rule: log_linear, gate: fixed}", "math=0,code=0"),
                {"m.yml:3:5, experts[0]: the weights of all experts are 0; give at least one"});
  expect_errors(parse("mixture:\nexperts: [{name: a, model: m, weight: .nan}]"),
                {"m.yml:2:11, experts[0]: the weight of 'a' is nan, but must be"});
  expect_errors(parse("mixture: {rule: log_linear, gate: fixed}\n"
                      "experts: [{name: a, model: m, weight: .nan}]"),
                {"m.yml:2:11, experts[0]: the weight of 'a' is nan, but must be"});
}

TEST(MixtureErrors, OptionWeights) {
  const auto with = [](const std::string& weights) {
    return parse(two("{}"), no_files({}, weights));
  };
  expect_errors(with("math=0.5,cod=0.5,french"),
                {"--weights math=0.5,cod=0.5,french: there is no expert 'cod' (did you mean "
                 "'code'?); the experts are: math, code",
                 "--weights math=0.5,cod=0.5,french: 'french' is not NAME=NUMBER; the form is "
                 "--weights math=0.7,code=0.3"});
  expect_errors(with("math=inf,code=1"), {"--weights math=inf,code=1: 'math=inf' is not "
                                          "NAME=NUMBER"});
  expect_errors(with("math=1,"), {"--weights math=1,: '' is not NAME=NUMBER"});
}

TEST(MixtureErrors, RulesWithRoles) {
  expect_errors(parse(two("{rule: contrastive}")),
                {"m.yml:3:5, experts[0]: 'math' has no role under rule 'contrastive'; write 'role: "
                 "NAME' with one of: expert, amateur",
                 "m.yml:4:5, experts[1]: 'code' has no role",
                 "m.yml:1:17, mixture.rule: no expert has the role 'expert' of rule 'contrastive'; "
                 "write one expert for each role: expert, amateur",
                 "m.yml:1:17, mixture.rule: no expert has the role 'amateur'"});
  expect_errors(parse("mixture: {rule: proxy}\nexperts:\n"
                      "  - {name: a, model: m, role: anti-expert}\n"
                      "  - {name: b, model: m, role: base, weight: 1}\n"
                      "  - {name: base, model: m}\n"),
                {"m.yml:3:5, experts[0]: 'a' has the unknown role 'anti-expert' (did you mean "
                 "'antiexpert'?) under rule 'proxy'",
                 "m.yml:5:5, experts[2]: 'b' and 'base' both have the role 'base'",
                 "m.yml:1:17, mixture.rule: no expert has the role 'expert' of rule 'proxy'",
                 "m.yml:1:17, mixture.rule: no expert has the role 'antiexpert' of rule 'proxy'",
                 "m.yml:4:5, experts[1]: 'b' has a weight, but rule 'proxy' takes none: its "
                 "strength is set by its parameters; remove 'weight'"});
  expect_errors(parse("mixture:\nexperts: [{name: a, model: m, role: expert}]"),
                {"m.yml:2:11, experts[0]: 'a' has the role 'expert', but rule 'linear' has no "
                 "roles; remove 'role', or choose a rule with roles"});
}

TEST(MixtureErrors, RefusedCombinationsGiveTheReasonsOfTheTables) {
  const std::string roles = "\nexperts: [{name: expert, model: m}, {name: amateur, model: m}]";
  expect_errors(parse("mixture: {rule: contrastive, gate: share, mode: draw}" + roles),
                {"m.yml:1:36, mixture.gate: gate 'share' is refused: rule contrastive has the "
                 "fixed exponents 1 + beta and -beta; remove 'gate', or write 'gate: fixed'",
                 "m.yml:1:49, mixture.mode: mode 'draw' is refused: one expert's sample has the "
                 "mixture's distribution only under rule linear; write 'mode: exact'",
                 "m.yml:1:49, mixture.mode: mode 'draw' is refused: gate share needs every "
                 "expert's probability of every token; write 'mode: exact'"});
}

// Each combination is permitted or refused as the tables say.
TEST(MixtureErrors, EveryCombinationIsDecidedByTheTables) {
  for (const mix::Rule* rule : mix::rules()) {
    for (const mix::Gate* gate : mix::gates()) {
      for (const mix::Mode& mode : mix::kModes) {
        std::string text = fmt::format("mixture: {{rule: {}, gate: {}, mode: {}}}\nexperts:\n",
                                       rule->name, gate->name, mode.name);
        const char* weight = rule->weights == mix::WeightUse::kRefused ? "" : ", weight: 1";
        for (const std::string_view role : rule->roles) {
          text += fmt::format("  - {{name: {}, model: m}}\n", role);
        }
        if (rule->roles.empty()) text += fmt::format("  - {{name: a, model: m{}}}\n", weight);
        const bool permitted = (rule->gates.allowed || gate->needs_weights) &&
                               permission(rule->modes, mode.kind).allowed &&
                               permission(gate->modes, mode.kind).allowed;
        EXPECT_EQ(parse(text).errors().empty(), permitted) << text;
      }
    }
  }
}

TEST(MixtureErrors, NamesAreUniqueAndPlain) {
  expect_errors(parse("mixture:\nexperts:\n  - {name: a, model: m}\n  - {name: a, model: m}\n"),
                {"m.yml:4:5, experts[1]: two experts are called 'a'; the first one stands at "
                 "m.yml:3:5, experts[0]; give each a name of its own"});
  for (const char* name : {"a.b", "a/b", "a b", "\"\"", "\xC3\xA9", "a=b", "[a]", "{a: b}"}) {
    EXPECT_EQ(
        parse(fmt::format("mixture:\nexperts: [{{name: {}, model: m}}]", name)).errors().size(), 1u)
        << name;
  }
  const std::string longest(64, 'x');
  good("mixture:\nexperts: [{name: " + longest + ", model: m}]");
  EXPECT_EQ(parse("mixture:\nexperts: [{name: x" + longest + ", model: m}]").errors().size(), 1u);
}

TEST(MixtureErrors, ValuesOfAnExpert) {
  const auto error = [](const std::string& key) {
    const Read read = parse("mixture:\nexperts: [{name: a, model: m, " + key + "}]");
    const std::vector<std::string> errors = read.errors();
    EXPECT_EQ(errors.size(), 1u) << key;
    return errors.empty() ? std::string() : errors[0];
  };
  EXPECT_EQ(error("system: 12"),
            "error: m.yml:2:39, experts[0].system: 'system' must be a text, not the number 12; "
            "quote it if it is meant as a text");
  EXPECT_EQ(error("temperature: 0"),
            "error: m.yml:2:44, experts[0].temperature: temperature is 0, but must be above 0, at "
            "most 100");
  EXPECT_EQ(error("temperature: true"),
            "error: m.yml:2:44, experts[0].temperature: temperature must be a number, not the "
            "boolean true");
  EXPECT_EQ(error("temperature: .nan").find("error: m.yml:2:44"), 0u);
  EXPECT_EQ(error("context: 0.5").find("error: m.yml:2:40"), 0u);
  EXPECT_EQ(error("context: 1.5"),
            "error: m.yml:2:40, experts[0].context: context is 1.5, but must be a whole number");
  EXPECT_NE(error("context: -1").find("must be 1 to 2147483648"), std::string::npos);
  EXPECT_NE(error("rope_theta: 0").find("must be 1.001 to 1000000000000000"), std::string::npos);
  EXPECT_NE(error("rope_scaling: linear")
                .find("must be a map, not the string 'linear'; write it "
                      "as config.json does"),
            std::string::npos);
  EXPECT_NE(error("rope_scaling: {factor: 2}").find("names no 'rope_type'"), std::string::npos);
  EXPECT_NE(error("prefix: [a]").find("must be a text, not a list"), std::string::npos);
  EXPECT_NE(error("chat_template: '{% if %}'").find("m.yml:2:46, experts[0].chat_template"),
            std::string::npos);
  EXPECT_NE(error("weight: 1, weight: 2").find("key 'weight' is written twice; remove one"),
            std::string::npos);
}

TEST(MixtureErrors, WhatIsNoMixture) {
  const auto error = [](const std::string& text) {
    const std::vector<std::string> errors = parse(text).errors();
    EXPECT_EQ(errors.size(), 1u) << text;
    return errors.empty() ? std::string() : errors[0];
  };
  EXPECT_EQ(error(""), "error: m.yml:1:1: the file is empty");
  EXPECT_EQ(error("merge_method: linear\nmodels: []"),
            "error: m.yml:1:15, merge_method: this is a recipe (it has 'merge_method'), not a "
            "mixture; a mixture begins with 'mixture:' and has 'experts:'; docs/mixtures.md");
  EXPECT_NE(error("- a").find("a mixture must be a map, not a list"), std::string::npos);
  EXPECT_NE(error("experts: []").find("the key 'mixture' is missing"), std::string::npos);
  EXPECT_NE(error("mixture: {}\n---\nmixture: {}").find("m.yml:3:1: several YAML documents"),
            std::string::npos);
  EXPECT_NE(error("mixture: [").find("not valid YAML"), std::string::npos);
  EXPECT_NE(error("mixture: {}")
                .find("the mixture has no 'experts'; write, for example:\n"
                      "experts:\n  - {name: math, model: models/math}"),
            std::string::npos);
  EXPECT_NE(error("mixture: {}\nexperts: []").find("at least one expert, not an empty one"),
            std::string::npos);
  EXPECT_NE(error("mixture: {}\nexperts: {a: b}").find("at least one expert, not a map"),
            std::string::npos);
  EXPECT_NE(error("mixture: linear\nexperts: [{name: a, model: m}]")
                .find("'mixture' must be a map, not the string 'linear'"),
            std::string::npos);
  EXPECT_NE(error("mixture: {gate: {rate: 1}}\nexperts: [{name: a, model: m}]")
                .find("'gate' is a map without 'kind'; write its name, as in gate: {kind: share}"),
            std::string::npos);
  std::string many = "mixture:\nexperts:\n";
  for (int i = 0; i <= 64; ++i) many += fmt::format("  - {{name: e{}, model: m}}\n", i);
  EXPECT_NE(error(many).find("65 experts; at most 64"), std::string::npos);
}

}  // namespace
}  // namespace mod::bundle::testing
