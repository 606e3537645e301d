#include "eval/task.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "eval/items.h"
#include "eval/prompt.h"
#include "mod/error.h"

namespace mod::eval {
namespace {

namespace fs = std::filesystem;

const std::string kMinimal =
    "task: t\ndata: d.jsonl\nquestion: '{{ question }}'\nanswer: '{{ answer }}'\n";

/// The text of the error that `work` must throw.
template <class Work>
std::string error_of(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), 2);
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return {};
}

void expect_part(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "missing '" << part << "' in " << text;
}

class TaskFiles : public ::testing::Test {
 protected:
  TaskFiles()
      : folder_(fs::path(::testing::TempDir()) /
                ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~TaskFiles() override { fs::remove_all(folder_); }

  fs::path write(const std::string& name, const std::string& text) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return folder_ / name;
  }

  /// A built-in task on lines of data.
  TaskData load(const std::string& name, const std::string& lines, ItemSelection selection = {}) {
    const Task task = resolve_tasks({name}).front();
    write(task.data.file, lines);
    return load_task_data(without_shots(task), folder_, selection);
  }

  static Task without_shots(Task task) {
    task.shots = 0;
    return task;
  }

  fs::path folder_;
};

TEST(Tasks, AllBuiltInOnesAreReadAndHaveDifferentNames) {
  const std::vector<Task> tasks = builtin_tasks();
  EXPECT_GE(tasks.size(), 22u);
  std::vector<std::string> names;
  for (const Task& task : tasks) names.push_back(task.name);
  EXPECT_EQ(resolve_tasks(names).size(), names.size());
  EXPECT_EQ(resolve_tasks({"specialists"}).size(), 4u);
  EXPECT_EQ(resolve_tasks({"paper"}).size(), 12u);
}

TEST(Tasks, ThePapersSettings) {
  for (const Task& task : resolve_tasks({"paper"})) {
    EXPECT_EQ(task.prompt, "qwen25-math-cot") << task.name;
    EXPECT_EQ(task.decoding.max_new_tokens, 2048u) << task.name;
    EXPECT_TRUE(task.decoding.sampling.is_greedy()) << task.name;
    EXPECT_EQ(task.decoding.stops,
              (std::vector<std::string>{"</s>", "<|im_end|>", "<|endoftext|>"}));
    EXPECT_EQ(task.shots, task.name == "mmlu_stem" ? 5 : 0) << task.name;
    EXPECT_EQ(task.grader, "strict");
  }
}

TEST(Tasks, MistakesAreShownAllAtOnceWithTheirPlaces) {
  const std::string text = error_of([] {
    parse_task(
        "task: t\ndata: d.jsonl\nquestoin: x\nanswer: '{{ a'\nprompt: chatt\n"
        "max_new_tokens: -1\nstop: {a: b}\n",
        "my.yaml");
  });
  expect_part(text, "my.yaml:3");
  expect_part(text, "did you mean 'question'?");
  expect_part(text, "answer");
  expect_part(text, "did you mean 'chat'?");
  expect_part(text, "`max_new_tokens` must be a whole number");
  expect_part(text, "`stop` must be a text or a list of texts");
  expect_part(error_of([] { parse_task("task: [", "my.yaml"); }), "my.yaml:");
  expect_part(error_of([] { parse_task("- 1\n", "my.yaml"); }), "must be a map");
  expect_part(error_of([] { parse_task(kMinimal + "grader: strict\n", "t"); }), "`dataset`");
  expect_part(error_of([] { parse_task(kMinimal + "grader: choice\n", "t"); }), "needs `choices`");
  expect_part(error_of([] { parse_task(kMinimal + "shots: 2\n", "t"); }), "`shots_from`");
  expect_part(error_of([] { parse_task(kMinimal + "stop: ['a', '']\n", "t"); }), "empty text");
  expect_part(error_of([] { parse_task(kMinimal + "choices: []\n", "t"); }), "`choices` is empty");
  const std::string long_name = "task: " + std::string(101, 'x') + kMinimal.substr(7);
  expect_part(error_of([&] { parse_task(long_name, "t"); }), "at most 100 bytes, this one has 101");
}

TEST(Tasks, UnknownAndRepeatedNamesAreRefused) {
  expect_part(error_of([] { resolve_tasks({"mathh"}); }), "did you mean 'math'?");
  expect_part(error_of([] { resolve_tasks({"math", "specialists"}); }), "two tasks");
  expect_part(error_of([] { resolve_tasks({}); }), "at least one");
}

