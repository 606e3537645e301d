#include "base/problems.h"

#include <gtest/gtest.h>

#include "mod/error.h"

namespace mod {
namespace {

TEST(Place, ShowsWhatIsKnown) {
  EXPECT_EQ((Place{"r.yml", 12, 5, "slices[2].layer_range"}.text()),
            "r.yml:12:5, slices[2].layer_range");
  EXPECT_EQ((Place{"r.yml", 12, 0, ""}.text()), "r.yml:12");
  EXPECT_EQ((Place{"r.yml", 0, 0, "models"}.text()), "r.yml, models");
  EXPECT_EQ((Place{"", 3, 4, ""}.text()), "line 3:4");
  EXPECT_EQ((Place{"", 0, 0, "models"}.text()), "models");
  EXPECT_EQ(Place{}.text(), "");
}

TEST(Problems, TextHasSeverityPlaceAndRemedy) {
  EXPECT_EQ(to_text({Severity::kWarning,
                     {"recipe.yml", 12, 5, "models[0]"},
                     "unknown key 'wieght' (did you mean 'weight'?)",
                     ""}),
            "warning: recipe.yml:12:5, models[0]: unknown key 'wieght' (did you mean 'weight'?)");
  EXPECT_EQ(to_text({Severity::kError, {}, "weights sum to 0", "set normalize: false"}),
            "error: weights sum to 0; set normalize: false");
  EXPECT_EQ(to_text({Severity::kNote, {"f", 0, 0, ""}, "x", ""}), "note: f: x");
}

TEST(Problems, ThrowsEveryErrorAtOnceAndNothingElse) {
  Problems problems;
  problems.warn({"r", 1, 1, ""}, "only a warning");
  problems.note({}, "only a note");
  EXPECT_NO_THROW(problems.throw_if_errors());
  EXPECT_FALSE(problems.has_errors());
  problems.error({"r", 2, 3, "a"}, "first", "do this");
  problems.error({}, "second");
  try {
    problems.throw_if_errors();
    FAIL();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "r:2:3, a: first; do this\nsecond");
    EXPECT_EQ(e.code(), ErrorCode::kInvalidInput);
    EXPECT_EQ(e.exit_code(), 2);
  }
}

TEST(Problems, StrictTurnsWarningsIntoErrors) {
  Problems problems;
  problems.warn({}, "w");
  problems.note({}, "n");
  problems.make_strict();
  EXPECT_EQ(problems.count(Severity::kError), 1u);
  EXPECT_EQ(problems.count(Severity::kWarning), 0u);
  EXPECT_EQ(problems.count(Severity::kNote), 1u);
}

TEST(Problems, AppendKeepsOrder) {
  Problems a, b;
  a.error({}, "1");
  b.warn({}, "2");
  a.append(b);
  a.append(a);
  ASSERT_EQ(a.all().size(), 4u);
  EXPECT_EQ(a.all()[1].text, "2");
  EXPECT_EQ(a.all()[2].text, "1");
}

}  // namespace
}  // namespace mod
