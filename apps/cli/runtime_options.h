// The options that say how models run, for every command that runs some.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "nn/session.h"

namespace mod::cli {

struct RuntimeArguments {
  std::string memory;
  std::size_t context = 0;
  std::string kv = "fp32";
  bool deterministic = false;
};

void add_runtime_options(CLI::App& command, RuntimeArguments& arguments, const std::string& group);

/// Bytes of --memory; 0 where it was not given. Throws Error(kInvalidInput).
std::uint64_t most_memory(const RuntimeArguments& arguments);

/// How texts are kept.
nn::SessionOptions session_options(const RuntimeArguments& arguments);

}  // namespace mod::cli
