#include "merge/output/verify.h"

#include <fmt/format.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "base/hash.h"
#include "base/progress.h"
#include "base/text.h"
#include "checkpoint/model_folder.h"
#include "io/buffer.h"
#include "mod/error.h"

namespace mod::merge {
namespace {

using checkpoint::Checkpoint;
using checkpoint::Json;
using checkpoint::TensorInfo;

constexpr std::uint64_t kReportLimit = 1ull << 30;
constexpr std::uint64_t kBufferBytes = 1 << 20;

std::string hash_tensor(const Checkpoint& weights, const TensorInfo& tensor, io::Buffer& buffer,
                        Progress& progress) {
  Sha256 sha;
  for (std::uint64_t at = 0; at < tensor.bytes; at += kBufferBytes) {
    const auto part = buffer.span().first(std::min(kBufferBytes, tensor.bytes - at));
    weights.read(tensor, at, part);
    sha.update(part);
    progress.add(part.size());
  }
  return sha.hex();
}

struct Expected {
  std::string name, dtype, sha256;
  std::vector<std::int64_t> shape;
};

std::vector<Expected> expected_tensors(const std::filesystem::path& report) {
  if (!std::filesystem::exists(report)) {
    throw Error(ErrorCode::kInvalidInput,
                fmt::format("{}: there is no report to verify against; `mod verify` checks folders "
                            "written by `mod merge`",
                            report.string()));
  }
  const Json json =
      checkpoint::parse_json(read_text_file(report.string(), kReportLimit), report.string());
  std::vector<Expected> list;
  try {
    for (const Json& t : json.at("tensors")) {
      list.push_back({t.at("name").get<std::string>(), t.at("dtype").get<std::string>(),
                      t.at("sha256").is_string() ? t.at("sha256").get<std::string>() : "",
                      t.at("shape").get<std::vector<std::int64_t>>()});
    }
  } catch (const Json::exception& error) {
    throw Error(ErrorCode::kCorruptFile,
                fmt::format("{}: not a report of `mod merge`: {}", report.string(), error.what()));
  }
  return list;
}

/// What the header says about one tensor against the report; empty if they agree.
std::string header_problem(const Expected& want, const TensorInfo* have) {
  if (!have) return fmt::format("{}: missing from the weights", want.name);
  if (dtype_name(have->dtype) != want.dtype) {
    return fmt::format("{}: dtype is {}, the report says {}", want.name, dtype_name(have->dtype),
                       want.dtype);
  }
  if (have->shape != want.shape) {
    return fmt::format("{}: shape is {}, the report says {}", want.name, shape_text(have->shape),
                       shape_text(want.shape));
  }
  return {};
}

}  // namespace

VerifyResult verify_folder(const std::filesystem::path& folder, const Context& context) {
  const std::vector<Expected> wanted = expected_tensors(folder / "mod_report.json");
  Problems notes;
  const auto weights = Checkpoint::open(folder, notes);
  VerifyResult result;
  result.tensors = wanted.size();
  result.bytes = weights->total_bytes();
  std::vector<std::string> found(wanted.size());
  std::atomic<std::size_t> next{0}, checked{0};
  std::exception_ptr error;
  std::mutex mutex;
  Progress progress(*context.log, "verifying", result.bytes);
  const auto work = [&] {
    try {
      io::Buffer buffer(kBufferBytes);
      for (std::size_t i = next++; i < wanted.size() && !context.stop_requested(); i = next++) {
        const TensorInfo* have = weights->find(wanted[i].name);
        found[i] = header_problem(wanted[i], have);
        if (!found[i].empty() || wanted[i].sha256.empty()) continue;
        ++checked;
        if (hash_tensor(*weights, *have, buffer, progress) != wanted[i].sha256) {
          found[i] = fmt::format("{}: the bytes differ from what was merged", wanted[i].name);
        }
      }
    } catch (...) {
      std::lock_guard lock(mutex);
      if (!error) error = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < context.threads; ++t) threads.emplace_back(work);
  }
  if (error) std::rethrow_exception(error);
  if (context.stop_requested()) throw Error(ErrorCode::kCancelled, "stopped by the user");
  result.checked = checked;
  for (std::string& problem : found) {
    if (!problem.empty()) result.problems.push_back(std::move(problem));
  }
  if (weights->tensors().size() > wanted.size()) {
    result.problems.push_back(fmt::format("the weights hold {} tensors, the report {}",
                                          weights->tensors().size(), wanted.size()));
  }
  return result;
}

}  // namespace mod::merge
