#include "eval/likeness_file.h"

#include <algorithm>
#include <limits>

#include "checkpoint/safetensors.h"
#include "mod/error.h"

namespace mod::eval {
namespace {

constexpr std::string_view kTensor = "logprobs";
constexpr std::string_view kFingerprint = "fingerprint";
constexpr std::uint64_t kMostHeaderBytes = 4096;  // ours has less than 300

checkpoint::SafetensorsHeader read_header(const io::File& file, const std::string& where) {
  const std::uint64_t size = file.size();
  std::string prefix(std::min(size, kMostHeaderBytes), '\0');
  file.read_at(std::as_writable_bytes(std::span(prefix)), 0);
  const std::uint64_t length = checkpoint::safetensors_header_length(prefix, size, where);
  if (8 + length > prefix.size()) {
    throw Error(ErrorCode::kCorruptFile, where + ": not a file of log-probabilities");
  }
  return checkpoint::parse_safetensors_header(prefix, size, where);
}

bool is_of(const checkpoint::SafetensorsHeader& header, const std::string& fingerprint) {
  return std::any_of(header.metadata.begin(), header.metadata.end(), [&](const auto& entry) {
    return entry.first == kFingerprint && entry.second == fingerprint;
  });
}

}  // namespace

std::optional<LogprobFile> LogprobFile::open(const std::filesystem::path& path,
                                             const std::string& fingerprint,
                                             std::size_t positions) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return std::nullopt;
  try {
    LogprobFile out;
    out.file_ = io::File::open_read(path);
    const checkpoint::SafetensorsHeader header = read_header(out.file_, path.string());
    if (!is_of(header, fingerprint) || header.tensors.size() != 1) return std::nullopt;
    const checkpoint::HeaderTensor& tensor = header.tensors.front();
    if (tensor.name != kTensor || tensor.dtype != DType::F32 || tensor.shape.size() != 2 ||
        tensor.shape[0] != static_cast<std::int64_t>(positions)) {
      return std::nullopt;
    }
    out.begin_ = header.data_offset + tensor.begin;
    out.vocabulary_ = static_cast<std::size_t>(tensor.shape[1]);
    return out;
  } catch (const Error&) {
    return std::nullopt;
  }
}

void LogprobFile::read(std::size_t position, std::size_t first, std::span<float> out) const {
  const std::size_t known = std::min(out.size(), vocabulary_ - std::min(first, vocabulary_));
  std::fill(out.begin() + static_cast<std::ptrdiff_t>(known), out.end(),
            -std::numeric_limits<float>::infinity());
  const std::uint64_t element = std::uint64_t{position} * vocabulary_ + first;
  if (known > 0) {
    file_.read_at(std::as_writable_bytes(out.first(known)), begin_ + element * sizeof(float));
  }
}

LogprobWriter::LogprobWriter(const std::filesystem::path& path, const std::string& fingerprint,
                             std::size_t positions, std::size_t vocabulary)
    : file_(path,
            {{.name = std::string(kTensor),
              .dtype = DType::F32,
              .shape = {static_cast<std::int64_t>(positions),
                        static_cast<std::int64_t>(vocabulary)}}},
            {{std::string(kFingerprint), fingerprint}}),
      row_(vocabulary) {}

void LogprobWriter::append(std::span<const float> scores, double log_total) {
  std::transform(scores.begin(), scores.end(), row_.begin(), [&](float score) {
    return static_cast<float>(static_cast<double>(score) - log_total);
  });
  const auto bytes = std::as_bytes(std::span(row_));
  file_.write(kTensor, next_, bytes);
  next_ += bytes.size();
}

}  // namespace mod::eval
