#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>

#include "eval/batch.h"
#include "eval/choices.h"
#include "eval/evaluate.h"
#include "eval/json_file.h"
#include "eval/lm_eval_files.h"
#include "mix/support.h"
#include "mod/error.h"

namespace mod::eval {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::string specialist(const std::string& name) {
  return mix::test::specialist_path(name).string();
}

std::string data_file(const std::string& name) {
  return (fs::path(MOD_SOURCE_DIR) / "tests/data/eval" / name).string();
}

EvalSettings settings_for(const std::vector<std::string>& models,
                          const std::vector<std::string>& tasks, double limit) {
  EvalSettings settings;
  for (const std::string& model : models) settings.models.push_back(specialist(model));
  settings.tasks = resolve_tasks(tasks);
  settings.data_dir = fs::path(MOD_SOURCE_DIR) / "examples/specialists/tasks";
  settings.selection.limit = limit;
  return settings;
}

class Runs : public ::testing::Test {
 protected:
  Runs()
      : folder_(fs::path(::testing::TempDir()) /
                ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(folder_);
  }
  ~Runs() override { fs::remove_all(folder_); }

  Results run(const EvalSettings& settings, OpenRun how = OpenRun::kNew) {
    Evaluation evaluation(settings, context_);
    RunFolder folder(folder_, evaluation.asked(), how);
    Results results = evaluation.run(folder);
    if (results.is_complete) folder.finish();
    return results;
  }

  static std::vector<std::string> responses(const Results& results) {
    std::vector<std::string> out;
    for (const Row& row : results.rows) {
      for (const Cell& cell : row.cells) {
        for (const ItemResult& item : cell.items) {
          out.push_back(item.response);
          for (const Reply& reply : item.more_samples) out.push_back(reply.response);
        }
      }
    }
    return out;
  }

  std::string refusal(const EvalSettings& settings, OpenRun how) {
    try {
      run(settings, how);
    } catch (const Error& error) {
      EXPECT_EQ(error.exit_code(), 2);
      return error.what();
    }
    ADD_FAILURE() << "no error";
    return {};
  }

