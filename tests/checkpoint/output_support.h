// A small run of an output folder, for tests of its life and death.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "checkpoint/output_folder.h"
#include "checkpoint/support.h"

namespace mod::checkpoint::test {

namespace fs = std::filesystem;

inline Log& quiet() {
  static Log log(LogLevel::kQuiet);
  return log;
}

inline std::set<std::string> names(const fs::path& folder) {
  std::set<std::string> out;
  if (!fs::is_directory(folder)) return out;
  for (const auto& entry : fs::directory_iterator(folder))
    out.insert(entry.path().filename().string());
  return out;
}

using Names = std::set<std::string>;

inline const std::string kIndexName = "model.safetensors.index.json";

/// "model-0000I-of-0000N.safetensors", header "HEADERi", 16 bytes long.
inline std::vector<ShardLayout> layout(int count) {
  std::vector<ShardLayout> shards;
  for (int i = 1; i <= count; ++i) {
    shards.push_back(
        {"model-0000" + std::to_string(i) + "-of-0000" + std::to_string(count) + ".safetensors",
         "HEADER" + std::to_string(i), 16});
  }
  return shards;
}

inline void write_shard(OutputFolder& out, int shard) {
  const std::string data = "DATA" + std::to_string(shard + 1) + "....";
  out.write(shard, 7, std::as_bytes(std::span(data.data(), data.size())));
}

inline void add_small_files(OutputFolder& out) {
  out.add_file(kIndexName, "index");
  out.add_file("config.json", "config");
  out.add_file("tokenizer.json", "tokenizer");
}

/// A whole run with two shards. `at` is called with the number of every step before it is taken.
inline void run(
    const fs::path& folder, const OutputFolder::Options& options,
    const std::function<void(int)>& at = [](int) {}) {
  OutputFolder out(folder, options, quiet());
  at(0);
  out.create_shards(layout(2), {});
  at(1);
  write_shard(out, 0);
  out.finish_shard(0);
  at(2);
  write_shard(out, 1);
  at(3);
  add_small_files(out);
  at(4);
  out.finish_shard(1);
  at(5);
  out.commit(kIndexName);
  at(6);
}

inline const Names kFinished = {"config.json", kIndexName, "model-00001-of-00002.safetensors",
                                "model-00002-of-00002.safetensors", "tokenizer.json"};

/// Runs `work` in a child process and returns its exit status.
inline int in_child(const std::function<void()>& work) {
  const pid_t child = fork();
  if (child == 0) {
    try {
      work();
    } catch (const std::exception&) {
      _exit(99);
    }
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// A run that is killed before the given step: no destructor runs.
inline void run_killed_at(int step, const fs::path& folder,
                          const OutputFolder::Options& options = {}) {
  EXPECT_EQ(in_child([&] {
              run(folder, options, [&](int at) {
                if (at == step) _exit(7);
              });
            }),
            7);
}

}  // namespace mod::checkpoint::test
