#include "io/buffer.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cstdlib>
#include <limits>

#include "base/text.h"
#include "mod/error.h"

namespace mod::io {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kHugePage = 2u << 20;

}  // namespace

Buffer::Buffer(std::size_t bytes) {
  if (bytes == 0) return;
  const bool large = bytes >= 2 * kHugePage;
  void* memory = nullptr;
  constexpr std::size_t kMost = std::numeric_limits<std::ptrdiff_t>::max() / 2;
  const bool failed =
      bytes > kMost || posix_memalign(&memory, large ? kHugePage : kPage, bytes) != 0;
  if (failed) {
    throw Error(
        ErrorCode::kOutOfMemory,
        fmt::format("cannot get a buffer of {}; lower --memory or --threads, or close other "
                    "programs",
                    size_text(bytes)));
  }
  if (large)
    madvise(memory, bytes, MADV_HUGEPAGE);  // a hint: without it only page faults cost more
  data_.reset(static_cast<std::byte*>(memory));
  size_ = bytes;
}

void Buffer::Free::operator()(std::byte* p) const noexcept { std::free(p); }

}  // namespace mod::io