TEST_F(TaskFiles, QuestionsAndGoldsOfThePapersSets) {
  const auto check = [this](const std::string& name, const std::string& line,
                            const std::string& question, const std::string& gold) {
    const TaskData data = load(name, line);
    ASSERT_EQ(data.items.size(), 1u);
    EXPECT_EQ(data.items[0].question, question) << name;
    EXPECT_EQ(data.items[0].gold, gold) << name;
  };
  check("gsm8k", R"({"question": "How many? ", "answer": "3+4=7\n#### 1,007"})", "How many?",
        "1,007");
  check("hendrycks_math", R"({"problem": "P", "solution": "a \\boxed{\\dfrac12} b"})", "P",
        "\\frac{1}{2}");
  check("svamp", R"({"Body": " There are 2 cats", "Question": "How many? ", "Answer": 145.0})",
        "There are 2 cats. How many?", "145");
  check("svamp", R"({"Body": "One.", "Question": "Two?", "Answer": 3.5})", "One. Two?", "3.5");
  check("asdiv", R"x({"body": "B. ", "question": "Q?", "answer": "9 (apples)"})x", "B. Q?", "9");
  check("mawps", R"({"input": "I", "target": 8.0})", "I", "8");
  check("carp_en", R"({"content": "C", "answer": "x \\leq 13"})", "C", "x \\le 13");
  check("gaokao2023en", R"({"question": "Q", "answer": " $12$ "})", "Q", "12");
  check("olympiadbench", R"({"question": "Q", "final_answer": ["$2 \\pi$"]})", "Q", "2\\pi");
  check("college_math", R"({"question": "Q", "answer": "$3.0$"})", "Q", "3");
  check("mmlu_stem", R"({"question": " Q ", "choices": ["a", " b", "c ", "d"], "answer": 2})",
        "Q\nAnswer Choices: (A) a (B) b (C) c (D) d", "C");
  check("aime24", R"({"question": "Q", "problem": "P", "answer": "033"})", "Q", "33");
  check("amc23", R"({"question": "Q", "problem": "P", "answer": 27.0})", "Q", "27");
  check("gsm8k", R"({"question": "Is it so?", "answer": "#### True"})", "Is it so? (True or False)",
        "True");
}

TEST_F(TaskFiles, MultipleChoiceAsLmEvaluationHarnessBuildsIt) {
  const TaskData swag =
      load("hellaswag",
           R"({"activity_label": "Baking", "ctx_a": "A man [header] stands.", "ctx_b": "he Then", )"
           R"("endings": ["runs [title] away", "b [x] c"], "label": "1"})");
  EXPECT_EQ(swag.items[0].question, "Baking: A man stands. He then");
  EXPECT_EQ(swag.items[0].choices, (std::vector<std::string>{"runs. away", "b c"}));
  EXPECT_EQ(swag.items[0].gold_choice, 1u);
  const TaskData arc = load(
      "arc_easy",
      R"({"question": "Q?", "choices": {"text": ["x", "y"], "label": ["A", "B"]}, "answerKey": "B"})");
  EXPECT_EQ(arc.items[0].question, "Question: Q?\nAnswer:");
  EXPECT_EQ(arc.items[0].gold, "y");
  const TaskData mmlu =
      load("mmlu", R"({"question": "Q", "choices": ["a", "b", "c", "d"], "answer": 3})"
                   "\n"
                   R"({"question": "R", "choices": ["a", "b", "c", "d"], "answer": "B"})");
  EXPECT_EQ(mmlu.items[0].question, "Q\nA. a\nB. b\nC. c\nD. d\nAnswer:");
  EXPECT_EQ(mmlu.items[0].gold_choice, 3u);
  EXPECT_EQ(mmlu.items[1].gold_choice, 1u);
}

