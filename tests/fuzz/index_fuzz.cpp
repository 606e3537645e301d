// Any bytes as a shard index and as config.json: a value or an Error.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "checkpoint/model_folder.h"
#include "checkpoint/shard_index.h"
#include "mod/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mod;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const checkpoint::ShardIndex index = checkpoint::parse_shard_index(text, "input");
    for (const std::string& file : index.files) {
      if (file.find('/') != std::string::npos || file == "..") std::abort();
    }
    for (const auto& [name, file] : index.map) {
      if (file >= index.files.size()) std::abort();
    }
  } catch (const Error&) {
  }
  try {
    checkpoint::parse_json(text, "input").dump();
  } catch (const Error&) {
  }
  return 0;
}
