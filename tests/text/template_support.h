// What the tests of chat templates share.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "mod/error.h"
#include "text/template/chat_template.h"
#include "text/template/template.h"

namespace mod::text::test {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

inline const fs::path kSource = MOD_SOURCE_DIR;
/// The reference files of the whole project, beside the repository (or a folder up, for worktrees);
/// not in every clone.
inline fs::path shared_folder() {
  const fs::path near = kSource / "../shared", far = kSource / "../../shared";
  return !fs::exists(near / "fixtures") && fs::exists(far / "fixtures") ? far : near;
}

inline std::vector<Json> read_lines(const fs::path& path) {
  std::ifstream stream(path);
  EXPECT_TRUE(stream) << path;
  std::vector<Json> lines;
  for (std::string line; std::getline(stream, line);) {
    if (!line.empty()) lines.push_back(Json::parse(line));
  }
  return lines;
}

inline std::string read_file(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  EXPECT_TRUE(stream) << path;
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

/// Renders a template with the members of an object as its variables.
inline std::string render(std::string_view source, const Json& variables = Json::object()) {
  const jinja::Template parsed(source, "test");
  jinja::Template::Variables list;
  for (const auto& [name, value] : variables.items()) list.emplace_back(name, &value);
  return parsed.render(list);
}

/// The message of the Error that parsing or rendering ends in; fails the test if there is none.
inline std::string error_of(std::string_view source, const Json& variables = Json::object()) {
  try {
    const std::string text = render(source, variables);
    ADD_FAILURE() << "no error; the output is: " << text;
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), 2) << error.what();
    return error.what();
  }
  return {};
}

}  // namespace mod::text::test
