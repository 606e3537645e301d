// Any bytes as a PyTorch .bin (if they begin like a ZIP archive) or as the pickle inside one:
// tensors that lie in the file, or an Error.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "checkpoint/torch_file.h"
#include "checkpoint/unpickler.h"
#include "mod/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mod;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const checkpoint::ByteSource source{size, [&](std::span<std::byte> out, std::uint64_t offset) {
                                        if (offset > size || out.size() > size - offset)
                                          std::abort();
                                        if (!out.empty())
                                          std::memcpy(out.data(), data + offset, out.size());
                                      }};
  try {
    if (!bytes.starts_with("PK")) {
      checkpoint::unpickle_state_dict(bytes, "input");
      return 0;
    }
    for (const checkpoint::TensorInfo& tensor :
         checkpoint::read_torch_file(source, "input").tensors) {
      if (tensor.offset > size || tensor.bytes > size - tensor.offset) std::abort();
    }
  } catch (const Error&) {
  }
  return 0;
}