  fs::path folder_;
  Context context_ = mix::test::test_context();
};

// Replies of Hugging Face transformers 5.17 in float32, greedy, 20 items a task.
TEST_F(Runs, GreedyTextsAreThoseOfTransformers) {
  std::map<std::string, std::string> wanted;
  for_each_line(data_file("greedy.jsonl"), [&](const Json& line, const std::string&) {
    wanted[line["model"].get<std::string>() + "/" + line["task"].get<std::string>() + "/" +
           line["id"].get<std::string>()] = line["response"].get<std::string>();
  });
  ASSERT_EQ(wanted.size(), 320u);  // 4 models, 4 tasks
  const Results results =
      run(settings_for({"base", "math", "code", "french"}, {"specialists"}, 20));
  for (const Row& row : results.rows) {
    for (const Cell& cell : row.cells) {
      ASSERT_EQ(cell.items.size(), 20u);
      for (const ItemResult& item : cell.items) {
        const std::string key = row.label + "/" + cell.task + "/" + item.id;
        EXPECT_EQ(item.response, wanted.at(key)) << key;
        EXPECT_EQ(item.finish, "stop");
      }
    }
  }
}

TEST_F(Runs, AnswersDoNotDependOnTheBatchAndTokensAreCounted) {
  EvalSettings settings = settings_for({"code"}, {"code"}, 24);
  settings.batch = 1;
  const Results one = run(settings);
  for (const std::size_t batch : {std::size_t{5}, std::size_t{64}}) {
    settings.batch = batch;
    const Results many = run(settings);
    EXPECT_EQ(responses(many), responses(one));
    EXPECT_EQ(many.rows[0].cells[0].new_tokens, one.rows[0].cells[0].new_tokens);
    EXPECT_EQ(many.rows[0].cells[0].accuracy, one.rows[0].cells[0].accuracy);
  }
  const Cell& cell = one.rows[0].cells[0];
  // A prompt is read together with its first token, and the last token is never read.
  EXPECT_EQ(cell.forward_passes.at(one.rows[0].model), cell.new_tokens);
  EXPECT_GT(one.rows[0].memory_bytes, 5'000'000u);
}

TEST_F(Runs, SamplesDependOnTheSeedOnly) {
  EvalSettings settings = settings_for({"base"}, {"math"}, 6);
  settings.tasks[0].decoding.sampling.temperature = 1;
  settings.samples = 4;
  settings.batch = 3;
  const Results first = run(settings);
  settings.batch = 7;
  EXPECT_EQ(responses(run(settings)), responses(first));
  settings.selection.seed = 1;
  const Results other = run(settings);
  EXPECT_NE(responses(other), responses(first));
  const Cell& cell = first.rows[0].cells[0];
  ASSERT_EQ(cell.items[0].more_samples.size(), 3u);
  EXPECT_GE(cell.metrics.at("pass@4"), cell.metrics.at("pass@1"));
  EXPECT_TRUE(cell.metrics.contains("maj@4"));
  settings.tasks[0].decoding.sampling.temperature = 0;
  EXPECT_NE(refusal(settings, OpenRun::kOverwrite).find("--temperature"), std::string::npos);
}

TEST_F(Runs, AStoppedRunGoesOnAndCountsNoItemTwice) {
  EvalSettings settings = settings_for({"base"}, {"math", "french"}, 30);
  settings.batch = 4;
  const Results whole = run(settings);
  // A stop in the middle: some items are there, the last line is torn.
  const fs::path log = folder_ / "items/base.math.jsonl";
  std::vector<std::string> lines;
  std::ifstream in(log);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  ASSERT_EQ(lines.size(), 30u);
  std::ofstream(log) << lines[0] << "\n"
                     << lines[1] << "\n"
                     << lines[0] << "\n"
                     << lines[2].substr(0, 50);
  fs::remove(folder_ / "items/base.french.jsonl");
  const Results again = run(settings, OpenRun::kResume);
  EXPECT_EQ(responses(again), responses(whole));
  EXPECT_EQ(again.rows[0].cells[0].items.size(), 30u);
  for (const std::size_t kept : {std::size_t{0}, std::size_t{1}}) {
    const Json line = Json::parse(lines[kept]);
    for (const ItemResult& item : again.rows[0].cells[0].items) {
      if (item.id != line["id"].get<std::string>()) continue;
      EXPECT_EQ(item.seconds, line["seconds"].get<double>());
    }
  }
  EXPECT_EQ(run(settings, OpenRun::kResume).rows[0].cells[0].accuracy,
            whole.rows[0].cells[0].accuracy);
}

TEST_F(Runs, AStopKeepsWhatIsAnswered) {
  std::atomic<bool> stop{true};
  context_.cancelled = &stop;
  EvalSettings settings = settings_for({"base"}, {"math"}, 5);
  const Results none = run(settings);
  EXPECT_FALSE(none.is_complete);
  for (const Cell& cell : none.rows[0].cells) EXPECT_TRUE(cell.items.empty());
  EXPECT_NE(refusal(settings, OpenRun::kNew).find("--resume"), std::string::npos);
  stop = false;
  EXPECT_TRUE(run(settings, OpenRun::kResume).is_complete);
}

TEST_F(Runs, ResumingRefusesWhatChanged) {
  EvalSettings settings = settings_for({"base"}, {"math"}, 3);
  run(settings);
  const auto expect = [&](const EvalSettings& changed, const std::string& part) {
    const std::string text = refusal(changed, OpenRun::kResume);
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  EvalSettings changed = settings;
  changed.selection.seed = 7;
  expect(changed, "seed was 0 and is 7");
  changed = settings;
  changed.models.push_back(specialist("math"));
  expect(changed, "is new");
  changed = settings;
  changed.models = {specialist("math")};
  expect(changed, "is not asked now");
  changed = settings;
  changed.selection.limit = 4;
  expect(changed, "task math had 3 items and has 4 now");
  changed = settings;
  changed.tasks[0].system = "Be short.";
  expect(changed, "task math has changed");
  EXPECT_TRUE(run(settings, OpenRun::kResume).is_complete);
}

TEST_F(Runs, AChangedModelIsNoticed) {
  const fs::path model = folder_.string() + ".model";
  fs::remove_all(model);
  fs::copy(specialist("base"), model);
  fs::permissions(model / "model.safetensors", fs::perms::owner_write, fs::perm_options::add);
  const std::string before = folder_fingerprint(model);
  EXPECT_EQ(before, folder_fingerprint(specialist("base")));
  {
    std::fstream file(model / "model.safetensors", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(-2, std::ios::end);
    file.put('x');
  }
  EXPECT_NE(folder_fingerprint(model), before);
  fs::remove_all(model);
}

// Sums of log-probabilities by Hugging Face transformers 5.17 in float32, and what
// lm-evaluation-harness 0.4.13 reports for the same task file.
TEST_F(Runs, ChoicesAreScoredAsLmEvaluationHarnessDoes) {
  EvalSettings settings = settings_for({"base", "french"}, {data_file("choices.yaml")}, 0);
  settings.data_dir.clear();
  const Results results = run(settings);
  std::map<std::string, std::vector<std::vector<double>>> wanted;
  for_each_line(data_file("choices.golden.jsonl"), [&](const Json& line, const std::string&) {
    wanted[line["model"].get<std::string>()] =
        line["logprobs"].get<std::vector<std::vector<double>>>();
  });
  for (const Row& row : results.rows) {
    const std::vector<ItemResult>& items = row.cells[0].items;
    ASSERT_EQ(items.size(), 48u);
    for (std::size_t i = 0; i < items.size(); ++i) {
      for (std::size_t c = 0; c < items[i].choices.size(); ++c) {
        EXPECT_NEAR(items[i].choices[c].logprob, wanted.at(row.label)[i][c], 2e-4);
      }
    }
  }
  EXPECT_NEAR(results.rows[0].cells[0].accuracy, 0.2083, 5e-5);
  EXPECT_NEAR(results.rows[0].cells[0].stderr_accuracy, 0.0592, 5e-5);
  EXPECT_NEAR(results.rows[0].cells[0].metrics.at("acc_norm"), 0.3958, 5e-5);
  EXPECT_NEAR(results.rows[0].cells[0].metrics_stderr.at("acc_norm"), 0.0713, 5e-5);
  EXPECT_NEAR(results.rows[1].cells[0].accuracy, 0.2500, 5e-5);
  EXPECT_NEAR(results.rows[1].cells[0].metrics.at("acc_norm"), 0.4583, 5e-5);
}

// lm-evaluation-harness 0.4.13 with --apply_chat_template on the first 100 items: 0.75 +- 0.0435.
TEST_F(Runs, AChatTaskIsScoredAsLmEvaluationHarnessDoes) {
  const Results results = run(settings_for({"base"}, {"math"}, 100));
  EXPECT_NEAR(results.rows[0].cells[0].accuracy, 0.75, 1e-9);
  EXPECT_NEAR(results.rows[0].cells[0].stderr_accuracy, 0.0435, 5e-5);
}

TEST_F(Runs, APromptThatFillsTheContextCountsAsWrong) {
  EvalSettings settings = settings_for({"base"}, {"math"}, 3);
  settings.model.session.context = 20;
  const Results results = run(settings);
  for (const ItemResult& item : results.rows[0].cells[0].items) {
    EXPECT_EQ(item.finish, "context");
    EXPECT_FALSE(item.correct);
  }
}

TEST_F(Runs, RecipesBringTheirParents) {
  EvalSettings settings;
  settings.models = {(fs::path(MOD_SOURCE_DIR) / "examples/recipes/linear.yml").string(),
                     specialist("french")};
  settings.tasks = resolve_tasks({"french"});
  settings.data_dir = fs::path(MOD_SOURCE_DIR) / "examples/specialists/tasks";
  settings.selection.limit = 4;
  const Evaluation all(settings, context_);
  std::vector<std::string> labels;
  for (const ModelInfo& info : all.models()) labels.push_back(info.label);
  EXPECT_EQ(labels, (std::vector<std::string>{"french", "math", "code", "linear"}));
  EXPECT_FALSE(all.models()[0].is_added);
  EXPECT_TRUE(all.models()[1].is_added);
  EXPECT_EQ(all.models()[3].parents.size(), 3u);
  settings.add_parents = false;
  const Evaluation typed(settings, context_);
  EXPECT_EQ(typed.models().size(), 2u);
  EXPECT_EQ(typed.models()[1].parents, (std::vector<std::string>{specialist("french")}));
  settings.models.push_back(specialist("french") + "/");
  EXPECT_THROW(Evaluation(settings, context_), Error);
}

TEST_F(Runs, FilesInTheLayoutOfLmEvaluationHarness) {
  const EvalSettings settings = settings_for({"base"}, {"math"}, 3);
  Evaluation evaluation(settings, context_);
  RunFolder folder(folder_, evaluation.asked(), OpenRun::kNew);
  const Results results = evaluation.run(folder);
  const std::vector<fs::path> files = write_lm_eval_files(folder_, evaluation, results);
  ASSERT_EQ(files.size(), 1u);
  Json json;
  std::ifstream(files[0]) >> json;
  EXPECT_EQ(json["results"]["math"]["alias"], "math");
  EXPECT_EQ(json["results"]["math"]["exact_match,none"], results.rows[0].cells[0].accuracy);
  EXPECT_TRUE(json["results"]["math"].contains("exact_match_stderr,none"));
  EXPECT_EQ(json["n-samples"]["math"]["original"], 300);
  EXPECT_EQ(json["n-samples"]["math"]["effective"], 3);
  EXPECT_EQ(json["higher_is_better"]["math"]["exact_match"], true);
  std::size_t lines = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(files[0].parent_path())) {
    if (!entry.path().filename().string().starts_with("samples_math_")) continue;
    for_each_line(entry.path(), [&](const Json& line, const std::string&) {
      EXPECT_EQ(line["doc_id"], lines);
      EXPECT_EQ(line["filtered_resps"][0], results.rows[0].cells[0].items[lines].graded.value());
      EXPECT_TRUE(line["doc"].contains("question"));
      ++lines;
    });
  }
  EXPECT_EQ(lines, 3u);
}

}  // namespace
}  // namespace mod::eval
