// Likeness measured in a run: what is compared, what is kept, what is left out.
#include "eval/likeness_run.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "base/text.h"
#include "mix/support.h"
#include "mod/error.h"

namespace mod::eval {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

const fs::path kSource = MOD_SOURCE_DIR;

std::string specialist(const std::string& name) {
  return mix::test::specialist_path(name).string();
}

class LikenessRuns : public ::testing::Test {
 protected:
  LikenessRuns()
      : folder_(fs::path(::testing::TempDir()) /
                ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~LikenessRuns() override { fs::remove_all(folder_); }

  static EvalSettings settings_for(const std::vector<std::string>& models,
                                   const std::vector<std::string>& tasks, double limit) {
    EvalSettings settings;
    settings.models = models;
    settings.tasks = resolve_tasks(tasks);
    settings.data_dir = kSource / "examples/specialists/tasks";
    settings.selection.limit = limit;
    settings.likeness = true;
    return settings;
  }

  Results run(const EvalSettings& settings, OpenRun how = OpenRun::kNew) {
    Evaluation evaluation(settings, context_);
    RunFolder folder(folder_ / "out", evaluation.asked(), how);
    Results results = evaluation.run(folder);
    if (results.is_complete) folder.finish();
    return results;
  }

  fs::path kept(const std::string& name) const { return folder_ / "out/likeness" / name; }

  Json texts() const { return Json::parse(read_text_file(kept("texts.json").string(), 1u << 24)); }

  /// A copy of a specialist that a test may change.
  fs::path copy_of(const std::string& name, const std::string& as) const {
    const fs::path copy = folder_ / as;
    fs::copy(specialist(name), copy);
    for (const fs::directory_entry& entry : fs::directory_iterator(copy)) {
      fs::permissions(entry.path(), fs::perms::owner_write, fs::perm_options::add);
    }
    return copy;
  }

  static void replace(const fs::path& file, const std::string& from, const std::string& to) {
    std::string text = read_text_file(file.string(), 1u << 26);
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    std::ofstream(file, std::ios::binary) << text.replace(at, from.size(), to);
  }

  fs::path folder_;
  Context context_ = mix::test::test_context();
};

TEST_F(LikenessRuns, ReadsTheFirstRowsRepliesOfAllTasks) {
  const Results results =
      run(settings_for({specialist("base"), specialist("math")}, {"math", "french", "code"}, 10));
  ASSERT_TRUE(results.likeness);
  const Likeness& likeness = *results.likeness;
  EXPECT_EQ(likeness.rows, (std::vector<std::string>{specialist("base"), specialist("math")}));
  EXPECT_EQ(likeness.source, specialist("base"));
  EXPECT_TRUE(likeness.left_out.empty());
  const Json kept = texts();
  EXPECT_EQ(kept["texts"].size(), likeness.texts);
  ModelInfo base;
  base.argument = specialist("base");
  const EvalModel model = open_eval_model(base, {}, context_);
  std::map<std::string, std::size_t> texts_of, positions_of;
  for (const Json& text : kept["texts"]) {
    const auto ids = text["ids"].get<std::vector<mix::Token>>();
    const auto places = text["places"].get<std::vector<std::size_t>>();
    const std::string task = text["task"];
    ++texts_of[task];
    positions_of[task] += places.size();
    EXPECT_EQ(places.back() + 1, ids.size());
    for (const Cell& cell : results.rows[0].cells) {
      for (const ItemResult& item : cell.items) {
        if (cell.task != task || item.id != text["item"].get<std::string>()) continue;
        EXPECT_GE(places.front() + 1, item.prompt_tokens);
        const std::span<const mix::Token> reply =
            std::span<const mix::Token>(ids).subspan(item.prompt_tokens);
        const std::string read = model.bundle.need_tokenizer().decode(reply, false);
        EXPECT_TRUE(item.response.starts_with(read)) << read << " in " << item.response;
      }
    }
  }
  EXPECT_EQ(texts_of,
            (std::map<std::string, std::size_t>{{"math", 10}, {"french", 10}, {"code", 10}}));
  std::size_t positions = 0;
  for (const auto& [task, count] : positions_of) {
    EXPECT_GT(count, 60u);
    positions += count;
  }
  EXPECT_EQ(positions, likeness.positions);
  EXPECT_LE(positions, kMostLikenessPositions);
}

TEST_F(LikenessRuns, EqualModelsAreEqualAndOthersAreNot) {
  const Results results =
      run(settings_for({specialist("base"), copy_of("base", "twin").string(), specialist("code"),
                        (kSource / "examples/table/turn.yml").string()},
                       {"math", "code"}, 4));
  ASSERT_TRUE(results.likeness);
  const Likeness& likeness = *results.likeness;
  std::vector<std::string> labels;
  for (const Row& row : results.rows) labels.push_back(row.label);
  ASSERT_EQ(labels, (std::vector<std::string>{"base", "twin", "code", "math", "french", "turn"}));
  EXPECT_EQ(likeness.jensen_shannon[0][1], 0);
  EXPECT_EQ(likeness.top1[0][1], 1);
  // By Hugging Face transformers 5.17 in float32 and scipy's jensenshannon, from texts.json.
  ASSERT_EQ(likeness.positions, 234u);
  EXPECT_NEAR(likeness.jensen_shannon[0][2], .0435046909, 1e-6);
  EXPECT_NEAR(likeness.jensen_shannon[0][3], .0607487062, 1e-6);
  EXPECT_NEAR(likeness.jensen_shannon[2][3], .0789983216, 1e-6);
  EXPECT_NEAR(likeness.top1[0][2], 225 / 234., 1e-9);
  EXPECT_NEAR(likeness.top1[0][3], 224 / 234., 1e-9);
  EXPECT_NEAR(likeness.top1[2][3], 221 / 234., 1e-9);
  // The gate finds the expert of a text: the mixture is nearer to it than to the one of neither.
  EXPECT_LT(likeness.jensen_shannon[5][2], likeness.jensen_shannon[5][4]);
  for (std::size_t a = 0; a < 6; ++a) {
    for (std::size_t b = 0; b < 6; ++b) {
      EXPECT_EQ(likeness.jensen_shannon[a][b], likeness.jensen_shannon[b][a]);
      EXPECT_EQ(likeness.top1[a][b], likeness.top1[b][a]);
    }
  }
}

TEST_F(LikenessRuns, ResumingMeasuresNothingTwice) {
  const EvalSettings settings = settings_for({specialist("base"), specialist("math")}, {"math"}, 6);
  const Results first = run(settings);
  ASSERT_TRUE(first.likeness);
  const auto old = fs::file_time_type::clock::now() - std::chrono::hours(1);
  const fs::path base = kept("base.safetensors"), math = kept("math.safetensors");
  fs::last_write_time(base, old);
  fs::resize_file(math, fs::file_size(math) - 4);  // not whole
  const auto before = fs::last_write_time(base);
  const Results again = run(settings, OpenRun::kResume);
  ASSERT_TRUE(again.likeness);
  EXPECT_EQ(fs::last_write_time(base), before);
  EXPECT_EQ(again.likeness->jensen_shannon, first.likeness->jensen_shannon);
  EXPECT_EQ(again.likeness->top1, first.likeness->top1);
  // A new run removes what another one kept.
  EvalSettings without = settings;
  without.likeness = false;
  EXPECT_FALSE(run(without).likeness);
  EXPECT_FALSE(fs::exists(base));
}

TEST_F(LikenessRuns, WhatCannotReadTheTextsIsLeftOut) {
  const fs::path other = copy_of("math", "other"), brief = copy_of("math", "brief");
  replace(other / "tokenizer.json", "\"!\": 3,", "\"\\\"\": 3,");
  replace(other / "tokenizer.json", "\"\\\"\": 4,", "\"!\": 4,");
  replace(brief / "config.json", "\"max_position_embeddings\": 512",
          "\"max_position_embeddings\": 30");
  const Results results = run(settings_for(
      {specialist("base"), other.string(), brief.string(), specialist("math")}, {"math"}, 4));
  ASSERT_TRUE(results.likeness);
  EXPECT_EQ(results.likeness->rows,
            (std::vector<std::string>{specialist("base"), specialist("math")}));
  ASSERT_EQ(results.likeness->left_out.size(), 2u);
  EXPECT_EQ(results.likeness->left_out[0].first, other.string());
  EXPECT_EQ(results.likeness->left_out[0].second, "its token ids mean other things");
  EXPECT_NE(results.likeness->left_out[1].second.find("its context 30"), std::string::npos);
}

TEST_F(LikenessRuns, NeedsRepliesAndTwoModels) {
  EXPECT_FALSE(run(settings_for({specialist("base")}, {"math"}, 2)).likeness);
  EvalSettings choices = settings_for({specialist("base"), specialist("math")},
                                      {(kSource / "tests/data/eval/choices.yaml").string()}, 2);
  choices.data_dir.clear();
  EXPECT_FALSE(run(choices).likeness);
}

}  // namespace
}  // namespace mod::eval
