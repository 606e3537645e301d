#include "eval/model_info.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/hash.h"
#include "bundle/mixture_file.h"
#include "bundle/model_argument.h"
#include "bundle/recipe_plan.h"
#include "checkpoint/model_folder.h"
#include "mod/error.h"

namespace mod::eval {
namespace {

namespace fs = std::filesystem;

fs::path whole_path(const fs::path& path) {
  std::error_code error;
  const fs::path whole = fs::canonical(path, error);
  return error ? path.lexically_normal() : whole;
}

/// Whether the name of a hub model leads to this folder and not to another revision or a folder
/// of that name.
bool leads_to(const std::string& name, const fs::path& path) {
  try {
    return whole_path(checkpoint::resolve_model(name, "", ".")) == path;
  } catch (const Error&) {
    return false;
  }
}

/// As a person would type it: a hub model's name, or relative where it lies below the working
/// directory.
std::string typed_path(const fs::path& path) {
  const std::string name = checkpoint::hub_name(path);
  if (!name.empty() && leads_to(name, path)) return name;
  std::error_code error;
  const fs::path relative = fs::proximate(path, error);
  const bool is_below = !error && !relative.empty() && *relative.begin() != "..";
  return (is_below ? relative : path).string();
}

class RowPlan {
 public:
  RowPlan(const RowArguments& arguments, const Context& context)
      : arguments_(arguments), log_(*context.log), context_(context) {
    // The same warnings come again when a model is opened.
    context_.log = &quiet_;
  }

  void add(const std::string& argument) {
    const bundle::ModelArgument resolved = bundle::resolve_argument(argument);
    ModelInfo info;
    info.argument = argument;
    info.path = whole_path(resolved.path);
    if (const ModelInfo* other = find(info.path)) {
      throw Error(
          ErrorCode::kInvalidInput,
          fmt::format("{} and {} are the same model; name it once", other->argument, argument));
    }
    if (resolved.kind == bundle::Kind::kRecipe) {
      add_recipe(resolved, info, arguments_.set);
    } else if (resolved.kind == bundle::Kind::kMixture) {
      const auto options = bundle::mixture_options(arguments_.mixture_set);
      add_mixture(bundle::load_mixture(resolved.path, options, log_), info);
    } else {
      info.fingerprint = folder_fingerprint(resolved.folder());
    }
    rows_.push_back(std::move(info));
  }

  void add(const bundle::MixtureFile& mixture) {
    ModelInfo info;
    for (const bundle::ExpertEntry& expert : mixture.experts) {
      info.argument += fmt::format("{}--expert {}={}", info.argument.empty() ? "" : " ",
                                   expert.name, expert.model);
      if (expert.weight) info.argument += fmt::format("@{}", *expert.weight);
    }
    info.argument += fmt::format(" --rule {} --gate {} --mode {}", mixture.rule->name,
                                 mixture.gate->name, mix::mode_of(mixture.mode.kind).name);
    add_mixture(mixture, info);
    rows_.push_back(std::move(info));
  }

  std::vector<ModelInfo> finish(bool add_parents) {
    for (std::size_t i = 0, typed = rows_.size(); i < typed; ++i) {
      std::vector<std::string> names;
      for (const std::string& parent : rows_[i].parents) {
        const std::string name = row_of(parent, add_parents);
        const bool is_new = std::find(names.begin(), names.end(), name) == names.end();
        if (!name.empty() && is_new) names.push_back(name);
      }
      rows_[i].parents = std::move(names);
    }
    const auto place = [](const ModelInfo& row) { return static_cast<int>(row.kind); };
    std::stable_sort(rows_.begin(), rows_.end(),
                     [&](const ModelInfo& a, const ModelInfo& b) { return place(a) < place(b); });
    set_labels();
    return std::move(rows_);
  }

