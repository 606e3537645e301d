// What the kernel tests share: every instruction set of this machine, awkward numbers, awkward
// sizes, and buffers that notice a write past their end.
#pragma once

#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "cpu/kernels.h"

namespace mod::cpu::testing {

/// Tables of all instruction sets this machine can run; the scalar one first.
inline std::vector<const Kernels*> all_kernels() {
  std::vector<const Kernels*> tables;
  for (const Isa isa : supported_isas()) tables.push_back(&kernels(isa));
  return tables;
}

inline std::string name_of(const Kernels* k) { return std::string(isa_name(k->isa)); }

/// Around every vector width and unroll factor in use.
inline const std::vector<std::size_t>& awkward_sizes() {
  static const std::vector<std::size_t> sizes = {
      0,  1,  2,   3,   7,   8,   9,   15,  16,  17,   31,   32,   33,   47,  63,
      64, 65, 100, 127, 129, 255, 256, 257, 511, 1000, 2047, 2048, 2049, 4097};
  return sizes;
}

enum class Numbers { kFinite, kSpecial };

/// Weights of usual size, or with kSpecial a quarter NaN, infinities, zeros of both signs,
/// denormals, the largest numbers and random bits.
inline std::vector<float> random_floats(std::size_t n, std::uint32_t seed,
                                        Numbers numbers = Numbers::kFinite) {
  static constexpr std::uint32_t kSpecials[] = {0x7fc00000, 0xffc00000, 0x7f800001, 0xff812345,
                                                0x7f800000, 0xff800000, 0x00000000, 0x80000000,
                                                0x00000001, 0x807fffff, 0x00800000, 0x7f7fffff,
                                                0xff7fffff, 0x477fefff, 0x477ff000, 0x33000001};
  std::mt19937 random(seed);
  std::normal_distribution<float> weight(0.0f, 0.05f);
  std::vector<float> x(n);
  for (float& v : x) {
    v = weight(random);
    if (numbers == Numbers::kFinite || random() % 4 != 0) continue;
    const std::uint32_t bits = random() % 2 ? kSpecials[random() % std::size(kSpecials)]
                                            : static_cast<std::uint32_t>(random());
    std::memcpy(&v, &bits, sizeof v);
  }
  return x;
}

/// `n` bytes at an address that is `offset` past a multiple of 64, between two guards.
class GuardedBytes {
 public:
  GuardedBytes(std::size_t n, std::size_t offset) : store_(n + offset + 3 * kGuard, kFill) {
    const auto address = reinterpret_cast<std::uintptr_t>(store_.data()) + kGuard;
    begin_ = kGuard + (kGuard - address % kGuard) % kGuard + offset;
    end_ = begin_ + n;
  }

  unsigned char* data() { return store_.data() + begin_; }
  std::vector<unsigned char> bytes() const {
    return {store_.begin() + static_cast<std::ptrdiff_t>(begin_),
            store_.begin() + static_cast<std::ptrdiff_t>(end_)};
  }
  bool intact() const {
    for (std::size_t i = 0; i < store_.size(); ++i) {
      if ((i < begin_ || i >= end_) && store_[i] != kFill) return false;
    }
    return true;
  }

 private:
  static constexpr std::size_t kGuard = 64;
  static constexpr unsigned char kFill = 0xa5;
  std::vector<unsigned char> store_;
  std::size_t begin_ = 0, end_ = 0;
};

}  // namespace mod::cpu::testing
