// Runs a real program and collects what it says.
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "support/tiny_model.h"

namespace mod::testing {

struct ProcessResult {
  int exit_code = -1;  // -1 where a signal ended it
  int signal = 0;
  std::string out, err;
};

struct ProcessOptions {
  std::vector<std::pair<std::string, std::string>> environment;
  std::filesystem::path folder;  // working directory; empty: this one's
};

/// Starts `arguments` (program first) with output going to files in `folder`. Returns the process
/// id.
inline pid_t start_process(const std::vector<std::string>& arguments, const ProcessOptions& options,
                           const std::filesystem::path& folder) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  const int out = ::open((folder / "stdout").c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
  const int err = ::open((folder / "stderr").c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
  ::dup2(out, 1);
  ::dup2(err, 2);
  for (const auto& [key, value] : options.environment) ::setenv(key.c_str(), value.c_str(), 1);
  if (!options.folder.empty() && ::chdir(options.folder.c_str()) != 0) ::_exit(126);
  std::vector<char*> argv;
  for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

inline ProcessResult finish_process(pid_t child, const std::filesystem::path& folder) {
  int status = 0;
  ::waitpid(child, &status, 0);
  ProcessResult result;
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  result.out = read_text(folder / "stdout");
  result.err = read_text(folder / "stderr");
  return result;
}

inline ProcessResult run_process(const std::vector<std::string>& arguments,
                                 const ProcessOptions& options = {}) {
  const TempFolder folder;
  return finish_process(start_process(arguments, options, folder.path()), folder.path());
}

}  // namespace mod::testing
