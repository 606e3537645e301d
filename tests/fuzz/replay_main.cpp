// Runs a fuzz target over every file of the folders (or files) named on the command line, so that
// the corpus is checked by the normal tests under any compiler. An empty input and every truncation
// of the small files are tried as well: what is cut off is the commonest damage to a real file.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

// Above this size truncations are sampled: a replay stays well below a second a file.
constexpr std::size_t kMaxTruncations = 64;

std::vector<fs::path> files_of(int argc, char** argv) {
  std::vector<fs::path> files;
  for (int i = 1; i < argc; ++i) {
    if (!fs::is_directory(argv[i])) {
      files.emplace_back(argv[i]);
      continue;
    }
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(argv[i])) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<std::uint8_t> read_all(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw std::runtime_error("cannot open it");
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

// A copy of exactly the right size, so that a sanitizer sees the first byte read past the end.
void run(const std::vector<std::uint8_t>& input, std::size_t size) {
  const std::vector<std::uint8_t> exact(input.begin(),
                                        input.begin() + static_cast<std::ptrdiff_t>(size));
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

void replay(const fs::path& file) {
  const std::vector<std::uint8_t> input = read_all(file);
  run(input, input.size());
  const std::size_t step = std::max<std::size_t>(1, input.size() / kMaxTruncations);
  for (std::size_t size = 0; size < input.size(); size += step) run(input, size);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<fs::path> files = files_of(argc, argv);
  if (files.empty()) {
    std::fprintf(stderr, "no corpus: name at least one file or a folder with files\n");
    return 1;
  }
  for (const fs::path& file : files) {
    try {
      replay(file);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s: an exception left the target: %s\n", file.c_str(), error.what());
      return 1;
    }
  }
  std::printf("%zu files replayed\n", files.size());
  return 0;
}