 private:
  /// Experts are its parents, or the models that their recipes name.
  void add_mixture(const bundle::MixtureFile& mixture, ModelInfo& info) {
    std::string all = bundle::mixture_yaml(mixture, {});
    for (const bundle::ExpertEntry& expert : mixture.experts) {
      const bundle::ModelArgument model = bundle::resolve_argument(expert.argument);
      if (model.kind == bundle::Kind::kRecipe) {
        ModelInfo merge;
        add_recipe(model, merge, {});
        all += merge.fingerprint;
        info.parents.insert(info.parents.end(), merge.parents.begin(), merge.parents.end());
      } else {
        all += add_parent(model.folder(), info);
      }
    }
    info.kind = RowKind::kMixture;
    info.mixture = mixture;
    info.fingerprint = sha256_hex(all);
  }

  /// Its fingerprint.
  const std::string& add_parent(const fs::path& folder, ModelInfo& info) {
    const std::string parent = whole_path(folder).string();
    info.parents.push_back(parent);
    if (!fingerprints_.contains(parent)) fingerprints_[parent] = folder_fingerprint(parent);
    return fingerprints_[parent];
  }

  void add_recipe(const bundle::ModelArgument& argument, ModelInfo& info,
                  const std::vector<std::string>& set) {
    info.kind = RowKind::kMerge;
    const merge::Plan plan = bundle::plan_recipe(argument, set, context_);
    std::string all = plan.fingerprint();
    for (const merge::PlanModel& model : plan.models) {
      all += add_parent(model.folder.path, info);
    }
    info.fingerprint = sha256_hex(all);
  }

  const ModelInfo* find(const fs::path& path) const {
    const auto found = std::find_if(rows_.begin(), rows_.end(),
                                    [&](const ModelInfo& row) { return row.path == path; });
    return found == rows_.end() ? nullptr : &*found;
  }

  /// The argument of a parent's row, which is added if wanted; empty if there is none.
  std::string row_of(const std::string& path, bool add_parents) {
    if (const ModelInfo* row = find(path)) return row->argument;
    if (!add_parents) return {};
    ModelInfo info;
    info.argument = typed_path(path);
    info.path = path;
    info.is_added = true;
    info.fingerprint = fingerprints_.at(path);
    rows_.push_back(info);
    return info.argument;
  }

  /// The last part of the path, as much of it as makes it unique.
  void set_labels() {
    std::map<std::string, int> used;
    for (ModelInfo& row : rows_) row.label = label_of(row, 1);
    for (ModelInfo& row : rows_) ++used[row.label];
    for (ModelInfo& row : rows_) {
      if (used[row.label] > 1) row.label = label_of(row, 2);
    }
    std::map<std::string, int> seen;
    for (ModelInfo& row : rows_) {
      if (const int n = ++seen[row.label]; n > 1) row.label += fmt::format("-{}", n);
    }
  }

  static std::string expert_names(const bundle::MixtureFile& mixture) {
    std::string names;
    for (const auto& expert : mixture.experts) names += (names.empty() ? "" : "+") + expert.name;
    return names;
  }

  /// A folder of the hub's cache is named after a commit, so the model's name stands for it.
  static std::string hub_label(const std::string& name, const fs::path& folder, int parts) {
    if (parts == 1) return name.substr(name.find('/') + 1);
    return name + "@" + folder.filename().string().substr(0, 8);
  }

  static std::string label_of(const ModelInfo& row, int parts) {
    fs::path path = row.path;
    if (path.empty()) return expert_names(*row.mixture);
    if (const std::string name = checkpoint::hub_name(path); !name.empty()) {
      return hub_label(name, path, parts);
    }
    std::string label =
        row.kind == RowKind::kParent ? path.filename().string() : path.stem().string();
    for (int i = 1; i < parts && path.has_parent_path(); ++i) {
      path = path.parent_path();
      label = path.filename().string() + "/" + label;
    }
    return label;
  }

  const RowArguments& arguments_;
  Log& log_;
  Log quiet_{LogLevel::kQuiet};
  Context context_;
  std::vector<ModelInfo> rows_;
  std::map<std::string, std::string> fingerprints_;
};

}  // namespace

std::vector<ModelInfo> plan_rows(const RowArguments& arguments, bool add_parents,
                                 const Context& context) {
  RowPlan plan(arguments, context);
  for (const std::string& argument : arguments.models) plan.add(argument);
  if (arguments.mixture) plan.add(*arguments.mixture);
  return plan.finish(add_parents);
}

}  // namespace mod::eval
