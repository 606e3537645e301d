#include "io/disk_probe.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <string>

#include "io/buffer.h"
#include "io/file.h"
#include "mod/error.h"

namespace mod::io {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kPiece = 8 << 20;
constexpr std::uint64_t kMost = 512 << 20;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

fs::path existing_parent(fs::path folder) {
  folder = fs::absolute(folder);
  while (!fs::exists(folder) && folder.has_parent_path() && folder != folder.parent_path()) {
    folder = folder.parent_path();
  }
  return folder;
}

/// A file without a name: it disappears with the descriptor, even if the program is killed.
File open_nameless(const fs::path& folder) {
  std::string name = (folder / "mod-probe-XXXXXX.mod-tmp").string();
  const int fd = ::mkstemps(name.data(), static_cast<int>(std::strlen(".mod-tmp")));
  if (fd < 0) throw Error(ErrorCode::kIo, folder.string() + " cannot be written to");
  ::close(fd);
  File file = File::open_write(name);
  ::unlink(name.c_str());
  return file;
}

}  // namespace

std::optional<DiskRates> probe_disk(const fs::path& folder, double seconds) {
  try {
    const fs::path place = existing_parent(folder);
    if (free_space(place) < 2 * kMost) return std::nullopt;
    const File file = open_nameless(place);
    Buffer buffer(kPiece);
    // Incompressible enough for file systems that compress.
    std::uint64_t state = 0x9E3779B97F4A7C15ull;
    for (std::size_t i = 0; i + 8 <= kPiece; i += 8) {
      state = state * 6364136223846793005ull + 1442695040888963407ull;
      std::memcpy(buffer.data() + i, &state, 8);
    }
    DiskRates rates;
    std::uint64_t written = 0;
    auto start = Clock::now();
    while (written < kMost && seconds_since(start) < seconds / 2) {
      file.write_at(buffer.span(), written);
      file.start_writeback(written, kPiece);
      written += kPiece;
    }
    file.sync();
    rates.write = static_cast<double>(written) / seconds_since(start);
    file.drop_cache(0, 0);
    std::uint64_t read = 0;
    start = Clock::now();
    while (read < written && seconds_since(start) < seconds / 2) {
      file.read_at(buffer.span(), read);
      read += kPiece;
    }
    rates.read = static_cast<double>(read) / seconds_since(start);
    return rates;
  } catch (const Error&) {
    return std::nullopt;  // no estimate is better than no plan
  }
}

}  // namespace mod::io
