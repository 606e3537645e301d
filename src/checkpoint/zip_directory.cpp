#include "checkpoint/zip_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "checkpoint/quote.h"
#include "mod/error.h"

namespace mod::checkpoint {
namespace {

constexpr std::uint64_t kEndSize = 22, kMaxComment = 65535, kLocatorSize = 20, kEnd64Size = 56;
constexpr std::uint64_t kCentralSize = 46, kLocalSize = 30;
constexpr std::uint64_t kMaxDirectory = std::uint64_t{64} << 20;
constexpr std::uint32_t kEndMark = 0x06054b50, kLocatorMark = 0x07064b50, kEnd64Mark = 0x06064b50;
constexpr std::uint32_t kCentralMark = 0x02014b50, kLocalMark = 0x04034b50;
constexpr std::uint32_t kIn64 = 0xffffffff;  // "see the ZIP64 field"

/// Little-endian numbers in a piece of the file whose size the caller has checked.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : bytes_(bytes) {}
  std::uint16_t u16(std::size_t at) const { return static_cast<std::uint16_t>(number(at, 2)); }
  std::uint32_t u32(std::size_t at) const { return static_cast<std::uint32_t>(number(at, 4)); }
  std::uint64_t u64(std::size_t at) const { return number(at, 8); }

 private:
  std::uint64_t number(std::size_t at, int width) const {
    std::uint64_t value = 0;
    for (int i = width - 1; i >= 0; --i) {
      value = value << 8 | static_cast<unsigned char>(bytes_[at + static_cast<std::size_t>(i)]);
    }
    return value;
  }
  std::string_view bytes_;
};

struct Directory {
  std::uint64_t offset = 0, size = 0, entries = 0;
};

class Reader {
 public:
  Reader(const ByteSource& source, const std::string& where) : source_(source), where_(where) {}

  std::vector<ZipEntry> read() {
    directory_ = find_directory();
    const std::string bytes = piece(directory_.offset, directory_.size);
    std::vector<ZipEntry> entries;
    std::size_t at = 0;
    for (std::uint64_t i = 0; i < directory_.entries; ++i) {
      entries.push_back(read_entry(bytes, at));
      if (!names_.insert(entries.back().name).second) {
        corrupt("the entry " + quote_name(entries.back().name) + " stands twice");
      }
    }
    check_overlap(entries);
    return entries;
  }

 private:
  [[noreturn]] void corrupt(const std::string& reason) const {
    throw Error(ErrorCode::kCorruptFile, where_ + ": ZIP archive: " + reason);
  }

  std::string piece(std::uint64_t offset, std::uint64_t size) const {
    if (offset > source_.size || size > source_.size - offset) corrupt("cut off");
    std::string bytes(size, '\0');
    source_.read(std::as_writable_bytes(std::span(bytes.data(), bytes.size())), offset);
    return bytes;
  }

  Directory find_directory() const {
    if (source_.size < kEndSize) corrupt("too short");
    const std::uint64_t tail_size = std::min(source_.size, kEndSize + kMaxComment);
    const std::uint64_t tail_offset = source_.size - tail_size;
    const std::string tail = piece(tail_offset, tail_size);
    const Fields fields(tail);
    for (std::uint64_t at = tail_size - kEndSize + 1; at-- > 0;) {
      if (fields.u32(at) != kEndMark || fields.u16(at + 20) != tail_size - at - kEndSize) continue;
      return end_record(Fields(std::string_view(tail).substr(at, kEndSize)), tail_offset + at);
    }
    corrupt("no end record (cut off?)");
  }

  Directory end_record(const Fields& end, std::uint64_t position) const {
    Directory found{end.u32(16), end.u32(12), end.u16(10)};
    std::uint64_t limit = position;
    if (position >= kLocatorSize) {
      const std::string bytes = piece(position - kLocatorSize, kLocatorSize);
      const Fields locator(bytes);
      if (locator.u32(0) == kLocatorMark) {
        limit = locator.u64(8);
        found = end64_record(limit, position - kLocatorSize);
      }
    }
    if (found.size > kMaxDirectory) corrupt("a directory of more than 64 MiB");
    if (found.offset > limit || found.size > limit - found.offset) {
      corrupt("the directory lies outside the file");
    }
    if (found.entries > found.size / kCentralSize) corrupt("more entries than the directory holds");
    return found;
  }

  Directory end64_record(std::uint64_t offset, std::uint64_t limit) const {
    if (offset > limit || limit - offset < kEnd64Size) corrupt("misplaced ZIP64 end record");
    const std::string bytes = piece(offset, kEnd64Size);
    const Fields end(bytes);
    if (end.u32(0) != kEnd64Mark) corrupt("no ZIP64 end record where the locator points");
    return {end.u64(48), end.u64(40), end.u64(32)};
  }

