// What is wrong with a mixture's options and with the files that it names.
#include <gtest/gtest.h>

#include "bundle/mixture_support.h"
#include "bundle/support.h"

namespace mod::bundle::testing {
namespace {

TEST(MixtureOptionErrors, SetThatDoesNotFit) {
  const auto with = [](const std::string& key, const std::string& value) {
    return parse(two("{gate: share}"), no_files({{key, value}}));
  };
  expect_errors(with("experts.maht.weight", "1"),
                {"--set experts.maht.weight: there is no expert 'maht' (did you mean 'math'?); "
                 "the experts are: math, code"});
  expect_errors(with("experts[7].weight", "1"), {"--set experts[7].weight: '[7]' is past the end"});
  expect_errors(with("mixture.gate.rate", "2"),
                {"--set, mixture.gate.rate: gate 'share': rate is 2, but must be 0 to 1"});
  expect_errors(with("mixture.gate.tau", "2"),
                {"--set, mixture.gate.tau: gate 'share' has no key 'tau'"});
  expect_errors(with("mixture.gate.kind", "turm"),
                {"--set, mixture.gate.kind: unknown gate 'turm' (did you mean 'turn'?)"});
}

TEST(MixtureOptionErrors, CommandLine) {
  const auto errors = [](const std::vector<std::string>& experts, const MixtureChoices& choices) {
    MixtureOptions options = no_files();
    options.choices = choices;
    Read read;
    read.mixture = mixture_of_experts(experts, options, read.problems);
    return read;
  };
  expect_errors(errors({"math", "=m", "a="}, {"liner", "{kind: share", ""}),
                {"--expert math: this is no expert; write NAME=MODEL or "
                 "NAME=MODEL@WEIGHT",
                 "--expert =m: this is no expert", "--expert a=: this is no expert",
                 "--gate {kind: share:1:"});
  expect_errors(errors({"a=m", "b=m"}, {"liner", "{kind: share, rate: 2}", "lazi"}),
                {"--rule liner: unknown rule 'liner' (did you mean 'linear'?)",
                 "--gate {kind: share, rate: 2}:1:21, rate: gate 'share': rate is 2",
                 "--mode lazi: unknown mode 'lazi' (did you mean 'lazy'?)"});
  expect_errors(errors({"a=m", "b=m"}, {"", "fixed", ""}),
                {"--gate fixed: gate 'fixed' needs a weight for every expert: they are never "
                 "silently equal; write, for example, --weights a=0.5,b=0.5, or in the file"});
  expect_errors(errors({}, {}),
                {"the command line: the mixture has no expert; write --expert NAME=MODEL"});
}

TEST(MixtureOptionErrors, ModelsThatAreNotThere) {
  const TempFolder folder;
  write_text(folder / "m.yml",
             "mixture: {gate: fixed}\nexperts:\n"
             "  - {name: a, model: nowhere, weight: 1}\n"
             "  - {name: b, model: other.yml, chat_template: t.jinja}\n");
  write_text(folder / "other.yml", "mixture: {}");
  Read read;
  read.mixture = read_mixture(folder / "m.yml", {}, read.problems);
  const std::string file = (folder / "m.yml").string();
  expect_errors(read,
                {file + ":3:22, experts[0].model: model 'nowhere' not found; looked at " +
                     (folder / "nowhere").string(),
                 file + ":4:22, experts[1].model: 'other.yml' is a mixture, and a mixture as an "
                        "expert of a mixture is not supported yet; list its experts here",
                 file +
                     ":4:48, experts[1].chat_template: there is no chat template 't.jinja'; "
                     "looked in '" +
                     folder.path().string() + "' and in the working directory",
                 file + ":4:5, experts[1]: 'b' has no weight while other experts have one"});
  Read wrong;
  wrong.mixture = read_mixture(folder.path(), {}, wrong.problems);
  expect_errors(wrong, {folder.path().string() + ": this is a folder, not a mixture"});
  EXPECT_EQ(error_of([&] {
              Problems problems;
              (void)read_mixture(folder / "none.yml", {}, problems);
            }).code(),
            ErrorCode::kInvalidInput);
}

}  // namespace
}  // namespace mod::bundle::testing
