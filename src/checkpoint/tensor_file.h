// One safetensors file of results that is written piece by piece. It has its name only once it is
// complete; before that it is `PATH.mod-tmp`.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/safetensors.h"
#include "io/file.h"

namespace mod::checkpoint {

/// Not thread-safe.
class TensorFile {
 public:
  /// Writes the header and takes the disk space. A file of this name is replaced at the end. Throws
  /// Error(kIo), also where the disk is too small; Error(kInvalidInput) if `path` cannot be a file.
  TensorFile(std::filesystem::path path, std::vector<HeaderTensor> tensors,
             std::vector<std::pair<std::string, std::string>> metadata = {});
  ~TensorFile();  // removes what is not finished
  TensorFile(const TensorFile&) = delete;
  TensorFile& operator=(const TensorFile&) = delete;

  /// Bytes of a tensor from its byte `offset` on. Error(kInternal) beyond its end.
  void write(std::string_view tensor, std::uint64_t offset, std::span<const std::byte> bytes);

  /// Gives the file its name.
  void finish();

 private:
  std::filesystem::path path_, temporary_;
  std::vector<HeaderTensor> tensors_;
  std::uint64_t data_offset_ = 0;
  io::File file_;
  bool finished_ = false;
};

}  // namespace mod::checkpoint
