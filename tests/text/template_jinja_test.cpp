// The language, compared with Python's Jinja set up as Hugging Face transformers does. The cases
// are made by tests/oracle/jinja_cases.py.
#include <cstdlib>

#include "text/template_support.h"

namespace mod::text::test {
namespace {

std::string outcome(const std::string& source, const Json& variables) {
  try {
    return "text: " + render(source, variables);
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), 2) << error.what();
    return "error";
  }
}

void expect_cases_agree(const fs::path& path, std::size_t at_least) {
  const std::vector<Json> lines = read_lines(path);
  ASSERT_GT(lines.size(), at_least);
  const Json& variables = lines[0]["vars"];
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const Json& line = lines[i];
    const auto source = line["template"].get<std::string>();
    const bool is_error = line.contains("error") || line.contains("refused");
    const std::string expected = is_error ? "error" : "text: " + line["text"].get<std::string>();
    const Json& own = line.contains("vars") ? line["vars"] : variables;
    EXPECT_EQ(outcome(source, own), expected) << path.filename() << ':' << i + 1 << ": " << line;
  }
}

TEST(Jinja, EveryCaseAgreesWithPython) {
  expect_cases_agree(kSource / "tests/data/jinja_cases.jsonl", 500);
}

// For a developer with Python at hand: more cases of the same form.
TEST(Jinja, CasesFromElsewhereAgree) {
  const char* path = std::getenv("MOD_JINJA_CASES");
  if (!path) GTEST_SKIP() << "MOD_JINJA_CASES names no file";
  expect_cases_agree(path, 0);
}

}  // namespace
}  // namespace mod::text::test
