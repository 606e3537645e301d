// The limit that merges are measured against: a plain program that reads every input once with
// pread and writes the output once with pwrite, with the same threads and the same tile size, and
// computes nothing.
#pragma once

#include <filesystem>

#include "merge/plan.h"

namespace mod::merge {

struct PlainCopyOptions {
  int threads = 1;
  std::uint64_t tile_bytes = 262144;
  bool sync = false;  // fdatasync at the end, as a merge does
};

/// Reads the bytes of every input of `plan` and writes as many bytes as the plan's output to
/// `folder`/plain.mod-tmp, which is removed again. Returns the seconds.
double plain_copy(const Plan& plan, const std::filesystem::path& folder,
                  const PlainCopyOptions& options);

/// Drops the inputs of the plan from the page cache, so that the next run reads from the disk.
void drop_inputs_from_cache(const Plan& plan);

}  // namespace mod::merge
