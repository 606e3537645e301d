#include <gtest/gtest.h>

#include "cli/support.h"
#include "mod/version.h"

namespace mod::testing {
namespace {

TEST(CommandLine, VersionNamesCommitCompilerAndInstructionSet) {
  const ProcessResult result = run_mod({"--version"}, {{{"MOD_ISA", "scalar"}}, {}});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_NE(result.out.find(std::string("mod ") + kVersion + "\n"), std::string::npos);
  EXPECT_NE(result.out.find("commit: "), std::string::npos);
  EXPECT_NE(result.out.find(std::string("compiler: ") + kCompiler), std::string::npos);
  EXPECT_NE(result.out.find("instruction set: scalar\n"), std::string::npos);
}

TEST(CommandLine, UnknownInstructionSetIsRefused) {
  const ProcessResult result = run_mod({"--version"}, {{{"MOD_ISA", "sse9"}}, {}});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("sse9"), std::string::npos);
}

TEST(CommandLine, EveryCommandHelpsWithAnExample) {
  const std::vector<std::vector<std::string>> commands = {{},
                                                          {"merge"},
                                                          {"plan"},
                                                          {"verify"},
                                                          {"inspect"},
                                                          {"diff"},
                                                          {"methods"},
                                                          {"bench"},
                                                          {"bench", "make-model"},
                                                          {"bench", "merge"}};
  for (std::vector<std::string> words : commands) {
    const bool leaf = !words.empty() && words.back() != "bench";
    words.push_back("--help");
    const ProcessResult result = run_mod(words);
    EXPECT_EQ(result.exit_code, 0) << words[0];
    EXPECT_NE(result.out.find("Example:\n  mod "), std::string::npos) << result.out;
    EXPECT_EQ(result.err, "");
    if (!leaf) continue;
    for (const char* common : {"--threads", "--json", "-v", "-q,--quiet"}) {
      EXPECT_NE(result.out.find(common), std::string::npos) << words[0] << " " << common;
    }
  }
}

TEST(CommandLine, WithoutACommandTheHelpGoesToStderr) {
  const ProcessResult result = run_mod({});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_NE(result.err.find("Subcommands:"), std::string::npos);
}

TEST(CommandLine, UnknownCommandsNameTheNearest) {
  expect_refused({"inspcet", "x"}, {"'mod inspcet'", "did you mean 'inspect'?"});
  expect_refused({"bench", "make-modle"}, {"'mod bench make-modle'", "did you mean 'make-model'?"});
  expect_refused({"xyzzy"}, {"'mod xyzzy'", "mod --help"});
}

TEST(CommandLine, WrongArgumentsGiveOneMessageWithTheRemedy) {
  expect_refused({"inspect"}, {"MODEL is required", "`mod inspect --help`"});
  expect_refused({"diff", "a"}, {"B is required", "`mod diff --help`"});
  expect_refused({"inspect", "a", "b"}, {"unexpected argument 'b'"});
  expect_refused({"inspect", "a", "--staats"},
                 {"unknown option '--staats'", "did you mean '--stats'?"});
  expect_refused({"inspect", "--staats"}, {"unknown option '--staats'"});
  expect_refused({"methods", "--threads", "0"}, {"--threads"});
  expect_refused({"methods", "--threads", "many"}, {"--threads"});
  expect_refused({"methods", "--threads", "99999999999999999999"}, {"--threads"});
  expect_refused({"bench"}, {"mod bench --help"});
}

TEST(CommandLine, MergekitSpellingsOfCommonOptionsAreUnderstood) {
  for (const std::vector<std::string>& extra : {std::vector<std::string>{"--num-threads", "2"},
                                                {"-j", "2"},
                                                {"--no-quiet"},
                                                {"-v", "-v"}}) {
    std::vector<std::string> words = {"methods"};
    words.insert(words.end(), extra.begin(), extra.end());
    EXPECT_EQ(run_mod(words).exit_code, 0) << extra[0];
  }
}

TEST(CommandLine, AFullDiskUnderStandardOutputIsAFailure) {
  const ProcessResult result =
      run_process({"/bin/sh", "-c", std::string(MOD_PROGRAM) + " methods --json > /dev/full"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find("standard output"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace mod::testing
