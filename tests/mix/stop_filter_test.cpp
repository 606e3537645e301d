#include "mix/stop_filter.h"

#include <gtest/gtest.h>

namespace mod::mix {
namespace {

TEST(StopFilter, HoldsBackOnlyWhatMayBecomeAStop) {
  StopFilter filter({"###", "\n\n"});
  EXPECT_EQ(filter.put("a#b"), "a#b");
  EXPECT_EQ(filter.put("c##"), "c");
  EXPECT_EQ(filter.put("d"), "##d");
  EXPECT_EQ(filter.put("\n"), "");
  EXPECT_EQ(filter.put("e"), "\ne");
  EXPECT_FALSE(filter.stopped());
}

TEST(StopFilter, EndsBeforeTheFirstStopAcrossPieces) {
  StopFilter filter({"</s>", "STOP"});
  EXPECT_EQ(filter.put("x S"), "x ");
  EXPECT_EQ(filter.put("TO"), "");
  EXPECT_EQ(filter.put("P y </s>"), "");
  EXPECT_TRUE(filter.stopped());
  EXPECT_EQ(filter.put("more"), "");
  EXPECT_EQ(filter.finish(), "");
}

TEST(StopFilter, GivesTheRestAtTheEnd) {
  StopFilter filter({"abc"});
  EXPECT_EQ(filter.put("xab"), "x");
  EXPECT_EQ(filter.finish(), "ab");
}

TEST(StopFilter, EmptyStopsNeverMatch) {
  StopFilter filter({""});
  EXPECT_EQ(filter.put("text"), "text");
  EXPECT_FALSE(filter.stopped());
}

// However a text is cut, the same text comes out.
TEST(StopFilter, DoesNotDependOnThePieces) {
  const std::string text = "aabaabaaabaabab";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    StopFilter filter({"aabab"});
    std::string out;
    for (std::size_t i = 0; i < text.size(); i += size) out += filter.put(text.substr(i, size));
    out += filter.finish();
    EXPECT_EQ(out, "aabaabaaab") << size;
  }
}

}  // namespace
}  // namespace mod::mix
