// `mod verify DIR`: are the weights what mod_report.json says?
#include "merge/output/verify.h"

#include <fmt/format.h>

#include <memory>

#include "base/text.h"
#include "commands.h"
#include "mod/error.h"
#include "print.h"

namespace mod::cli {
namespace {

void run(const std::string& folder, Invocation& invocation) {
  const merge::VerifyResult result = merge::verify_folder(folder, invocation.context);
  if (invocation.json) {
    print_json({{"ok", result.problems.empty()},
                {"tensors", result.tensors},
                {"checked", result.checked},
                {"bytes", result.bytes},
                {"problems", result.problems}});
  } else {
    for (const std::string& problem : result.problems) fmt::print("{}\n", problem);
  }
  if (!result.problems.empty()) {
    throw Error(ErrorCode::kIo,
                fmt::format("{}: {} of {} tensors are not what mod_report.json says", folder,
                            result.problems.size(), result.tensors));
  }
  if (!invocation.json) {
    fmt::print("{}: all {} tensors as reported ({} hashed, {})\n", folder, result.tensors,
               result.checked, size_text(result.bytes));
  }
}

}  // namespace

void add_verify(CommandTree& tree, CLI::App& parent) {
  auto folder = std::make_shared<std::string>();
  CLI::App& command = tree.add(parent, "verify", "Compare the weights of a merge with its report",
                               "mod verify merged/",
                               [folder](Invocation& invocation) { run(*folder, invocation); });
  command.add_option("DIR", *folder, "Folder written by `mod merge`")->required();
}

}  // namespace mod::cli
