// Mixture files that are right: what they mean, defaults, overrides, the command line, and writing.
#include "bundle/mixture_file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "bundle/mixture_support.h"
#include "bundle/support.h"

namespace mod::bundle::testing {
namespace {

using Set = std::vector<std::pair<std::string, std::string>>;
constexpr double kInf = std::numeric_limits<double>::infinity();

TEST(MixtureFile, DefaultsAreLinearShareExact) {
  for (const char* text :
       {"mixture: {}\nexperts: [{name: a, model: m}]", "mixture:\nexperts: [{name: a, model: m}]",
        "mixture: {rule: , gate: ~, mode: null}\n"
        "experts: [{name: a, model: m, weight: , system: ~}]"}) {
    const MixtureFile mixture = good(text);
    EXPECT_EQ(mixture.rule, mix::find_rule("linear"));
    EXPECT_EQ(mixture.gate, mix::find_gate("share"));
    EXPECT_EQ(mixture.gate_parameters, (std::vector<double>{0.01, 1}));
    EXPECT_EQ(mixture.mode, mix::ModeSettings{});
    ASSERT_EQ(mixture.experts.size(), 1u);
    const ExpertEntry& expert = mixture.experts[0];
    EXPECT_EQ(expert.name, "a");
    EXPECT_EQ(expert.model, "m");
    EXPECT_EQ(expert.argument, "m");
    EXPECT_EQ(expert.temperature, 1);
    EXPECT_FALSE(expert.weight || expert.system || expert.chat_template || expert.prefix);
    EXPECT_FALSE(expert.context);
    EXPECT_TRUE(expert.rope.empty() && expert.role.empty());
    EXPECT_TRUE(mixture.weights().empty());
  }
}

TEST(MixtureFile, EveryKeyOfAnExpertIsRead) {
  const MixtureFile mixture = good(R"(
mixture: {rule: linear, gate: fixed, mode: {kind: lazy, epsilon: 0.05, lag: 16}}
experts:
  - name: 7b-math_2
    model: models/math
    weight: 3
    temperature: 0.9
    system: ""
    chat_template: "{{ messages[0].content }}"
    prefix: "Context: "
    context: 4096
    rope_theta: 1e6
    rope_scaling: {rope_type: yarn, factor: 4, original_max_position_embeddings: 32768, list: [1, 2.5, true, null]}
)");
  EXPECT_EQ(mixture.mode, (mix::ModeSettings{mix::ModeKind::kLazy, 0.05, 16}));
  const ExpertEntry& expert = mixture.experts.at(0);
  EXPECT_EQ(expert.name, "7b-math_2");
  EXPECT_EQ(expert.weight, 3);
  EXPECT_EQ(expert.temperature, 0.9);
  EXPECT_EQ(expert.system, "");
  EXPECT_EQ(expert.chat_template, "{{ messages[0].content }}");
  EXPECT_EQ(expert.template_text, "{{ messages[0].content }}");
  EXPECT_EQ(expert.prefix, "Context: ");
  EXPECT_EQ(expert.context, 4096u);
  EXPECT_EQ(expert.rope.dump(),
            R"({"rope_theta":1000000.0,"rope_scaling":{"rope_type":"yarn","factor":4,)"
            R"("original_max_position_embeddings":32768,"list":[1,2.5,true,null]}})");
}

TEST(MixtureFile, ParametersAndTheirDefaults) {
  const auto rule = [](const std::string& text) {
    return good(three("{gate: fixed, rule: " + text + "}")).rule_parameters;
  };
  EXPECT_EQ(rule("power"), std::vector<double>{0.5});
  EXPECT_EQ(rule("{kind: power, rho: -inf}"), std::vector<double>{-kInf});
  EXPECT_EQ(rule("{kind: power, rho: .inf}"), std::vector<double>{kInf});
  EXPECT_EQ(rule("{kind: power, rho: 1e-3}"), std::vector<double>{1e-3});
  const auto gate = [](const std::string& text) {
    return good(three("{gate: " + text + "}")).gate_parameters;
  };
  EXPECT_EQ(gate("{kind: share, eta: 0.5}"), (std::vector<double>{0.01, 0.5}));
  EXPECT_EQ(gate("{kind: prompt, tau: }"), std::vector<double>{1});
  EXPECT_EQ(gate("{kind: turn, tau: 2}"), std::vector<double>{2});
  EXPECT_EQ(gate("entropy"), std::vector<double>{0.25});
  EXPECT_EQ(gate("{kind: fixed}"), std::vector<double>{});
}

TEST(MixtureFile, RulesWithRolesHaveTheGateFixedAndAnOrder) {
  const MixtureFile proxy = good(R"(
mixture: {rule: {kind: proxy, alpha: 2}}
experts:
  - {name: tuned, model: t, role: expert}
  - {name: antiexpert, model: a}
  - {name: large, model: l, role: base}
)");
  EXPECT_EQ(proxy.gate, mix::find_gate("fixed"));
  EXPECT_EQ(proxy.rule_parameters, std::vector<double>{2});
  EXPECT_EQ(proxy.experts[1].role, "antiexpert");
  EXPECT_EQ(proxy.rule_order(), (std::vector<std::size_t>{2, 0, 1}));
  EXPECT_EQ(good(three("{gate: fixed}")).rule_order(), (std::vector<std::size_t>{0, 1, 2}));
}

TEST(MixtureFile, ExponentsMayBeNegativeUnderTheFixedGate) {
  const MixtureFile guidance = good(R"(
mixture: {rule: log_linear, gate: fixed}
experts:
  - {name: with, model: m, weight: 1.5, prefix: "Be brief. "}
  - {name: without, model: m, weight: -0.5}
)");
  EXPECT_EQ(guidance.weights(), (std::vector<double>{1.5, -0.5}));
}

TEST(MixtureFile, MissingWeightsAreNotedWhereTheyAreAPrior) {
  const Read none = parse(two("{gate: turn}"));
  EXPECT_EQ(none.texts(Severity::kNote),
            std::vector<std::string>{"note: m.yml:1:17, mixture.gate: no weights are written, so "
                                     "gate 'turn' starts from equal ones (1/2)"});
  EXPECT_TRUE(parse(three("{gate: turn}")).problems.all().empty());
  EXPECT_TRUE(parse("mixture: {rule: contrastive}\nexperts: [{name: expert, model: m}, "
                    "{name: amateur, model: a}]")
                  .problems.all()
                  .empty());
}

TEST(MixtureFile, SetChangesAnyValue) {
  const auto with = [](const std::string& text, Set set) {
    return good(text, no_files(std::move(set)));
  };
  EXPECT_EQ(with(two("{gate: share}"), {{"mixture.gate.rate", "0.02"}}).gate_parameters,
            (std::vector<double>{0.02, 1}));
  EXPECT_EQ(with(two("{}"), {{"mixture.gate.rate", "0.02"}}).gate_parameters,
            (std::vector<double>{0.02, 1}));
  EXPECT_EQ(with(two(""), {{"mixture.mode.kind", "lazy"}, {"mixture.mode.lag", "4"}}).mode,
            (mix::ModeSettings{mix::ModeKind::kLazy, 0.01, 4}));
  EXPECT_EQ(with(three("{gate: {kind: share, rate: 0.5}}"), {{"mixture.gate", "turn"}}).gate,
            mix::find_gate("turn"));
  const MixtureFile experts = with(three("{}"), {{"experts.code.weight", "2"},
                                                 {"experts[0].temperature", "0.5"},
                                                 {"experts.french.model", "other"}});
  EXPECT_EQ(experts.weights(), (std::vector<double>{0.5, 2, 0.25}));
  EXPECT_EQ(experts.experts[0].temperature, 0.5);
  EXPECT_EQ(experts.experts[2].model, "other");
}

TEST(MixtureFile, WeightsOfTheCommandLineWin) {
  const MixtureFile some = good(three("{}"), no_files({}, "code=2,math=1e-3"));
  EXPECT_EQ(some.weights(), (std::vector<double>{1e-3, 2, 0.25}));
  const MixtureFile all = good(two("{gate: fixed}"), no_files({}, "math=0.7,code=0.3"));
  EXPECT_EQ(all.weights(), (std::vector<double>{0.7, 0.3}));
  MixtureFile later = all;
  Problems problems;
  override_weights(later, "math=0", problems);
  EXPECT_FALSE(problems.has_errors());
  EXPECT_EQ(later.weights(), (std::vector<double>{0, 0.3}));
  override_weights(later, "code=0", problems);
  EXPECT_TRUE(problems.has_errors()) << "all weights are 0";
}

TEST(MixtureFile, ModelsAreFoundFromTheFile) {
  const TempFolder folder;
  write_text(folder / "mixtures/m.yml",
             "mixture: {}\nexperts:\n"
             "  - {name: a, model: ../models/a, chat_template: ../t.jinja}\n"
             "  - {name: b, model: r.yml}\n  - {name: c, model: r.yml}\n");
  write_text(folder / "mixtures/r.yml", "merge_method: linear\n");
  write_text(folder / "models/a/config.json", "{}");
  write_text(folder / "t.jinja", "{{ messages[0].content }}!");
  Problems problems;
  const MixtureFile mixture = read_mixture(folder / "mixtures/m.yml", {}, problems);
  problems.throw_if_errors();
  EXPECT_EQ(mixture.name, (folder / "mixtures/m.yml").string());
  EXPECT_EQ(mixture.experts[0].argument, (folder / "models/a").string());
  EXPECT_EQ(mixture.experts[0].template_text, "{{ messages[0].content }}!");
  EXPECT_EQ(mixture.experts[1].argument, (folder / "mixtures/r.yml").string());
  EXPECT_EQ(mixture.experts[2].argument, mixture.experts[1].argument);
}

TEST(MixtureFile, IsMixtureLooksForTheKeyAlone) {
  EXPECT_TRUE(is_mixture("mixture:\nmerge_method: linear"));
  EXPECT_TRUE(is_mixture("mixture: wrong"));
  for (const char* text : {"", "- mixture", "merge_method: linear", "mixture: [", "mixture"}) {
    EXPECT_FALSE(is_mixture(text)) << text;
  }
}

TEST(MixtureOfExperts, OfTheCommandLine) {
  MixtureOptions options = no_files();
  options.choices = {"log_linear", "{kind: turn, tau: 2}", "exact"};
  Problems problems;
  const MixtureFile mixture = mixture_of_experts(
      {"math=models/m@v2@0.5", "code=/c=d@1e1", "raw=m@x@-0"}, options, problems);
  problems.throw_if_errors();
  EXPECT_EQ(mixture.name, "the command line");
  EXPECT_EQ(mixture.rule, mix::find_rule("log_linear"));
  EXPECT_EQ(mixture.gate_parameters, std::vector<double>{2});
  ASSERT_EQ(mixture.experts.size(), 3u);
  EXPECT_EQ(mixture.experts[0].model, "models/m@v2");
  EXPECT_EQ(mixture.experts[1].model, "/c=d");
  EXPECT_EQ(mixture.experts[2].model, "m@x");
  EXPECT_EQ(mixture.weights(), (std::vector<double>{0.5, 10, 0}));

  Problems plain;
  const MixtureFile defaults = mixture_of_experts({"a=m@inf", "b=m@"}, no_files(), plain);
  plain.throw_if_errors();
  EXPECT_EQ(defaults.experts[0].model, "m@inf") << "no finite number is no weight";
  EXPECT_EQ(defaults.experts[1].model, "m@");
  EXPECT_EQ(defaults.gate, mix::find_gate("share"));
}

TEST(MixtureOfExperts, NamesAreTheRoles) {
  MixtureOptions options =
      no_files({{"mixture.rule.alpha", "0.2"}, {"experts.amateur.temperature", "2"}});
  options.choices.rule = "{kind: contrastive, beta: 1}";
  Problems problems;
  const MixtureFile mixture =
      mixture_of_experts({"amateur=small", "expert=large"}, options, problems);
  problems.throw_if_errors();
  EXPECT_EQ(mixture.rule_order(), (std::vector<std::size_t>{1, 0}));
  EXPECT_EQ(mixture.rule_parameters, (std::vector<double>{0.2, 1}));
  EXPECT_EQ(mixture.experts[0].temperature, 2);
}

TEST(Rope, IsOverriddenInEveryFormOfConfig) {
  using Json = nlohmann::ordered_json;
  const Json rope =
      Json::parse(R"({"rope_theta": 5.0, "rope_scaling": {"rope_type": "linear", "factor": 2}})");
  const auto overridden = [](const char* config, const Json& by) {
    Json json = Json::parse(config);
    override_rope(json, by);
    return json.dump();
  };
  EXPECT_EQ(overridden(R"({"rope_theta": 1, "x": 1})", rope),
            R"({"rope_theta":5.0,"x":1,"rope_scaling":{"rope_type":"linear","factor":2}})");
  EXPECT_EQ(overridden(R"({"text_config": {"rope_scaling": {"type": "yarn"}}})", rope),
            R"({"text_config":{"rope_scaling":{"rope_type":"linear","factor":2},)"
            R"("rope_theta":5.0}})");
  EXPECT_EQ(
      overridden(R"({"rope_parameters": {"rope_type": "yarn", "rope_theta": 1, "beta": 1}})", rope),
      R"({"rope_parameters":{"rope_theta":5.0,"rope_type":"linear","factor":2}})");
  EXPECT_EQ(overridden(R"({"rope_parameters": {"sliding_attention": {"rope_theta": 1},
                     "full_attention": {"rope_theta": 2, "partial_rotary_factor": 0.5, "a": 1}}})",
                       rope),
            R"({"rope_parameters":{"sliding_attention":{"rope_theta":1},"full_attention":)"
            R"({"rope_theta":5.0,"partial_rotary_factor":0.5,"rope_type":"linear","factor":2}}})");
  EXPECT_EQ(overridden(R"({"rope_theta": 1})", Json::object()), R"({"rope_theta":1})");
}

}  // namespace
}  // namespace mod::bundle::testing
