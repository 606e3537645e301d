// `mod eval compare A.json B.json`: what changed between two evaluations.
#include "report/eval_compare.h"

#include <fmt/format.h>

#include <memory>

#include "base/text.h"
#include "commands.h"
#include "mod/error.h"
#include "print.h"

namespace mod::cli {
namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30;

struct Options {
  std::string a, b;
};

Json read_results(const std::string& file) {
  Json json = Json::parse(read_text_file(file, kMostBytes), nullptr, false);
  if (!json.is_discarded()) return json;
  throw Error(ErrorCode::kInvalidInput,
              file + ": not JSON; it has to be a file that `mod eval --json FILE` wrote");
}

void compare(const Options& options, const Invocation& run) {
  const report::Comparison comparison = report::compare_results(
      read_results(options.a), read_results(options.b), options.a, options.b);
  if (run.json) return print_json(report::comparison_json(comparison));
  fmt::print("{}", report::comparison_text(comparison));
}

}  // namespace

void add_eval_compare(CommandTree& tree, CLI::App& parent) {
  auto options = std::make_shared<Options>();
  CLI::App& command = tree.add(parent, "compare", "Compare two evaluations, item by item",
                               "mod eval compare before.json after.json\n"
                               "Both are files of `mod eval --json FILE`. Where both hold the same "
                               "items the difference is paired\n(exact McNemar), else p is that of "
                               "two independent shares.",
                               [options](Invocation& run) { compare(*options, run); });
  command.add_option("A", options->a, "Results of `mod eval --json FILE`")->required();
  command.add_option("B", options->b, "The same, to be compared with A")->required();
}

}  // namespace mod::cli
