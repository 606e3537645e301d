// What --resume needs to know: which shards of this very plan are finished, and what was reported
// about their tensors. Kept beside the shards as mod_resume.mod-tmp, rewritten after every finished
// shard.
#pragma once

#include <filesystem>
#include <vector>

#include "merge/executor.h"
#include "merge/plan.h"

namespace mod::merge {

struct ResumeState {
  std::vector<bool> finished;         // by shard
  std::vector<TensorReport> reports;  // by tensor; filled for finished shards
};

/// The state of an earlier run in `folder`, or an empty one where there is none, where its
/// fingerprint differs (`changed` is set), or where a shard it names is not there with its size.
ResumeState load_resume_state(const Plan& plan, const std::filesystem::path& folder, bool& changed);

void save_resume_state(const Plan& plan, const std::filesystem::path& folder,
                       const ResumeState& state);
void remove_resume_state(const std::filesystem::path& folder);

}  // namespace mod::merge
