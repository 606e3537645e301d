// The log-probabilities of one row on disk: a safetensors file with `logprobs` (fp32, positions x
// vocabulary), so that memory does not grow with models, positions or vocabularies.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "checkpoint/tensor_file.h"
#include "io/file.h"

namespace mod::eval {

/// A complete file. Reading is thread-safe.
class LogprobFile {
 public:
  /// Nothing where there is no such file, or it is not whole, or of another fingerprint or number
  /// of positions.
  static std::optional<LogprobFile> open(const std::filesystem::path& path,
                                         const std::string& fingerprint, std::size_t positions);

  std::size_t vocabulary() const { return vocabulary_; }
  /// Log-probabilities of the tokens from `first` on; -infinity beyond the vocabulary. Throws
  /// Error(kIo).
  void read(std::size_t position, std::size_t first, std::span<float> out) const;

 private:
  io::File file_;
  std::uint64_t begin_ = 0;  // of the tensor in the file
  std::size_t vocabulary_ = 0;
};

/// The file to be written: appended to position by position, named when it is finished.
class LogprobWriter {
 public:
  /// Throws as checkpoint::TensorFile.
  LogprobWriter(const std::filesystem::path& path, const std::string& fingerprint,
                std::size_t positions, std::size_t vocabulary);

  /// The next position: log p = scores - log_total.
  void append(std::span<const float> scores, double log_total);
  void finish() { file_.finish(); }

 private:
  checkpoint::TensorFile file_;
  std::vector<float> row_;
  std::uint64_t next_ = 0;  // byte
};

}  // namespace mod::eval