  ZipEntry read_entry(std::string_view bytes, std::size_t& at) const {
    if (bytes.size() - at < kCentralSize) corrupt("the directory is cut off");
    const Fields fields(bytes.substr(at, kCentralSize));
    if (fields.u32(0) != kCentralMark) corrupt("broken directory entry");
    const std::size_t name_size = fields.u16(28), extra_size = fields.u16(30);
    const std::size_t whole = kCentralSize + name_size + extra_size + fields.u16(32);
    if (bytes.size() - at < whole) corrupt("the directory is cut off");

    ZipEntry entry;
    entry.name = bytes.substr(at + kCentralSize, name_size);
    entry.size = fields.u32(24);
    std::uint64_t packed = fields.u32(20), local = fields.u32(42);
    widen(bytes.substr(at + kCentralSize + name_size, extra_size), entry.size, packed, local);
    check_stored(entry, fields.u16(8), fields.u16(10), packed);
    entry.offset = data_offset(entry, local);
    at += whole;
    return entry;
  }

  /// Takes the numbers that did not fit into 32 bits from the ZIP64 extra field, in its fixed
  /// order.
  void widen(std::string_view extra, std::uint64_t& size, std::uint64_t& packed,
             std::uint64_t& local) const {
    while (extra.size() >= 4) {
      const Fields head(extra);
      const std::size_t length = head.u16(2);
      if (length > extra.size() - 4) corrupt("broken extra field");
      std::string_view body = extra.substr(4, length);
      if (head.u16(0) == 1) {
        for (std::uint64_t* number : {&size, &packed, &local}) {
          if (*number != kIn64) continue;
          if (body.size() < 8) corrupt("ZIP64 field too short");
          *number = Fields(body).u64(0);
          body.remove_prefix(8);
        }
        return;
      }
      extra.remove_prefix(4 + length);
    }
  }

  void check_stored(const ZipEntry& entry, unsigned flags, unsigned method,
                    std::uint64_t packed) const {
    if ((flags & 1) != 0) unsupported(entry, "encrypted");
    if (method != 0) unsupported(entry, fmt::format("compressed (method {})", method));
    if (packed != entry.size) corrupt("entry " + quote_name(entry.name) + " has two sizes");
  }

  [[noreturn]] void unsupported(const ZipEntry& entry, const std::string& what) const {
    throw Error(ErrorCode::kUnsupported,
                where_ + ": the entry " + quote_name(entry.name) + " is " + what +
                    "; torch.save stores entries as they are. Load and save "
                    "it with PyTorch, or convert it to safetensors");
  }

  std::uint64_t data_offset(const ZipEntry& entry, std::uint64_t local) const {
    const std::string place = "entry " + quote_name(entry.name);
    const std::uint64_t fixed = kLocalSize + entry.name.size();
    if (local > directory_.offset || directory_.offset - local < fixed) {
      corrupt(place + " begins outside the file");
    }
    const std::string bytes = piece(local, fixed);
    const Fields fields(bytes);
    if (fields.u32(0) != kLocalMark) corrupt(place + ": no local header");
    if (fields.u16(26) != entry.name.size() ||
        std::string_view(bytes).substr(kLocalSize) != entry.name) {
      corrupt(place + " has another name in its local header");
    }
    const std::uint64_t data = local + fixed + fields.u16(28);
    if (data > directory_.offset || entry.size > directory_.offset - data) {
      corrupt(place + " reaches past the directory");
    }
    return data;
  }

  void check_overlap(const std::vector<ZipEntry>& entries) const {
    std::vector<const ZipEntry*> order;
    for (const ZipEntry& entry : entries) order.push_back(&entry);
    std::sort(order.begin(), order.end(), [](const ZipEntry* a, const ZipEntry* b) {
      return std::pair(a->offset, a->size) < std::pair(b->offset, b->size);
    });
    for (std::size_t i = 1; i < order.size(); ++i) {
      if (order[i]->offset - order[i - 1]->offset < order[i - 1]->size) {
        corrupt("the entries " + quote_name(order[i - 1]->name) + " and " +
                quote_name(order[i]->name) + " overlap");
      }
    }
  }

  const ByteSource& source_;
  const std::string& where_;
  Directory directory_;
  std::unordered_set<std::string> names_;
};

}  // namespace

std::vector<ZipEntry> read_zip_directory(const ByteSource& source, const std::string& where) {
  return Reader(source, where).read();
}

}  // namespace mod::checkpoint
