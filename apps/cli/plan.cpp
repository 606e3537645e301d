// `mod plan RECIPE [OUT]`: what a merge would do, and everything that is wrong with it, from
// headers and configs alone.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>

#include "base/text.h"
#include "bundle/model_argument.h"
#include "commands.h"
#include "io/disk_probe.h"
#include "merge/budget.h"
#include "plan_mixture.h"
#include "print.h"
#include "recipe_options.h"

namespace mod::cli {
namespace {

struct Arguments {
  RecipeArguments recipe;
  std::string out;
  bool no_probe = false;
};

/// Smallest and largest value of a parameter over all tensors.
struct Range {
  double low, high;
  std::string text() const {
    return low == high ? fmt::format("{:g}", low) : fmt::format("{:g} to {:g}", low, high);
  }
};

struct Effective {
  std::map<std::string, Range> numbers;  // "lambda", "weight of math"
  std::map<std::string, std::string> strings;
};

void widen(std::map<std::string, Range>& ranges, const std::string& key,
           std::optional<double> value) {
  if (!value) return;
  const auto [it, fresh] = ranges.try_emplace(key, Range{*value, *value});
  if (fresh) return;
  it->second.low = std::min(it->second.low, *value);
  it->second.high = std::max(it->second.high, *value);
}

std::string join(const std::vector<std::string>& list) {
  std::string text;
  for (const std::string& s : list) text += (text.empty() ? "" : ", ") + s;
  return text;
}

Effective effective_parameters(const merge::Plan& plan) {
  Effective effective;
  for (const merge::PlannedTensor& tensor : plan.tensors) {
    if (!tensor.method) continue;
    const merge::ParamSet& params = tensor.spec.params;
    for (const merge::ParamSpec& spec : plan.method->params) {
      const std::string name(spec.name);
      if (spec.type == merge::ParamType::kString) {
        effective.strings[name] = params.string(spec.name);
      } else if (spec.type == merge::ParamType::kStringList) {
        effective.strings[name] = join(params.strings(spec.name));
      } else if (!spec.per_model) {
        widen(effective.numbers, name, params.find(spec.name));
      } else {
        for (std::size_t i = 0; i < tensor.inputs.size(); ++i) {
          widen(effective.numbers, name + " of " + plan.models[tensor.inputs[i].model].label,
                params.find(spec.name, static_cast<int>(i)));
        }
      }
    }
  }
  return effective;
}

/// Bytes that must come from the disk: a second pass over a tensor is served by the page cache.
std::uint64_t distinct_bytes(const merge::Plan& plan) {
  std::uint64_t bytes = 0;
  for (const merge::PlannedTensor& tensor : plan.tensors) {
    for (const merge::PlannedInput& input : tensor.inputs) {
      bytes += tensor.spec.elements * dtype_size(input.tensor.dtype);
    }
  }
  return bytes;
}

struct Estimate {
  std::optional<io::DiskRates> disk;
  double seconds = 0;
};

Estimate estimate(const merge::Plan& plan, const Arguments& arguments) {
  Estimate result;
  if (arguments.no_probe) return result;
  result.disk = io::probe_disk(arguments.out.empty() ? "." : arguments.out);
  if (result.disk) {
    result.seconds =
        distinct_bytes(plan) / result.disk->read + plan.bytes_written / result.disk->write;
  }
  return result;
}

std::size_t copies(const merge::Plan& plan) {
  return static_cast<std::size_t>(std::count_if(plan.tensors.begin(), plan.tensors.end(),
                                                [](const auto& t) { return !t.method; }));
}

void print_plan(const merge::Plan& plan, const merge::Budget& budget, const Estimate& estimate) {
  fmt::print("method:       {} ({})\n", plan.method->name, plan.method->title);
  fmt::print("architecture: {}\n", plan.architecture);
  for (std::size_t m = 0; m < plan.models.size(); ++m) {
    const merge::PlanModel& model = plan.models[m];
    fmt::print("{}  {}, {}{}\n", m == 0 ? "models:     " : "            ", model.label,
               size_text(model.folder.weights->total_bytes()),
               static_cast<int>(m) == plan.donor ? "  (config, tokenizer and other files)" : "");
  }
  const Effective effective = effective_parameters(plan);
  std::string title = "parameters: ";
  for (const auto& [name, text] : effective.strings) {
    fmt::print("{}  {}: {}\n", std::exchange(title, "            "), name, text);
  }
  for (const auto& [name, range] : effective.numbers) {
    fmt::print("{}  {}: {}\n", std::exchange(title, "            "), name, range.text());
  }
  fmt::print("tensors:      {} ({} merged, {} copied), {} file{}\n", plan.tensors.size(),
             plan.tensors.size() - copies(plan), copies(plan), plan.shards.size(),
             plan.shards.size() == 1 ? "" : "s");
  fmt::print("read:         {} from disk, each {}\n", size_text(distinct_bytes(plan)),
             plan.method->reads);
  fmt::print("write:        {}\n", size_text(plan.bytes_written));
  fmt::print("memory:       {} at most, {} threads\n", size_text(budget.peak_bytes),
             budget.workers);
  if (estimate.disk) {
    fmt::print("time:         about {} (disk probe: read {}, write {})\n",
               duration_text(estimate.seconds), rate_text(estimate.disk->read),
               rate_text(estimate.disk->write));
  }
  if (plan.recipe.from_mod_repository) {
    fmt::print("\nThe MoD repository's file means this recipe:\n{}", plan.recipe.effective_text);
  }
}

void print_tensors(const merge::Plan& plan) {
  Table table({"tensor", "method", "shape", "dtype", "inputs", "shard"}, {4, 5});
  for (const merge::PlannedTensor& t : plan.tensors) {
    table.add({t.name, t.method ? std::string(t.method->name) : "copy", shape_text(t.spec.shape),
               std::string(dtype_name(t.dtype)), std::to_string(t.inputs.size()),
               std::to_string(t.shard + 1)});
  }
  table.print();
}

Json problems_json(const Problems& problems) {
  Json list = Json::array();
  for (const Problem& p : problems.all()) {
    const char* severity = p.severity == Severity::kError     ? "error"
                           : p.severity == Severity::kWarning ? "warning"
                                                              : "note";
    list.push_back({{"severity", severity},
                    {"place", p.place.text()},
                    {"text", p.text},
                    {"remedy", p.remedy}});
  }
  return list;
}

Json plan_json(const merge::Plan& plan, const merge::Budget& budget, const Estimate& estimate,
               const Problems& problems) {
  Json models = Json::array(), tensors = Json::array(), parameters = Json::object();
  for (const merge::PlanModel& m : plan.models) {
    models.push_back({{"model", m.label},
                      {"folder", m.folder.path.string()},
                      {"bytes", m.folder.weights->total_bytes()}});
  }
  for (const merge::PlannedTensor& t : plan.tensors) {
    Json inputs = Json::array();
    for (const merge::PlannedInput& input : t.inputs) {
      inputs.push_back({{"model", plan.models[input.model].label}, {"tensor", input.tensor.name}});
    }
    tensors.push_back({{"name", t.name},
                       {"method", t.method ? std::string(t.method->name) : "copy"},
                       {"shape", t.spec.shape},
                       {"dtype", dtype_name(t.dtype)},
                       {"bytes", t.bytes},
                       {"inputs", inputs},
                       {"file", plan.shards[t.shard].file_name}});
  }
  const Effective effective = effective_parameters(plan);
  for (const auto& [name, text] : effective.strings) parameters[name] = text;
  for (const auto& [name, range] : effective.numbers) {
    parameters[name] = range.low == range.high ? Json(range.low) : Json({range.low, range.high});
  }
  return {{"method", plan.method->name},
          {"architecture", plan.architecture},
          {"recipe", plan.recipe.effective_text},
          {"models", models},
          {"donor", plan.models[plan.donor].label},
          {"parameters", parameters},
          {"bytes_read", distinct_bytes(plan)},
          {"bytes_written", plan.bytes_written},
          {"peak_memory", budget.peak_bytes},
          {"seconds", estimate.disk ? Json(estimate.seconds) : Json(nullptr)},
          {"problems", problems_json(problems)},
          {"tensors", tensors}};
}

bool is_mixture_file(const std::string& file) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(file, ignored) &&
         bundle::resolve_argument(file).kind == bundle::Kind::kMixture;
}

void run(const Arguments& arguments, Invocation& invocation) {
  if (is_mixture_file(arguments.recipe.recipe)) {
    return show_mixture_plan(arguments.recipe.recipe, arguments.recipe.set, invocation);
  }
  merge::PlanOptions options = plan_options(arguments.recipe, invocation.context);
  options.output = arguments.out;
  Problems problems;
  const merge::Plan plan =
      make_plan(arguments.recipe, options, invocation.log(), invocation.json ? &problems : nullptr);
  const merge::Budget budget = merge::make_budget(plan, options.memory, invocation.context);
  const Estimate time = estimate(plan, arguments);
  if (invocation.json) {
    print_json(plan_json(plan, budget, time, problems));
    return;
  }
  print_plan(plan, budget, time);
  if (invocation.log().level() >= LogLevel::kDebug) print_tensors(plan);
}

}  // namespace

void add_plan(CommandTree& tree, CLI::App& parent) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App& command = tree.add(
      parent, "plan",
      "Show what a recipe or mixture would do and every problem, without touching a weight",
      "mod plan examples/recipes/ties.yml\n  mod plan recipe.yml out/ -v\n"
      "  mod plan examples/mixtures/share.yml\n\n"
      "Of a mixture: the experts, what they share, and the memory that they will take.",
      [arguments](Invocation& invocation) { run(*arguments, invocation); });
  add_recipe_options(command, arguments->recipe);
  command.add_option("OUT", arguments->out,
                     "Where the merge would go: checks its free space and speed");
  command.add_flag("--no-probe", arguments->no_probe, "Leave out the disk probe and the time");
}

}  // namespace mod::cli
