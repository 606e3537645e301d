// Writes small ZIP archives and pickles by hand, correct and broken ones.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/support.h"

namespace mod::checkpoint::test {

struct ZipPart {
  std::string name, data;
  unsigned method = 0, flags = 0;
  std::string local_name = {};  // where it differs
};

struct ZipStyle {
  bool zip64 = false;
  std::string comment = {};
  std::uint64_t padding = 0;  // of the extra field in local headers, as torch aligns
};

inline std::string zip_bytes(const std::vector<ZipPart>& parts, const ZipStyle& style = {}) {
  std::string file, directory;
  for (const ZipPart& part : parts) {
    const std::uint64_t at = file.size(), size = part.data.size();
    const std::string& local = part.local_name.empty() ? part.name : part.local_name;
    file += little(0x04034b50, 4) + little(20, 2) + little(part.flags, 2) + little(part.method, 2) +
            std::string(16, '\0') + little(local.size(), 2) + little(style.padding, 2) + local +
            std::string(style.padding, 'Z') + part.data;
    std::string extra;
    if (style.zip64)
      extra = little(1, 2) + little(24, 2) + little(size, 8) + little(size, 8) + little(at, 8);
    const std::uint64_t in64 = 0xffffffff;
    directory += little(0x02014b50, 4) + little(20, 2) + little(20, 2) + little(part.flags, 2) +
                 little(part.method, 2) + std::string(8, '\0') +
                 little(style.zip64 ? in64 : size, 4) + little(style.zip64 ? in64 : size, 4) +
                 little(part.name.size(), 2) + little(extra.size(), 2) + std::string(10, '\0') +
                 little(style.zip64 ? in64 : at, 4) + part.name + extra;
  }
  const std::uint64_t at = file.size(), count = parts.size();
  file += directory;
  if (style.zip64) {
    const std::uint64_t end64 = file.size();
    file += little(0x06064b50, 4) + little(44, 8) + std::string(12, '\0') + little(count, 8) +
            little(count, 8) + little(directory.size(), 8) + little(at, 8);
    file += little(0x07064b50, 4) + little(0, 4) + little(end64, 8) + little(1, 4);
  }
  file += little(0x06054b50, 4) + std::string(4, '\0') + little(style.zip64 ? 0xffff : count, 2) +
          little(style.zip64 ? 0xffff : count, 2) +
          little(style.zip64 ? 0xffffffff : directory.size(), 4) +
          little(style.zip64 ? 0xffffffff : at, 4) + little(style.comment.size(), 2) +
          style.comment;
  return file;
}

inline std::string p_text(std::string_view text) {
  return "X" + little(text.size(), 4) + std::string(text);
}
inline std::string p_int(std::int64_t value) {
  return "\x8a\x08" + little(static_cast<std::uint64_t>(value), 8);
}
inline std::string p_global(std::string_view module, std::string_view name) {
  return "c" + std::string(module) + "\n" + std::string(name) + "\n";
}
inline std::string p_tuple(const std::vector<std::int64_t>& numbers) {
  std::string out = "(";
  for (const std::int64_t n : numbers) out += p_int(n);
  return out + "t";
}

struct TorchTensor {
  std::string name;
  std::vector<std::int64_t> shape, stride;
  std::string storage = "0", type = "FloatStorage";
  std::int64_t elements = 0, offset = 0;
};

inline std::string p_storage(const TorchTensor& t) {
  return "(" + p_text("storage") + p_global("torch", t.type) + p_text(t.storage) + p_text("cpu") +
         p_int(t.elements) + "tQ";
}

/// The call that rebuilds one tensor.
inline std::string p_tensor(const TorchTensor& t) {
  return p_global("torch._utils", "_rebuild_tensor_v2") + "(" + p_storage(t) + p_int(t.offset) +
         p_tuple(t.shape) + p_tuple(t.stride) + "\x89" + p_global("collections", "OrderedDict") +
         ")RtR";
}

/// An OrderedDict of these tensors, without PROTO and STOP.
inline std::string p_dict(const std::vector<TorchTensor>& tensors) {
  std::string out = p_global("collections", "OrderedDict") + ")R(";
  for (const TorchTensor& t : tensors) out += p_text(t.name) + p_tensor(t);
  return out + "u";
}

inline std::string pickle(const std::string& body) { return "\x80\x02" + body + "."; }

/// A .bin with these storages ("0", "1"...).
inline std::string torch_bytes(const std::string& pickled, const std::vector<std::string>& storages,
                               const ZipStyle& style = {.padding = 5},
                               const std::string& byte_order = "little") {
  std::vector<ZipPart> parts = {{"m/data.pkl", pickled}, {"m/byteorder", byte_order}};
  for (std::size_t i = 0; i < storages.size(); ++i) {
    parts.push_back({"m/data/" + std::to_string(i), storages[i]});
  }
  parts.push_back({"m/version", "3\n"});
  return zip_bytes(parts, style);
}

}  // namespace mod::checkpoint::test
