// A merge's way into memory: every tensor has a buffer of its own.
#pragma once

#include <cstring>
#include <vector>

#include "merge/executor.h"

namespace mod::merge {

/// Workers write different parts of the buffers, so there is nothing to guard.
class MemorySink : public Sink {
 public:
  /// By tensor: the whole tensor, or empty for one that is skipped. They outlive the sink.
  explicit MemorySink(std::vector<std::span<std::byte>> tensors) : tensors_(std::move(tensors)) {}

  void write(std::size_t tensor, std::uint64_t byte_offset, io::Buffer& data,
             std::uint64_t bytes) override {
    std::memcpy(tensors_[tensor].subspan(byte_offset, bytes).data(), data.data(), bytes);
  }
  void tensor_done(std::size_t, TensorReport&) override {}

 private:
  const std::vector<std::span<std::byte>> tensors_;
};

}  // namespace mod::merge
