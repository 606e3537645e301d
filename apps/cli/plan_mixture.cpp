#include "plan_mixture.h"

#include <fmt/format.h>

#include "base/text.h"
#include "bundle/mixture_plan.h"
#include "print.h"

namespace mod::cli {
namespace {

std::string weight_text(const bundle::ExpertEntry& entry) {
  return entry.weight ? fmt::format("{:g}", *entry.weight) : "-";
}

std::size_t shortest_context(const bundle::MixturePlan& plan) {
  std::size_t least = SIZE_MAX;
  for (const bundle::ExpertPlan& expert : plan.experts) least = std::min(least, expert.context);
  return least;
}

std::uint64_t cache_bytes(const bundle::MixturePlan& plan) {
  std::uint64_t sum = 0;
  for (const bundle::ExpertPlan& expert : plan.experts) sum += expert.cache_bytes;
  return sum;
}

Json to_json(const bundle::MixtureFile& file, const bundle::MixturePlan& plan) {
  Json experts = Json::array();
  for (std::size_t k = 0; k < plan.experts.size(); ++k) {
    const bundle::ExpertPlan& expert = plan.experts[k];
    const bundle::ExpertEntry& entry = file.experts[k];
    experts.push_back({{"name", expert.name},
                       {"model", expert.model},
                       {"kind", expert.is_recipe ? "recipe" : "model"},
                       {"architecture", expert.architecture},
                       {"weight", entry.weight ? Json(*entry.weight) : Json()},
                       {"temperature", entry.temperature},
                       {"role", entry.role},
                       {"bytes", expert.bytes},
                       {"shared_bytes", expert.shared},
                       {"cache_bytes_per_token", expert.cache_bytes},
                       {"context", expert.context}});
  }
  return {{"rule", file.rule->name},
          {"gate", file.gate->name},
          {"mode", mix::mode_of(file.mode.kind).name},
          {"experts", experts},
          {"bytes", plan.bytes()},
          {"distinct_bytes", plan.distinct()},
          {"cache_bytes_per_token", cache_bytes(plan)},
          {"context", shortest_context(plan)},
          {"vocabulary", plan.vocabulary},
          {"masked", plan.masked}};
}

}  // namespace

void show_mixture_plan(const std::filesystem::path& file, const std::vector<std::string>& set,
                       const Invocation& run) {
  const bundle::MixtureFile mixture =
      bundle::load_mixture(file, bundle::mixture_options(set), run.log());
  const bundle::MixturePlan plan = bundle::plan_mixture(mixture, run.context);
  if (run.json) return print_json(to_json(mixture, plan));
  fmt::print("rule {}, gate {}, mode {}; {} experts\n", mixture.rule->name, mixture.gate->name,
             mix::mode_of(mixture.mode.kind).name, plan.experts.size());
  Table table({"expert", "model", "architecture", "weight", "weights in memory", "shared before",
               "context"},
              {3, 4, 5, 6});
  for (std::size_t k = 0; k < plan.experts.size(); ++k) {
    const bundle::ExpertPlan& expert = plan.experts[k];
    table.add({expert.name, expert.model + (expert.is_recipe ? " (merged in memory)" : ""),
               expert.architecture, weight_text(mixture.experts[k]), size_text(expert.bytes),
               size_text(expert.shared), count_text(expert.context)});
  }
  table.print();
  fmt::print("memory: {} of weights ({} without sharing), {} of keys and values for every token\n",
             size_text(plan.distinct()), size_text(plan.bytes()), size_text(cache_bytes(plan)));
  fmt::print("texts of up to {} tokens; vocabulary of {}, {} of them never sampled (padding)\n",
             count_text(shortest_context(plan)), count_text(plan.vocabulary),
             count_text(plan.masked));
}

}  // namespace mod::cli
