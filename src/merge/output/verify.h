// Re-reads a merged checkpoint and compares it with its mod_report.json.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cpu/context.h"

namespace mod::merge {

struct VerifyResult {
  std::size_t tensors = 0;  // in the report
  std::size_t checked = 0;  // hashes compared
  std::uint64_t bytes = 0;
  std::vector<std::string> problems;  // empty: the weights are what the report says
};

/// Throws Error(kInvalidInput) without a report, kCorruptFile where headers or the report are
/// broken.
VerifyResult verify_folder(const std::filesystem::path& folder, const Context& context);

}  // namespace mod::merge
