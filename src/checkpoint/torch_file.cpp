#include "checkpoint/torch_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "checkpoint/quote.h"
#include "checkpoint/unpickler.h"
#include "mod/error.h"

namespace mod::checkpoint {
namespace {

class Reader {
 public:
  Reader(const ByteSource& source, const std::string& where) : source_(source), where_(where) {}

  TorchFile read() {
    check_format();
    for (ZipEntry& entry : read_zip_directory(source_, where_)) {
      std::string name = entry.name;
      entries_.emplace(std::move(name), std::move(entry));
    }
    find_pickle();
    check_byte_order();

    TorchFile file;
    file.pickle = text(entries_.at(prefix_ + "data.pkl"), kMaxPickleBytes);
    PickledState state = unpickle_state_dict(file.pickle, where_);
    file.skipped = std::move(state.skipped);
    std::unordered_set<std::string_view> names;
    for (const PickledTensor& tensor : state.tensors) {
      if (!names.insert(tensor.name).second) bad(tensor, "stands twice");
      file.tensors.push_back(place(tensor));
    }
    std::sort(file.tensors.begin(), file.tensors.end(), [](const auto& a, const auto& b) {
      return std::tie(a.offset, a.bytes, a.name) < std::tie(b.offset, b.bytes, b.name);
    });
    return file;
  }

 private:
  [[noreturn]] void corrupt(const std::string& reason) const {
    throw Error(ErrorCode::kCorruptFile, where_ + ": " + reason);
  }
  [[noreturn]] void bad(const PickledTensor& tensor, const std::string& reason) const {
    corrupt("tensor " + quote_name(tensor.name) + ": " + reason);
  }

  void check_format() const {
    std::string start(std::min<std::uint64_t>(source_.size, 4), '\0');
    source_.read(std::as_writable_bytes(std::span(start.data(), start.size())), 0);
    if (start == "PK\3\4") return;
    if (!start.empty() && start[0] == '\x80') {
      throw Error(ErrorCode::kUnsupported,
                  where_ +
                      ": saved in PyTorch's format from before version 1.6; load it and save it "
                      "again with a newer PyTorch, or convert it to safetensors");
    }
    corrupt("not a PyTorch file (no ZIP archive)");
  }

  /// torch.save puts everything under one folder, named after the file.
  void find_pickle() {
    int found = 0;
    for (const auto& [name, entry] : entries_) {
      const std::size_t slash = name.find('/');
      if (slash == std::string::npos || std::string_view(name).substr(slash) != "/data.pkl")
        continue;
      prefix_ = name.substr(0, slash + 1);
      ++found;
    }
    if (found != 1) corrupt(fmt::format("{} entries named data.pkl where one is expected", found));
  }

  void check_byte_order() const {
    const auto entry = entries_.find(prefix_ + "byteorder");
    if (entry == entries_.end() || text(entry->second, 16) == "little") return;
    throw Error(ErrorCode::kUnsupported, where_ + ": numbers are stored in big-endian order");
  }

  std::string text(const ZipEntry& entry, std::uint64_t limit) const {
    if (entry.size > limit) corrupt("the entry " + quote_name(entry.name) + " is too large");
    std::string bytes(entry.size, '\0');
    source_.read(std::as_writable_bytes(std::span(bytes.data(), bytes.size())), entry.offset);
    return bytes;
  }

  TensorInfo place(const PickledTensor& tensor) const {
    const auto entry = entries_.find(prefix_ + "data/" + tensor.storage);
    if (entry == entries_.end())
      bad(tensor, "its storage " + quote_name(tensor.storage) + " is missing");
    const std::uint64_t width = dtype_size(tensor.dtype);
    const ZipEntry& storage = entry->second;
    if (storage.size % width != 0 || storage.size / width != tensor.storage_elements) {
      bad(tensor, fmt::format("storage of {} {} elements in {} bytes", tensor.storage_elements,
                              dtype_name(tensor.dtype), storage.size));
    }
    const auto elements = checked_product(tensor.shape);
    if (!elements || tensor.offset > tensor.storage_elements ||
        *elements > tensor.storage_elements - tensor.offset) {
      bad(tensor, "shape " + shape_text(tensor.shape) + " reaches past its storage");
    }
    check_contiguous(tensor, *elements);

    TensorInfo info;
    info.name = tensor.name;
    info.dtype = tensor.dtype;
    info.shape = tensor.shape;
    info.elements = *elements;
    info.bytes = *elements * width;
    info.offset = storage.offset + tensor.offset * width;
    return info;
  }

  /// The stride of a dimension of length 1 means nothing; torch leaves anything there.
  void check_contiguous(const PickledTensor& tensor, std::uint64_t elements) const {
    if (elements == 0) return;
    std::int64_t expected = 1;
    for (std::size_t i = tensor.shape.size(); i-- > 0;) {
      if (tensor.shape[i] != 1 && tensor.stride[i] != expected) {
        throw Error(ErrorCode::kUnsupported,
                    where_ + ": tensor " + quote_name(tensor.name) +
                        ": stored transposed or sliced (strides " + shape_text(tensor.stride) +
                        " for shape " + shape_text(tensor.shape) +
                        "); save it again with .contiguous(), or convert it to safetensors");
      }
      expected *= tensor.shape[i];
    }
  }

  const ByteSource& source_;
  const std::string& where_;
  std::unordered_map<std::string, ZipEntry> entries_;
  std::string prefix_;
};

}  // namespace

TorchFile read_torch_file(const ByteSource& source, const std::string& where) {
  return Reader(source, where).read();
}

}  // namespace mod::checkpoint
