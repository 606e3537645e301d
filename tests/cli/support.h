// Runs the real program and checks what every answer must hold.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/process.h"

namespace mod::testing {

inline ProcessResult run_mod(std::vector<std::string> arguments,
                             const ProcessOptions& options = {}) {
  arguments.insert(arguments.begin(), MOD_PROGRAM);
  return run_process(arguments, options);
}

/// Runs a command that must succeed and print exactly one JSON value.
inline nlohmann::json run_json(std::vector<std::string> arguments,
                               const ProcessOptions& options = {}) {
  arguments.push_back("--json");
  const ProcessResult result = run_mod(std::move(arguments), options);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  nlohmann::json json = nlohmann::json::parse(result.out, nullptr, false);
  EXPECT_FALSE(json.is_discarded()) << result.out;
  return json;
}

/// A refusal: exit code 2, nothing on stdout, one line on stderr that holds every one of `parts`.
inline void expect_refused(const std::vector<std::string>& arguments,
                           const std::vector<std::string>& parts) {
  const ProcessResult result = run_mod(arguments);
  EXPECT_EQ(result.exit_code, 2) << result.err;
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  EXPECT_EQ(result.err.rfind("error: ", 0), 0u) << result.err;
  for (const std::string& part : parts) {
    EXPECT_NE(result.err.find(part), std::string::npos)
        << "missing '" << part << "' in " << result.err;
  }
}

}  // namespace mod::testing
