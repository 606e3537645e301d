#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <tuple>
#include <unordered_set>

#include "base/text.h"
#include "checkpoint/json_sax.h"
#include "checkpoint/safetensors.h"

namespace mod::checkpoint {
namespace {

constexpr std::size_t kMaxRank = 64;
constexpr std::uint64_t kMaxNumber = std::numeric_limits<std::int64_t>::max();

/// Types that the format knows and mod.cpp does not.
constexpr std::array<std::string_view, 7> kForeignTypes = {
    "F4", "F6_E2M3", "F6_E3M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "C64"};

class HeaderReader : public StrictSax {
 public:
  explicit HeaderReader(const std::string& file) : StrictSax(file) {}

  SafetensorsHeader take() { return std::move(header_); }

  bool start_object(std::size_t) override {
    if (state_ == State::kStart) return enter(State::kTop);
    if (state_ == State::kMetadataStart) return enter(State::kMetadata);
    if (state_ == State::kTensorStart) return enter(State::kTensor);
    unexpected("an object");
  }

  bool end_object() override {
    if (state_ == State::kTensor) finish_tensor();
    tensor_.name.clear();
    return enter(state_ == State::kTop ? State::kEnd : State::kTop);
  }

  bool key(string_t& name) override {
    if (state_ == State::kTensor) return field(name);
    if (state_ == State::kMetadata) {
      if (!metadata_keys_.insert(name).second) {
        fail("__metadata__: the key " + quote_name(name) + " stands twice");
      }
      header_.metadata.emplace_back(std::move(name), std::string());
      return enter(State::kMetadataValue);
    }
    if (!names_.insert(name).second) fail("the key " + quote_name(name) + " stands twice");
    if (name == "__metadata__") return enter(State::kMetadataStart);
    tensor_ = {};
    tensor_.name = std::move(name);
    has_dtype_ = has_shape_ = has_offsets_ = false;
    return enter(State::kTensorStart);
  }

  bool string(string_t& text) override {
    if (state_ == State::kMetadataValue) {
      header_.metadata.back().second = std::move(text);
      return enter(State::kMetadata);
    }
    if (state_ != State::kDtype) unexpected("the string " + quote_name(text));
    const auto type = dtype_from_name(text);
    if (!type) unknown_type(text);
    tensor_.dtype = *type;
    return enter(State::kTensor);
  }

  bool start_array(std::size_t) override {
    if (state_ == State::kShapeStart) return enter(State::kShape);
    if (state_ == State::kOffsetsStart) return enter(State::kOffsets);
    unexpected("a list");
  }

  bool end_array() override {
    if (state_ == State::kOffsets && offsets_ != 2) unexpected("length of data_offsets, not 2");
    return enter(State::kTensor);
  }

  bool number_unsigned(number_unsigned_t value) override {
    if (state_ != State::kShape && state_ != State::kOffsets) unexpected("a number");
    if (value > kMaxNumber) unexpected(fmt::format("number {}, above 2^63 - 1", value));
    if (state_ == State::kShape) {
      if (tensor_.shape.size() == kMaxRank) unexpected("number of dimensions, above 64");
      tensor_.shape.push_back(static_cast<std::int64_t>(value));
    } else {
      if (offsets_ == 2) unexpected("length of data_offsets, not 2");
      (offsets_++ == 0 ? tensor_.begin : tensor_.end) = value;
    }
    return true;
  }

 private:
  enum class State {
    kStart,
    kTop,
    kMetadataStart,
    kMetadata,
    kMetadataValue,
    kTensorStart,
    kTensor,
    kDtype,
    kShapeStart,
    kShape,
    kOffsetsStart,
    kOffsets,
    kEnd
  };

  bool enter(State state) {
    state_ = state;
    return true;
  }

  bool field(const std::string& name) {
    if (name == "dtype") return first(has_dtype_, name, State::kDtype);
    if (name == "shape") return first(has_shape_, name, State::kShapeStart);
    if (name == "data_offsets") {
      offsets_ = 0;
      return first(has_offsets_, name, State::kOffsetsStart);
    }
    unexpected("field " + quote_name(name));
  }

  bool first(bool& seen, const std::string& name, State next) {
    if (seen) unexpected("second field " + quote_name(name));
    seen = true;
    return enter(next);
  }

  void finish_tensor() {
    if (!has_dtype_) bad("has no dtype");
    if (!has_shape_) bad("has no shape");
    if (!has_offsets_) bad("has no data_offsets");
    if (tensor_.begin > tensor_.end) {
      bad(fmt::format("data_offsets [{}, {}] end before they begin", tensor_.begin, tensor_.end));
    }
    check_size();
    header_.tensors.push_back(std::move(tensor_));
  }

  void check_size() const {
    const auto elements = checked_product(tensor_.shape);
    const std::uint64_t width = dtype_size(tensor_.dtype);
    if (!elements || *elements > kMaxNumber / width) {
      bad("shape " + shape_text(tensor_.shape) + " overflows 64 bits");
    }
    const std::uint64_t stored = tensor_.end - tensor_.begin;
    if (*elements * width != stored) {
      bad(fmt::format("{} of shape {} needs {} bytes, data_offsets hold {}",
                      dtype_name(tensor_.dtype), shape_text(tensor_.shape), *elements * width,
                      stored));
    }
  }

  [[noreturn]] void unknown_type(const std::string& text) const {
    const bool foreign =
        std::find(kForeignTypes.begin(), kForeignTypes.end(), text) != kForeignTypes.end();
    if (!foreign) bad("unknown dtype " + quote_name(text));
    throw Error(ErrorCode::kUnsupported, where() + ": tensor " + quote_name(tensor_.name) +
                                             ": dtype " + quote_name(text) +
                                             " is not supported yet");
  }

  [[noreturn]] void bad(const std::string& reason) const {
    fail("tensor " + quote_name(tensor_.name) + ": " + reason);
  }

  std::string place() const override {
    if (state_ >= State::kTensorStart && state_ <= State::kOffsets) {
      return "tensor " + quote_name(tensor_.name) + ": ";
    }
    return state_ >= State::kMetadataStart && state_ <= State::kMetadataValue ? "__metadata__: "
                                                                              : "header: ";
  }

  SafetensorsHeader header_;
  State state_ = State::kStart;
  HeaderTensor tensor_;
  int offsets_ = 0;
  bool has_dtype_ = false, has_shape_ = false, has_offsets_ = false;
  std::unordered_set<std::string> names_, metadata_keys_;
};

[[noreturn]] void corrupt(const std::string& where, const std::string& reason) {
  throw Error(ErrorCode::kCorruptFile, where + ": " + reason);
}

void check_layout(const SafetensorsHeader& header, std::uint64_t data_bytes,
                  const std::string& where) {
  std::uint64_t end = 0;
  for (const HeaderTensor& tensor : header.tensors) {
    if (tensor.begin != end) {
      corrupt(
          where,
          fmt::format("tensor {}: data begins at {}, {} {}", quote_name(tensor.name), tensor.begin,
                      tensor.begin > end ? "leaving a hole after" : "overlapping the data before",
                      end));
    }
    end = tensor.end;
  }
  if (end != data_bytes) {
    corrupt(where, fmt::format("the tensors cover {} bytes, but {} bytes follow the header{}", end,
                               data_bytes, end > data_bytes ? " (cut off?)" : ""));
  }
}

}  // namespace

std::uint64_t safetensors_header_length(std::string_view prefix, std::uint64_t file_size,
                                        const std::string& where) {
  if (prefix.size() < 8 || file_size < 8) {
    corrupt(where, "shorter than the 8 bytes that a safetensors file begins with");
  }
  std::uint64_t length = 0;
  for (int i = 7; i >= 0; --i) length = length << 8 | static_cast<unsigned char>(prefix[i]);
  if (length > kMaxHeaderBytes) {
    corrupt(where,
            fmt::format("header of {} bytes, above the limit of {} (not a safetensors file?)",
                        length, kMaxHeaderBytes));
  }
  if (length > file_size - 8) {
    corrupt(where, fmt::format("header of {} bytes in a file of {} (cut off?)", length, file_size));
  }
  return length;
}

SafetensorsHeader parse_safetensors_header(std::string_view prefix, std::uint64_t file_size,
                                           const std::string& where) {
  const std::uint64_t length = safetensors_header_length(prefix, file_size, where);
  if (prefix.size() - 8 < length) corrupt(where, "the header is cut off");
  const std::string_view text = prefix.substr(8, length);
  if (text.empty() || text.front() != '{') corrupt(where, "the header does not begin with '{'");
  if (!is_valid_utf8(text)) corrupt(where, "the header is not UTF-8");

  HeaderReader reader(where);
  parse_strict(text, reader);
  SafetensorsHeader header = reader.take();
  header.data_offset = 8 + length;
  std::sort(header.tensors.begin(), header.tensors.end(),
            [](const HeaderTensor& a, const HeaderTensor& b) {
              return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
            });
  check_layout(header, file_size - header.data_offset, where);
  return header;
}

}  // namespace mod::checkpoint
