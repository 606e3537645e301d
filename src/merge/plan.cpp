#include "merge/plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "merge/plan_builder.h"
#include "mod/version.h"

namespace mod::merge {
namespace planning {

int Builder::find_model(const ModelRef& ref) const {
  for (std::size_t i = 0; i < plan.models.size(); ++i) {
    if (plan.models[i].ref == ref) return static_cast<int>(i);
  }
  return -1;
}

void Tally::add(Severity severity, const Place& place, const std::string& text,
                const std::string& remedy, const std::string& tensor, const std::string& group) {
  constexpr std::size_t kExamples = 3;
  const auto [at, fresh] =
      index_.try_emplace({place.text(), group.empty() ? text : group}, items_.size());
  if (fresh) items_.push_back({severity, place, text, remedy, {}, 0});
  Item& item = items_[at->second];
  ++item.count;
  if (item.tensors.size() < kExamples) item.tensors.push_back(tensor);
}

void Tally::report(Problems& problems) const {
  for (const Item& item : items_) {
    std::string names = fmt::format("{}", fmt::join(item.tensors, ", "));
    if (item.count > item.tensors.size()) {
      names +=
          fmt::format(" and {} more ({} tensors)", item.count - item.tensors.size(), item.count);
    }
    std::string text = item.text;
    if (const std::size_t at = text.find("{0}"); at != std::string::npos)
      text.replace(at, 3, names);
    switch (item.severity) {
      case Severity::kError:
        problems.error(item.place, text, item.remedy);
        break;
      case Severity::kWarning:
        problems.warn(item.place, text, item.remedy);
        break;
      case Severity::kNote:
        problems.note(item.place, text, item.remedy);
        break;
    }
  }
}

namespace {

void warn_nothing_matched(Builder& b) {
  if (!b.plan.method->matches) return;
  for (const PlannedTensor& t : b.plan.tensors) {
    if (t.method) return;
  }
  b.problems.warn(b.recipe_place(),
                  fmt::format("no tensor is merged by {}: the output is a copy of {}",
                              b.plan.method->name, b.label(b.plan.donor)),
                  "set match: to a part of the tensor names, see `mod inspect MODEL`");
}

void build(Builder& b) {
  if (!open_models(b) || !choose_architecture(b)) return;
  check_models(b);
  if (!lay_out_slices(b)) return;
  list_slots(b);
  plan_tensors(b);
  keep_unknown_tensors(b);
  b.tally.report(b.problems);
  if (b.problems.has_errors()) return;
  warn_nothing_matched(b);
  place_tensors(b);
  write_config(b);
  total_up(b);
}

}  // namespace
}  // namespace planning

Plan build_plan(const Recipe& recipe, const PlanOptions& options, Problems& problems) {
  planning::Builder b{recipe, options, problems, {}, {}, {}, nullptr, {}, {}, {}, 0, false, false};
  b.plan.recipe = recipe;
  b.plan.method = find_method(recipe.method);
  if (!b.plan.method) {
    problems.error(recipe.method_place, "unknown merge method '" + recipe.method + "'",
                   "see `mod methods`");
    return std::move(b.plan);
  }
  planning::build(b);
  return std::move(b.plan);
}

std::string Plan::fingerprint() const {
  Sha256 hash;
  auto add = [&](std::string_view text) {
    const std::string length = std::to_string(text.size()) + ":";
    hash.update(std::as_bytes(std::span(length)));
    hash.update(std::as_bytes(std::span(text)));
  };
  add(kVersion);
  add(recipe.effective_text);
  add(config.dump());
  for (const PlanModel& model : models) {
    add(model.label);
    for (const checkpoint::InputFile& file : model.folder.weights->files()) {
      add(file.path.filename().string());
      add(std::to_string(file.size));
      add(file.header_sha256);
      // Weights trained further in place keep their header.
      std::error_code ignored;
      const auto changed = std::filesystem::last_write_time(file.path, ignored);
      add(std::to_string(changed.time_since_epoch().count()));
    }
  }
  for (const checkpoint::ShardLayout& shard : shards) {
    add(shard.file_name);
    add(shard.header);
  }
  return hash.hex();
}

}  // namespace mod::merge