TEST_F(TaskFiles, ItemsAreNumberedSortedAndTheLastOfEqualOnesStays) {
  const std::string line = R"({"question": "Q", "answer": "#### 1"})";
  EXPECT_EQ(load("gsm8k", line + "\n\n" + line + "\n").items.back().id, "1");
  const TaskData data = load("gsm8k", R"({"idx": 7, "question": "old", "answer": "#### 1"})"
                                      "\n"
                                      R"({"idx": 3, "question": "", "answer": "#### 1"})"
                                      "\n"
                                      R"({"idx": 2, "question": "two", "answer": "#### 1"})"
                                      "\n"
                                      R"({"idx": 7, "question": "new", "answer": "#### 1"})");
  ASSERT_EQ(data.items.size(), 2u);  // an empty question is passed over
  EXPECT_EQ(data.items[0].question, "two");
  EXPECT_EQ(data.items[1].question, "new");
}

TEST_F(TaskFiles, LimitsAndShuffling) {
  std::string lines;
  for (int i = 0; i < 50; ++i) {
    lines += R"({"question": "Q)" + std::to_string(i) + R"(", "answer": "1"})" + "\n";
  }
  const auto ids = [](const TaskData& data) {
    std::vector<std::string> out;
    for (const Item& item : data.items) out.push_back(item.id);
    return out;
  };
  const TaskData all = load("math", lines);
  EXPECT_EQ(all.items.size(), 50u);
  EXPECT_EQ(load("math", lines, {.limit = 3}).items.size(), 3u);
  EXPECT_EQ(load("math", lines, {.limit = 0.1}).items.size(), 5u);
  EXPECT_EQ(load("math", lines, {.limit = 100}).items.size(), 50u);
  const TaskData shuffled = load("math", lines, {.shuffle = true, .seed = 1});
  EXPECT_EQ(ids(shuffled), ids(load("math", lines, {.shuffle = true, .seed = 1})));
  EXPECT_NE(ids(shuffled), ids(load("math", lines, {.shuffle = true, .seed = 2})));
  auto sorted = ids(shuffled), plain = ids(all);
  EXPECT_NE(sorted, plain);
  std::sort(sorted.begin(), sorted.end());
  std::sort(plain.begin(), plain.end());
  EXPECT_EQ(sorted, plain);
  EXPECT_NE(all.hash, shuffled.hash);
}

TEST_F(TaskFiles, BrokenDataNamesFileAndLine) {
  expect_part(error_of([&] { load("math", "{\"question\": \"a\", \"answer\": \"1\"}\n[1]\n"); }),
              "math.test.jsonl:2");
  expect_part(error_of([&] { load("math", "{\"question\": \"a\"}\n"); }), "answer is empty");
  expect_part(error_of([&] { load("math", "{\"answer\": \"a\"}\n"); }), "question is empty");
  expect_part(error_of([&] { load("math", "\n"); }), "no items");
  expect_part(error_of([&] { load("gsm8k", "{\"question\": \"a\", \"answer\": [1]}"); }), ":1");
  expect_part(error_of([&] {
                load("arc_easy", R"({"question": "Q", "choices": {"text": ["x"], "label": ["A"]}, )"
                                 R"("answerKey": "D"})");
              }),
              "none of the 1 choices");
  expect_part(error_of([&] {
                load("mmlu", R"({"question": "Q", "choices": ["a", "b", "c", "d"], "answer": 4})");
              }),
              "none of the 4 choices");
  const Task task = resolve_tasks({"gsm8k_cot"}).front();
  const std::string text = error_of([&] { load_task_data(task, folder_ / "none", {}); });
  expect_part(text, "openai/grade-school-math");
  expect_part(text, "--data-dir");
}

TEST_F(TaskFiles, AJsonlFileIsATaskOfChatsOrQuestions) {
  const fs::path file =
      write("chats.jsonl", R"({"messages": [{"role": "user", "content": "hi"}], "answer": "1"})"
                           "\n"
                           R"({"question": "Q", "answer": " 2 "})");
  const Task task = resolve_tasks({file.string()}).front();
  EXPECT_EQ(task.name, "chats");
  EXPECT_EQ(task.grader, "exact");
  const TaskData data = load_task_data(task, {}, {});
  ASSERT_EQ(data.items.size(), 2u);
  EXPECT_EQ(ask_item(task, data, data.items[0]).messages.size(), 1u);
  EXPECT_EQ(ask_item(task, data, data.items[1]).messages[0]["content"], "Q");
  EXPECT_EQ(data.items[1].gold, "2");
}

TEST_F(TaskFiles, ATaskFileFindsItsDataBesideIt) {
  write("sub/d.jsonl", R"({"question": "Q", "answer": "1"})");
  const fs::path file = write("sub/t.yaml", kMinimal);
  const TaskData data = load_task_data(resolve_tasks({file.string()}).front(), {}, {});
  EXPECT_EQ(data.file, folder_ / "sub/d.jsonl");
}

}  // namespace
}  // namespace mod::eval
