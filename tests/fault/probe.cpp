// fault_probe: a small program over io::File for the tests of the fault shim.
//   fault_probe write PATH BYTES    create, reserve, write in 64 KiB pieces, sync
//   fault_probe atomic PATH BYTES   write_file_atomic
//   fault_probe read PATH BYTES     read and compare with what `write` writes
// Exit code 0, or 10 + ErrorCode with the message on stdout; 3 for wrong data.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "io/file.h"
#include "mod/error.h"

namespace {

std::vector<std::byte> pattern(std::size_t bytes) {
  std::vector<std::byte> data(bytes);
  for (std::size_t i = 0; i < bytes; ++i) data[i] = static_cast<std::byte>(i * 31 + i / 251);
  return data;
}

int run(const std::string& mode, const std::string& path, std::size_t bytes) {
  const std::vector<std::byte> data = pattern(bytes);
  if (mode == "read") {
    std::vector<std::byte> got(bytes);
    mod::io::File::open_read(path).read_at(got, 0);
    return got == data ? 0 : 3;
  }
  if (mode == "atomic") {
    mod::io::write_file_atomic(path, {reinterpret_cast<const char*>(data.data()), data.size()});
    return 0;
  }
  const mod::io::File file = mod::io::File::create(path);
  file.preallocate(bytes);
  constexpr std::size_t kPiece = 64 << 10;
  for (std::size_t at = 0; at < bytes; at += kPiece) {
    const std::size_t n = std::min(kPiece, bytes - at);
    file.write_at(std::span(data).subspan(at, n), at);
    file.start_writeback(at, n);
  }
  file.sync();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  try {
    return run(argv[1], argv[2], std::strtoull(argv[3], nullptr, 10));
  } catch (const mod::Error& e) {
    std::printf("%s\n", e.what());
    return 10 + static_cast<int>(e.code());
  }
}
