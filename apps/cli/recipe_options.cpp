#include "recipe_options.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include "base/log_problems.h"
#include "base/text.h"
#include "mod/error.h"

namespace mod::cli {
namespace {

std::uint64_t size_option(const std::string& option, const std::string& text, bool binary) {
  const auto size = parse_size(text, binary, !binary);
  if (!size) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("{}: '{}' is not a size; write for example {}", option, text,
                            binary ? "512M or 2G" : "5GB, 500M or 5B (5,000,000,000 bytes)"));
  }
  return *size;
}

}  // namespace

void add_recipe_options(CLI::App& command, RecipeArguments& arguments) {
  command
      .add_option("RECIPE", arguments.recipe,
                  "Recipe file (mergekit's YAML, or the MoD repository's)")
      ->required();
  command
      .add_option("--set", arguments.set,
                  "Override a value of the recipe, for example parameters.lambda=0.3 (repeatable)")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command
      .add_option("--random-seed", arguments.seed,
                  "Seed of the random methods (default: the recipe's, else 0)")
      ->type_name("N");
  command.add_option("--memory", arguments.memory, "Memory to use beyond the program itself")
      ->capture_default_str()
      ->type_name("SIZE");
  command
      .add_option("--out-shard-size", arguments.shard_size,
                  "Largest shard: 5GB, 500M, or mergekit's 5B; 0 for one file")
      ->capture_default_str()
      ->type_name("SIZE");
  command.add_flag("--single-file", arguments.single_file, "Write one model.safetensors");
  command.add_flag("--strict", arguments.strict, "Treat every warning as an error");
  command.add_flag("--compat", arguments.compat,
                   "MoD files: on errors behave as the reference does (keep the first expert)");
  command.add_flag("--allow-crimes,!--no-allow-crimes", arguments.allow_crimes,
                   "Accept models of different architectures");
  command.add_flag("--drop-unknown", arguments.drop_unknown,
                   "Drop tensors that the architecture does not know inside renumbered layers");
}

void add_accepted_options(CLI::App& command, std::vector<std::string>& seen) {
  for (const char* flag :
       {"cuda", "low-cpu-memory", "clone-tensors", "trust-remote-code", "lazy-unpickle",
        "read-to-gpu", "multi-gpu", "gpu-rich", "async-write"}) {
    const std::string name = flag;
    command.add_flag_callback("--" + name, [&seen, name] { seen.push_back("--" + name); })
        ->group("");
    command.add_flag_callback("--no-" + name, [] {})->group("");
  }
  for (const char* option :
       {"device", "transformers-cache", "lora-merge-cache", "lora-merge-dtype", "write-threads"}) {
    const std::string name = option;
    command
        .add_option_function<std::string>(
            "--" + name, [&seen, name](const std::string&) { seen.push_back("--" + name); })
        ->group("");
  }
}

merge::PlanOptions plan_options(const RecipeArguments& arguments, const Context& context) {
  merge::PlanOptions options;
  options.memory = size_option("--memory", arguments.memory, true);
  options.shard_bytes =
      arguments.single_file ? 0 : size_option("--out-shard-size", arguments.shard_size, false);
  options.threads = context.threads;
  options.allow_crimes = arguments.allow_crimes;
  options.drop_unknown = arguments.drop_unknown;
  options.compat = arguments.compat;
  return options;
}

merge::Plan make_plan(const RecipeArguments& arguments, const merge::PlanOptions& options, Log& log,
                      Problems* notes) {
  merge::RecipeOptions recipe_options;
  for (const std::string& text : arguments.set)
    recipe_options.set.push_back(merge::parse_override(text));
  recipe_options.seed = arguments.seed;
  recipe_options.compat = arguments.compat;
  Problems problems;
  merge::Plan plan = merge::load_plan(arguments.recipe, recipe_options, options, problems);
  if (arguments.strict) problems.make_strict();
  if (notes) *notes = problems;
  if (!notes || problems.has_errors()) log_problems(problems, log);
  problems.throw_if_errors();
  return plan;
}

std::uint64_t peak_resident_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

}  // namespace mod::cli
