// Any bytes as a safetensors file: a header or an Error, and an accepted header must hold its
// promises.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "checkpoint/safetensors.h"
#include "mod/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mod;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    const auto header = checkpoint::parse_safetensors_header(bytes, size, "input");
    std::uint64_t end = 0;
    for (const checkpoint::HeaderTensor& tensor : header.tensors) {
      if (tensor.begin != end || tensor.end < tensor.begin) std::abort();
      end = tensor.end;
    }
    if (header.data_offset + end != size) std::abort();
    auto copy = header.tensors;
    checkpoint::emit_safetensors_header(copy, header.metadata);
  } catch (const Error&) {
  }
  return 0;
}
