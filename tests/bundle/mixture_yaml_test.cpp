// A mixture that is written reads back as the same mixture, with the same models.
#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>

#include "bundle/mixture_file.h"
#include "bundle/mixture_support.h"
#include "bundle/support.h"

namespace mod::bundle::testing {
namespace {

void expect_same(const MixtureFile& a, const MixtureFile& b) {
  EXPECT_EQ(a.rule, b.rule);
  EXPECT_EQ(a.rule_parameters, b.rule_parameters);
  EXPECT_EQ(a.gate, b.gate);
  EXPECT_EQ(a.gate_parameters, b.gate_parameters);
  EXPECT_EQ(a.mode, b.mode);
  ASSERT_EQ(a.experts.size(), b.experts.size());
  for (std::size_t i = 0; i < a.experts.size(); ++i) {
    const ExpertEntry &x = a.experts[i], &y = b.experts[i];
    EXPECT_EQ(x.name, y.name);
    EXPECT_EQ(x.weight, y.weight);
    EXPECT_EQ(x.temperature, y.temperature);
    EXPECT_EQ(x.system, y.system);
    EXPECT_EQ(x.template_text, y.template_text);
    EXPECT_EQ(x.prefix, y.prefix);
    EXPECT_EQ(x.role, y.role);
    EXPECT_EQ(x.context, y.context);
    EXPECT_EQ(x.rope, y.rope);
  }
}

TEST(MixtureYaml, ReadsBackBitByBit) {
  MixtureFile mixture = good(R"(
mixture: {rule: {kind: power, rho: -inf}, gate: {kind: share, rate: 0.3}}
experts:
  - {name: "1", model: org/name, weight: 0.1, system: "", temperature: 1e-7, prefix: " a: #\n\t'"}
  - {name: b, model: ./m, weight: 0.2, context: 2147483648, rope_theta: 1e6, system: "yes",
     rope_scaling: {rope_type: yarn, factor: 4.0, text: "1e6", list: [1, null, true]}}
  - {name: c, model: "x: y", weight: 1e9, chat_template: "{% if a %}\n{{ b }}{% endif %}"}
)");
  mixture.experts[0].weight = 1.0 / 3;
  mixture.experts[1].temperature = std::nextafter(1.0, 2.0);
  mixture.gate_parameters[0] = std::numeric_limits<double>::denorm_min();
  const std::string text = mixture_yaml(mixture, "");
  expect_same(good(text), mixture);
  EXPECT_EQ(mixture_yaml(good(text), ""), text);
}

TEST(MixtureYaml, KeysStandInOrderOfTheSchema) {
  const MixtureFile mixture = good(
      "experts:\n  - {weight: 0.5, model: a, name: math}\n  - {model: b, name: code, weight: 1}\n"
      "mixture: {mode: {kind: lazy}, gate: turn}");
  EXPECT_EQ(mixture_yaml(mixture, ""),
            "mixture:\n"
            "  rule: linear\n"
            "  gate:\n"
            "    kind: turn\n"
            "    tau: 1.0\n"
            "  mode:\n"
            "    kind: lazy\n"
            "    epsilon: 0.01\n"
            "    lag: 8\n"
            "experts:\n"
            "  - name: math\n"
            "    model: a\n"
            "    weight: 0.5\n"
            "  - name: code\n"
            "    model: b\n"
            "    weight: 1.0\n");
}

class MovedMixture : public ::testing::Test {
 protected:
  MovedMixture() {
    write_text(folder_ / "mixtures/m.yml",
               "mixture: {}\nexperts:\n"
               "  - {name: a, model: ../models/a, chat_template: t.jinja}\n"
               "  - {name: b, model: r.yml}\n"
               "  - {name: c, model: " +
                   (folder_ / "models/a").string() + "}\n");
    write_text(folder_ / "mixtures/t.jinja", "{{ messages[0].content }}");
    write_text(folder_ / "mixtures/r.yml", "merge_method: linear\n");
    write_text(folder_ / "models/a/config.json", "{}");
    mixture_ = read(folder_ / "mixtures/m.yml");
  }

  static MixtureFile read(const fs::path& file) {
    Problems problems;
    MixtureFile mixture = read_mixture(file, {}, problems);
    problems.throw_if_errors();
    return mixture;
  }

  void expect_found(const fs::path& file) const {
    const MixtureFile moved = read(file);
    expect_same(moved, mixture_);
    for (std::size_t i = 0; i < moved.experts.size(); ++i) {
      EXPECT_TRUE(fs::equivalent(moved.experts[i].argument, mixture_.experts[i].argument));
    }
  }

  TempFolder folder_;
  MixtureFile mixture_;
};

TEST_F(MovedMixture, FindsItsModelsFromAnotherFolder) {
  const fs::path file = folder_ / "out/deep/fitted.yml";
  fs::create_directories(file.parent_path());
  write_text(file, mixture_yaml(mixture_, file));
  expect_found(file);
  EXPECT_EQ(read(file).experts[0].model, "../../models/a");
  EXPECT_EQ(read(file).experts[1].model, "../../mixtures/r.yml");
  EXPECT_EQ(read(file).experts[2].model, (folder_ / "models/a").string());
}

TEST_F(MovedMixture, FindsItsModelsThroughALinkedFolder) {
  fs::create_directories(folder_ / "far/away/place");
  fs::create_directory_symlink(folder_ / "far/away/place", folder_ / "near");
  const fs::path file = folder_ / "near/fitted.yml";
  write_text(file, mixture_yaml(mixture_, file));
  expect_found(file);
}

TEST_F(MovedMixture, FindsItsModelsFromAnywhereWithoutAName) {
  const TempFolder other;
  write_text(other / "x.yml", mixture_yaml(mixture_, ""));
  expect_found(other / "x.yml");
}

TEST_F(MovedMixture, FollowsItsFile) {
  const fs::path file = folder_ / "mixtures/fitted.yml";
  write_text(file, mixture_yaml(mixture_, file));
  expect_found(file);
  EXPECT_EQ(read(file).experts[0].model, "../models/a");
  EXPECT_EQ(read(file).experts[0].chat_template, "t.jinja");
  fs::rename(folder_ / "mixtures", folder_ / "moved");
  EXPECT_EQ(read(folder_ / "moved/fitted.yml").experts[1].argument,
            (folder_ / "moved/r.yml").string());
}

}  // namespace
}  // namespace mod::bundle::testing
