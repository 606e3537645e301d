#include "runtime_options.h"

#include <fmt/format.h>

#include "base/text.h"
#include "mod/error.h"

namespace mod::cli {

void add_runtime_options(CLI::App& command, RuntimeArguments& a, const std::string& group) {
  command
      .add_option("--memory", a.memory,
                  "Most memory for weights (default: 80 % of what is available)")
      ->type_name("SIZE")
      ->group(group);
  command
      .add_option("--context", a.context, "Most tokens of a text (default: what the model allows)")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N")
      ->group(group);
  command.add_option("--kv", a.kv, "How keys and values are kept: fp32 or bf16 (half the memory)")
      ->check(CLI::IsMember({"fp32", "bf16"}))
      ->capture_default_str()
      ->group(group);
  command
      .add_flag("--deterministic", a.deterministic,
                "Bits do not depend on batches and chunks either (never on threads)")
      ->group(group);
}

std::uint64_t most_memory(const RuntimeArguments& a) {
  if (a.memory.empty()) return 0;
  const auto size = parse_size(a.memory);
  if (!size) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("--memory: '{}' is not a size; write for example 8G", a.memory));
  }
  return *size;
}

nn::SessionOptions session_options(const RuntimeArguments& a) {
  return {a.kv == "bf16" ? DType::BF16 : DType::F32, a.context};
}

}  // namespace mod::cli
