// Room for intermediate floats of a kernel: 64-byte aligned, not initialised.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace mod::cpu {

class Scratch {
 public:
  /// Throws std::bad_alloc.
  explicit Scratch(std::size_t floats)
      : data_(static_cast<float*>(::operator new(floats * sizeof(float), kAlignment))) {}

  float* data() const noexcept { return data_.get(); }

 private:
  static constexpr std::align_val_t kAlignment{64};
  struct Free {
    void operator()(float* p) const noexcept { ::operator delete(p, kAlignment); }
  };
  std::unique_ptr<float, Free> data_;
};

}  // namespace mod::cpu
