// The items of a task as they are asked: read from its jsonl file, built by its templates, shuffled
// and cut.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "eval/prompt.h"
#include "eval/task.h"

namespace mod::eval {

struct Item {
  std::string id;                    // unique in the task
  std::size_t place = 0;             // among the items of the file
  std::string question;              // as built; of a chat the last message
  nlohmann::ordered_json messages;   // null, or the chat that is asked
  std::string gold;                  // as it is compared
  std::vector<std::string> choices;  // multiple choice
  std::size_t gold_choice = 0;       // index into choices
  nlohmann::ordered_json doc;        // the line of the file
};

struct ItemSelection {
  double limit = 0;  // the first so many; below 1 a share of all; 0: all
  bool shuffle = false;
  std::uint64_t seed = 0;
};

/// Items and examples of one task, and what they were read from.
struct TaskData {
  std::filesystem::path file;
  std::vector<Item> items;
  std::vector<Shot> shots;
  std::size_t in_file = 0;  // items before the limit
  std::string hash;         // SHA-256 of the texts of the items and examples
};

/// Where the task's data file lies: in `data_dir` (if given); else from the folder of the task's
/// file, then the working directory (an error if both exist and differ), then its default folder.
/// Throws Error(kInvalidInput) that says where it looked and where the data comes from.
std::filesystem::path find_data(const Task& task, const std::string& file,
                                const std::filesystem::path& data_dir);

/// Throws Error: kInvalidInput (no file, nothing in it, an answer that is no choice), kCorruptFile
/// with file and line.
TaskData load_task_data(const Task& task, const std::filesystem::path& data_dir,
                        const ItemSelection& selection);

/// What is asked: the item's chat, or its question in the task's prompt, after the examples.
PromptText ask_item(const Task& task, const TaskData& data, const Item& item);

}  // namespace mod::eval
