// ns per element of each kernel on each instruction set this machine has, over 2,048 elements that
// stay in the L1 cache as in a merge, beside memcpy of the same elements measured in the same run.
#include "cpu/kernels.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

namespace {

using mod::DType;
using mod::cpu::Kernels;

constexpr std::size_t kElements = 2048;
constexpr int kRepeats = 100;
constexpr int kRounds = 400;

volatile double sink;  // keeps the results alive

struct Data {
  std::vector<float> x, y, b;
  std::vector<std::uint16_t> half;
  std::vector<std::uint8_t> byte;
  std::vector<double> wide;
  std::vector<std::uint32_t> words;

  Data()
      : x(kElements),
        y(x),
        b(x),
        half(kElements),
        byte(kElements),
        wide(kElements),
        words(kElements) {
    for (std::size_t i = 0; i < kElements; ++i) {
      const std::uint32_t r = mod::random_word({1, 2}, i, 0, mod::RandomPurpose::kNoise);
      x[i] = static_cast<float>(r & 0xffff) / 65536.0f - 0.5f;
      y[i] = static_cast<float>(r >> 16) / 65536.0f - 0.5f;
      b[i] = 0.9f * x[i];
      half[i] = static_cast<std::uint16_t>(r & 0x3fff);
      byte[i] = static_cast<std::uint8_t>(r & 0x3f);
    }
  }
};

/// Best of many short rounds: other work on the machine only ever adds.
double ns_per_element(const std::function<void()>& run) {
  double best = 1e30;
  for (int round = 0; round < kRounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kRepeats; ++i) run();
    const std::chrono::duration<double, std::nano> t = std::chrono::steady_clock::now() - start;
    best = std::min(best, t.count());
  }
  return best / kRepeats / kElements;
}

struct Row {
  const char* name;
  std::function<void(const Kernels&)> run;
};

std::vector<Row> convert_rows(Data& d) {
  std::vector<Row> rows;
  const auto widen = [&](const char* name, DType t, const void* in) {
    rows.push_back({name, [&d, t, in](const Kernels& k) {
                      k.convert.widen[static_cast<int>(t)](in, d.y.data(), kElements);
                    }});
  };
  const auto narrow = [&](const char* name, DType t, void* out) {
    rows.push_back({name, [&d, t, out](const Kernels& k) {
                      k.convert.narrow[static_cast<int>(t)](d.x.data(), out, kElements);
                    }});
  };
  widen("widen bf16", DType::BF16, d.half.data());
  widen("widen f16", DType::F16, d.half.data());
  widen("widen f8_e4m3", DType::F8_E4M3, d.byte.data());
  widen("widen f8_e5m2", DType::F8_E5M2, d.byte.data());
  widen("widen f64", DType::F64, d.wide.data());
  narrow("narrow bf16", DType::BF16, d.half.data());
  narrow("narrow f16", DType::F16, d.half.data());
  narrow("narrow f64", DType::F64, d.wide.data());
  rows.push_back({"round_to_bf16",
                  [&d](const Kernels& k) { k.convert.round_to_bf16(d.y.data(), kElements); }});
  return rows;
}

std::vector<Row> reduce_rows(Data& d) {
  const auto row = [&d](const char* name, auto run) {
    return Row{name, [&d, run](const Kernels& k) {
                 sink = static_cast<double>(run(k.reduce, d.x.data(), d.y.data(), d.b.data()));
               }};
  };
  using R = const mod::cpu::ReduceKernels&;
  using F = const float*;
  constexpr std::size_t n = kElements;
  return {row("sum", [](R r, F x, F, F) { return r.sum(x, n); }),
          row("sum_abs", [](R r, F x, F, F) { return r.sum_abs(x, n); }),
          row("dot", [](R r, F x, F y, F) { return r.dot(x, y, n); }),
          row("squared_distance", [](R r, F x, F y, F) { return r.squared_distance(x, y, n); }),
          row("dot_delta", [](R r, F x, F y, F b) { return r.dot_delta(x, y, b, n); }),
          row("min_max", [](R r, F x, F, F) { return r.min_max(x, n).min; }),
          row("count_nonfinite", [](R r, F x, F, F) { return r.count_nonfinite(x, n); }),
          row("count_nonzero", [](R r, F x, F, F) { return r.count_nonzero(x, n); }),
          row("count_different", [](R r, F x, F y, F) { return r.count_different(x, y, n); })};
}

void print(const Row& row) {
  std::printf("%-18s", row.name);
  for (const mod::cpu::Isa isa : mod::cpu::supported_isas()) {
    const Kernels& k = mod::cpu::kernels(isa);
    std::printf(" %8.4f", ns_per_element([&] { row.run(k); }));
  }
  std::printf("\n");
}

void print_memcpy(const char* name, std::size_t bytes, std::size_t times, int rounds) {
  std::vector<char> from(bytes, 1), to(bytes);
  double best = 1e30;
  for (int round = 0; round < rounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < times; ++i) {
      std::memcpy(to.data(), from.data(), bytes);
      sink = to[i % bytes];
    }
    const std::chrono::duration<double, std::nano> t = std::chrono::steady_clock::now() - start;
    best = std::min(best, t.count());
  }
  const double elements = static_cast<double>(bytes) / sizeof(float) * static_cast<double>(times);
  std::printf("%-18s %8.4f\n", name, best / elements);
}

}  // namespace

int main() {
  Data d;
  std::printf("ns per element    ");
  for (const mod::cpu::Isa isa : mod::cpu::supported_isas()) {
    std::printf(" %8s", std::string(mod::cpu::isa_name(isa)).c_str());
  }
  std::printf("\n");
  print_memcpy("memcpy fp32, L1", kElements * sizeof(float), kRepeats, kRounds);
  print_memcpy("memcpy fp32, DRAM", std::size_t{64} << 20, 1, 25);
  for (const Row& row : convert_rows(d)) print(row);
  for (const Row& row : reduce_rows(d)) print(row);
  print({"philox words", [&d](const Kernels& k) {
           k.random.words({1, 2}, 5000, 0, mod::RandomPurpose::kSparsify, d.words.data(),
                          kElements);
         }});
  return 0;
}
