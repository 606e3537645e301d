#include "checkpoint/tensor_file.h"

#include <algorithm>
#include <system_error>

#include "mod/error.h"

namespace mod::checkpoint {
namespace fs = std::filesystem;

TensorFile::TensorFile(fs::path path, std::vector<HeaderTensor> tensors,
                       std::vector<std::pair<std::string, std::string>> metadata)
    : path_(std::move(path)), tensors_(std::move(tensors)) {
  std::error_code ignored;
  if (fs::is_directory(path_, ignored)) {
    throw Error(ErrorCode::kInvalidInput, path_.string() + " is a folder; name a file to write");
  }
  if (const fs::path folder = path_.parent_path();
      !folder.empty() && !fs::is_directory(folder, ignored)) {
    throw Error(ErrorCode::kInvalidInput,
                path_.string() + ": there is no folder " + folder.string() + "; create it first");
  }
  temporary_ = path_;
  temporary_ += ".mod-tmp";
  const std::string header = emit_safetensors_header(tensors_, metadata);
  data_offset_ = header.size();
  std::uint64_t end = 0;
  for (const HeaderTensor& tensor : tensors_) end = std::max(end, tensor.end);
  file_ = io::File::create(temporary_);
  try {
    file_.preallocate(data_offset_ + end);
    file_.write_at(std::as_bytes(std::span(header)), 0);
  } catch (...) {
    fs::remove(temporary_, ignored);
    throw;
  }
}

TensorFile::~TensorFile() {
  if (finished_) return;
  file_.close();
  std::error_code ignored;
  fs::remove(temporary_, ignored);
}

void TensorFile::write(std::string_view name, std::uint64_t offset,
                       std::span<const std::byte> bytes) {
  const auto tensor = std::find_if(tensors_.begin(), tensors_.end(),
                                   [&](const HeaderTensor& t) { return t.name == name; });
  if (tensor == tensors_.end() || offset + bytes.size() > tensor->end - tensor->begin) {
    throw Error(ErrorCode::kInternal, "a write outside of the tensors of " + path_.string());
  }
  file_.write_at(bytes, data_offset_ + tensor->begin + offset);
}

void TensorFile::finish() {
  file_.close();
  std::error_code failure;
  fs::rename(temporary_, path_, failure);
  if (failure) {
    throw Error(ErrorCode::kIo, path_.string() + ": cannot be written: " + failure.message());
  }
  finished_ = true;
}

}  // namespace mod::checkpoint
