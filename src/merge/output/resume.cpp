#include "merge/output/resume.h"

#include "base/text.h"
#include "io/file.h"
#include "merge/output/report.h"
#include "mod/error.h"

namespace mod::merge {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kStateLimit = 256ull << 20;

fs::path state_path(const fs::path& folder) { return folder / "mod_resume.mod-tmp"; }

bool shard_is_there(const Plan& plan, const fs::path& folder, std::size_t shard) {
  std::error_code error;
  const auto size = fs::file_size(folder / plan.shards[shard].file_name, error);
  return !error && size == plan.shards[shard].size;
}

}  // namespace

ResumeState load_resume_state(const Plan& plan, const fs::path& folder, bool& changed) {
  ResumeState state{std::vector<bool>(plan.shards.size(), false),
                    std::vector<TensorReport>(plan.tensors.size())};
  changed = false;
  if (!fs::exists(state_path(folder))) return state;
  try {
    const std::string name = state_path(folder).string();
    const Json json = checkpoint::parse_json(read_text_file(name, kStateLimit), name);
    if (json.at("fingerprint") != plan.fingerprint()) {
      changed = true;
      return state;
    }
    const ResumeState empty = state;
    const Json& shards = json.at("finished");
    const Json& tensors = json.at("tensors");
    for (std::size_t s = 0; s < plan.shards.size(); ++s) {
      state.finished[s] =
          s < shards.size() && shards[s].get<bool>() && shard_is_there(plan, folder, s);
    }
    for (std::size_t t = 0; t < plan.tensors.size(); ++t) {
      const PlannedTensor& tensor = plan.tensors[t];
      if (!state.finished[tensor.shard]) continue;
      state.reports[t] = tensor_from_json(plan, tensor, tensors.at(tensor.name));
    }
  } catch (const std::exception&) {
    // A half-written or foreign state is as good as none: everything is merged again.
    state.finished.assign(plan.shards.size(), false);
    changed = true;
  }
  return state;
}

void save_resume_state(const Plan& plan, const fs::path& folder, const ResumeState& state) {
  Json tensors = Json::object();
  for (std::size_t t = 0; t < plan.tensors.size(); ++t) {
    const PlannedTensor& tensor = plan.tensors[t];
    if (state.finished[tensor.shard]) {
      tensors[tensor.name] = tensor_json(plan, tensor, state.reports[t]);
    }
  }
  const Json json = {
      {"fingerprint", plan.fingerprint()}, {"finished", state.finished}, {"tensors", tensors}};
  io::write_file_atomic(state_path(folder), json.dump());
}

void remove_resume_state(const fs::path& folder) {
  std::error_code ignored;
  fs::remove(state_path(folder), ignored);
}

}  // namespace mod::merge
