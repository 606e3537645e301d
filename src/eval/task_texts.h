// The YAML of the tasks that are compiled in.
#pragma once

#include <span>
#include <string_view>

namespace mod::eval {

struct TaskText {
  std::string_view file, yaml;
};

/// In the order of the docs.
std::span<const TaskText> task_texts();

}  // namespace mod::eval
