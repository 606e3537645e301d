#include "eval/prompt.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "eval/items.h"
#include "eval/task.h"

namespace mod::eval {
namespace {

namespace fs = std::filesystem;

const std::string kSystem =
    "<|im_start|>system\nPlease reason step by step, and put your final answer within "
    "\\boxed{}.<|im_end|>\n<|im_start|>user\n";

TEST(Prompts, Qwen25MathCotByteForByte) {
  EXPECT_EQ(make_prompt("qwen25-math-cot", "", {}, "What is 1+1?").text,
            kSystem + "What is 1+1?<|im_end|>\n<|im_start|>assistant\n");
  const std::vector<Shot> shots = {{"Q1", "A1"}, {"Q2", "A2"}};
  EXPECT_EQ(make_prompt("qwen25-math-cot", "", shots, "Q").text,
            kSystem + "Q1\nA1\n\nQ2\nA2\n\nQ<|im_end|>\n<|im_start|>assistant\n");
}

TEST(Prompts, TheOtherTypes) {
  const std::vector<Shot> shots = {{"Q1", "A1"}};
  const auto text = [&](const char* name) { return make_prompt(name, "", shots, "Q").text; };
  EXPECT_EQ(text("cot"), "Question: Q1\nAnswer: A1\n\n\nQuestion: Q\nAnswer:");
  EXPECT_EQ(text("direct"), "Question: Q1\nAnswer: A1\n\nQuestion: Q\nAnswer:");
  EXPECT_EQ(text("mistral"), "[INST] Q1[/INST]A1 [INST] Q[/INST]");
  const std::string boxed =
      "\nPlease reason step by step, and put your final answer within \\boxed{}.";
  EXPECT_EQ(make_prompt("qwen-boxed", "", {}, "Q").text,
            "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\nQ" +
                boxed + "<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(make_prompt("deepseek-math", "", {}, "Q").text, "User: Q" + boxed + "\n\nAssistant:");
  EXPECT_EQ(text("raw"), "Q1 A1\n\nQ");
  EXPECT_EQ(prompt_stop("cot"), "\n\nQuestion:");
  EXPECT_EQ(prompt_stop("direct"), "");
}

TEST(Prompts, OnlySpacesAreStripped) {
  EXPECT_EQ(make_prompt("cot", "", {}, "Q\n").text, "Question: Q\n\nAnswer:");
  EXPECT_EQ(make_prompt("raw", "", {}, " Q ").text, " Q ");
}

TEST(Prompts, ChatsHaveSystemExamplesAndQuestion) {
  const PromptText prompt = make_prompt("chat", "S", std::vector<Shot>{{"Q1", "A1"}}, "Q");
  ASSERT_TRUE(prompt.is_chat());
  EXPECT_EQ(prompt.messages.dump(),
            R"([{"role":"system","content":"S"},{"role":"user","content":"Q1"},)"
            R"({"role":"assistant","content":"A1"},{"role":"user","content":"Q"}])");
}

// The reference's own prompt of mmlu_stem: its examples hold form feeds and a carriage return.
TEST(Prompts, TheFiveExamplesOfMmluStem) {
  const fs::path folder = fs::path(MOD_SOURCE_DIR) / "../shared/data/benchmarks";
  if (!fs::exists(folder)) GTEST_SKIP() << "there is no " << folder;
  const Task task = resolve_tasks({"mmlu_stem"}).front();
  const TaskData data = load_task_data(task, folder, {.limit = 1});
  ASSERT_EQ(data.shots.size(), 5u);
  EXPECT_EQ(data.in_file, 3018u);
  std::size_t bytes = 0, characters = 0;
  const std::string text = ask_item(task, data, data.items[0]).text;
  for (const Shot& shot : data.shots) bytes += shot.question.size() + shot.answer.size();
  for (const char c : text) characters += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\f'), 7);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\r'), 1);
  EXPECT_EQ(bytes - 2 * 16, 2271u);  // characters: each of the 16 en dashes has three bytes
  EXPECT_EQ(text.substr(0, kSystem.size()), kSystem);
  EXPECT_GT(characters, 2284u);
}

// Counts of the specification, for the sets that may be copied.
TEST(Prompts, TheFreeSetsAreReadWhole) {
  const fs::path folder = fs::path(MOD_SOURCE_DIR) / "../shared/data/benchmarks";
  if (!fs::exists(folder)) GTEST_SKIP() << "there is no " << folder;
  const std::map<std::string, std::size_t> sets = {
      {"gsm8k", 1319}, {"svamp", 1000}, {"olympiadbench", 675}, {"college_math", 1260}};
  for (const auto& [name, items] : sets) {
    const TaskData data = load_task_data(resolve_tasks({name}).front(), folder, {});
    EXPECT_EQ(data.items.size(), items) << name;
    for (const Item& item : data.items) EXPECT_FALSE(item.gold.empty()) << name << " " << item.id;
  }
}

}  // namespace
}  // namespace mod::eval
