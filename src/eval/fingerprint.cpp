#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "eval/model_info.h"
#include "io/file.h"
#include "mod/error.h"

namespace mod::eval {
namespace {

namespace fs = std::filesystem;

/// Of a large file so many blocks are read, evenly spread: a fine-tune changes nearly all of them.
constexpr std::uint64_t kBlocks = 64, kBlockBytes = 16384;

bool decides_answers(const fs::path& file) {
  static constexpr std::array<std::string_view, 8> kKinds = {
      ".safetensors", ".bin", ".pth", ".json", ".jinja", ".model", ".txt", ".gguf"};
  return std::find(kKinds.begin(), kKinds.end(), file.extension().string()) != kKinds.end();
}

void add(Sha256& hash, std::string_view text) {
  hash.update(std::as_bytes(std::span(text.data(), text.size())));
}

void add_file(Sha256& hash, const fs::path& path) {
  const io::File file = io::File::open_read(path);
  const std::uint64_t size = file.size();
  add(hash, path.filename().string() + '\0' + std::to_string(size) + '\0');
  std::vector<std::byte> block;
  const std::uint64_t whole = kBlocks * kBlockBytes;
  const std::uint64_t blocks = size <= whole ? 1 : kBlocks;
  const std::uint64_t bytes = size <= whole ? size : kBlockBytes;
  for (std::uint64_t i = 0; i < blocks; ++i) {
    block.resize(bytes);
    file.read_at(block, blocks == 1 ? 0 : (size - bytes) * i / (blocks - 1));
    hash.update(block);
  }
}

}  // namespace

std::string folder_fingerprint(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code ignored;
  if (fs::is_regular_file(folder, ignored)) {
    files.push_back(folder);
  } else {
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
      if (entry.is_regular_file(ignored) && decides_answers(entry.path())) {
        files.push_back(entry.path());
      }
    }
  }
  std::sort(files.begin(), files.end());
  Sha256 hash;
  for (const fs::path& file : files) add_file(hash, file);
  return hash.hex();
}

}  // namespace mod::eval
