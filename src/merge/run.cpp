#include "merge/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <optional>

#include "base/progress.h"
#include "io/file.h"
#include "merge/budget.h"
#include "merge/disk_sink.h"
#include "merge/output/resume.h"
#include "merge/output/sidecar.h"
#include "mod/error.h"

namespace mod::merge {
namespace {

namespace fs = std::filesystem;
using checkpoint::OutputFolder;

std::uint64_t physical_memory() {
  std::ifstream info("/proc/meminfo");
  std::string key;
  std::uint64_t kib = 0;
  while (info >> key >> kib) {
    if (key == "MemTotal:") return kib * 1024;
    info.ignore(256, '\n');
  }
  return ~0ull;
}

/// Other programs' cached files stay in memory when ours alone would push them out.
bool worth_dropping(const Plan& plan) {
  return plan.bytes_read + plan.bytes_written > physical_memory() / 4;
}

OutputFolder::Options folder_options(const Plan& plan, const RunOptions& options) {
  OutputFolder::Options folder;
  folder.overwrite = options.overwrite;
  folder.resume = options.resume;
  for (const PlanModel& model : plan.models) folder.inputs.push_back(model.folder.path);
  return folder;
}

/// The part of a run between the created folder and commit().
class Run {
 public:
  Run(const Plan& plan, OutputFolder& folder, const RunOptions& options, const Context& context,
      ResumeState state)
      : plan_(plan),
        folder_(folder),
        options_(options),
        context_(context),
        state_(std::move(state)) {}

  std::vector<TensorReport> merge() {
    folder_.create_shards(plan_.shards, state_.finished);
    DiskSink::Options sink_options;
    sink_options.hash = options_.hash;
    sink_options.drop_cache = worth_dropping(plan_);
    sink_options.write_back = !io::is_memory_backed(folder_.path());
    sink_options.waiting_tiles = kWaitingTiles * static_cast<std::size_t>(context_.threads);
    if (plan_.shards.size() > 1) sink_options.shard_done = [this](int shard) { remember(shard); };
    DiskSink sink(plan_, folder_, std::move(sink_options), state_.finished);
    sink_ = &sink;
    ExecuteOptions execute_options = options_.execute;
    execute_options.skip.resize(plan_.tensors.size());
    for (std::size_t t = 0; t < plan_.tensors.size(); ++t) {
      execute_options.skip[t] = state_.finished[plan_.tensors[t].shard];
    }
    Progress progress(*context_.log, "merging", plan_.bytes_read + plan_.bytes_written);
    auto reports = execute(plan_, sink, execute_options, context_, &progress);
    sink.finish();
    for (std::size_t t = 0; t < reports.size(); ++t) {
      if (execute_options.skip[t]) reports[t] = state_.reports[t];
    }
    return reports;
  }

  bool any_shard_finished() const {
    return std::find(state_.finished.begin(), state_.finished.end(), true) != state_.finished.end();
  }

 private:
  void remember(int shard) {  // called from the sink's one background thread
    for (std::size_t t = 0; t < plan_.tensors.size(); ++t) {
      if (plan_.tensors[t].shard == shard) state_.reports[t] = sink_->report(t);
    }
    state_.finished[shard] = true;
    save_resume_state(plan_, folder_.path(), state_);
  }

  const Plan& plan_;
  OutputFolder& folder_;
  const RunOptions& options_;
  const Context& context_;
  ResumeState state_;
  DiskSink* sink_ = nullptr;
};

ResumeState starting_state(const Plan& plan, const fs::path& out, const RunOptions& options,
                           Log& log, std::size_t& resumed) {
  bool changed = false;
  ResumeState state{std::vector<bool>(plan.shards.size(), false),
                    std::vector<TensorReport>(plan.tensors.size())};
  if (options.resume) state = load_resume_state(plan, out, changed);
  resumed =
      static_cast<std::size_t>(std::count(state.finished.begin(), state.finished.end(), true));
  if (changed) {
    log.warn(
        "the recipe or its inputs changed since the interrupted run: all shards are merged again");
  } else if (options.resume) {
    log.info(fmt::format("resuming: {} of {} shards are finished", resumed, plan.shards.size()));
  }
  return state;
}

}  // namespace

RunResult merge_to_folder(const Plan& plan, const fs::path& out, const RunOptions& options,
                          const Context& context) {
  const auto start = std::chrono::steady_clock::now();
  const OutputFolder::Options folder_opts = folder_options(plan, options);
  OutputFolder::check(out, folder_opts);
  RunResult result;
  ResumeState state = starting_state(plan, out, options, *context.log, result.resumed_shards);
  OutputFolder folder(out, folder_opts, *context.log);
  stage_side_files(plan, folder, options.copy_tokenizer, options.write_card);
  Run run(plan, folder, options, context, std::move(state));
  try {
    result.reports = run.merge();
  } catch (...) {
    if (run.any_shard_finished()) {
      folder.keep_for_resume();
      context.log->info(
          "finished shards were kept: --resume continues, another start removes them");
    }
    throw;
  }
  result.bytes_read = plan.bytes_read;
  result.bytes_written = plan.bytes_written;
  const auto elapsed = std::chrono::steady_clock::now() - start;
  result.seconds = std::chrono::duration<double>(elapsed).count();
  const RunFacts facts{result.seconds, result.bytes_read, result.bytes_written, context.threads};
  folder.add_file("mod_report.json", report_json(plan, result.reports, facts).dump(1) + "\n");
  if (!plan.index_name.empty()) folder.add_file(plan.index_name, plan.index_json);
  remove_resume_state(out);
  folder.commit(plan.index_name);
  result.totals = total(plan, result.reports);
  return result;
}

}  // namespace mod::merge
