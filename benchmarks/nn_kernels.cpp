// The runtime's matrix products at the shapes of Qwen2.5-0.5B in bf16, beside the machine's own
// limits measured in the same run, interleaved round by round; medians.
//   bench_nn_kernels [--threads N] [--rounds N] [--layers N]
// MOD_ISA chooses the instruction set. Weights are 4 KiB pages of zeros-free noise (988 MB in all).
#include "cpu/nn_kernels.h"

#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "cpu/context.h"
#include "cpu/parallel.h"
#include "nn/matmul.h"

namespace {

using mod::Context;
using mod::DType;
using mod::nn::Matrix;
using mod::nn::Product;

constexpr std::size_t kHidden = 896, kInner = 4864, kHeads = 896, kKv = 128, kVocabulary = 151936;

volatile float sink;  // keeps the results alive

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// One call of matmul: matrices that share their input.
struct Job {
  std::vector<Matrix> matrices;
};

class Weights {
 public:
  explicit Weights(std::size_t layers) {
    bytes_ = 2 * (layers * kLayer + kVocabulary * kHidden);
    data_ = static_cast<std::byte*>(
        mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (data_ == MAP_FAILED) std::perror("mmap"), std::exit(1);
    auto* words = reinterpret_cast<std::uint32_t*>(data_);
    for (std::size_t i = 0; i < bytes_ / 4; ++i) {
      words[i] = 0x3c003c00u | (static_cast<std::uint32_t>(i * 2654435761u) & 0x80ff80ffu);
    }
    std::size_t at = 0;
    const auto matrix = [&](std::size_t rows, std::size_t columns) {
      const Matrix m{data_ + at, DType::BF16, rows, columns};
      at += 2 * rows * columns;
      return m;
    };
    for (std::size_t l = 0; l < layers; ++l) {
      jobs.push_back({{matrix(kHeads, kHidden), matrix(kKv, kHidden), matrix(kKv, kHidden)}});
      jobs.push_back({{matrix(kHidden, kHeads)}});
      jobs.push_back({{matrix(kInner, kHidden), matrix(kInner, kHidden)}});
      jobs.push_back({{matrix(kHidden, kInner)}});
    }
    head = {{matrix(kVocabulary, kHidden)}};
  }

  const std::byte* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

  static constexpr std::size_t kLayer =
      (kHeads + 2 * kKv) * kHidden + kHidden * kHeads + 3 * kInner * kHidden;
  std::vector<Job> jobs;  // without the head
  Job head;

 private:
  std::byte* data_;
  std::size_t bytes_;
};

/// Multiplies jobs; activations and results are reused.
class Products {
 public:
  Products() : x_(kMost * kInner), y_(kMost * 2 * kInner), logits_(kFew * kVocabulary) {
    for (std::size_t i = 0; i < x_.size(); ++i) {
      x_[i] = static_cast<float>(i % 1021) / 1021.0f - 0.5f;
    }
  }
  void run(const Job& job, std::size_t tokens, const Context& context) {
    std::vector<Product> list;
    std::size_t rows = 0, before = 0;
    for (const Matrix& m : job.matrices) rows += m.rows;
    float* y = rows > 2 * kInner ? logits_.data() : y_.data();
    for (const Matrix& m : job.matrices) {
      list.push_back({m, nullptr, y + before, rows});
      before += m.rows;
    }
    mod::nn::matmul(list, x_.data(), kInner, tokens, context);
  }

 private:
  static constexpr std::size_t kMost = 512, kFew = 8;
  std::vector<float> x_, y_, logits_;
};

struct Row {
  std::string name;
  double amount;  // bytes or operations of one run
  std::function<void()> run;
  std::vector<double> seconds = {};

  double rate() const {
    std::vector<double> sorted = seconds;
    std::sort(sorted.begin(), sorted.end());
    return amount / sorted[sorted.size() / 2] / 1e9;
  }
};

void measure(std::vector<Row>& rows, int rounds) {
  for (int round = -1; round < rounds; ++round) {  // the first one warms up
    for (Row& row : rows) {
      const double start = now();
      row.run();
      if (round >= 0) row.seconds.push_back(now() - start);
    }
  }
}

void read_all(const Weights& weights, int streams, const Context& context) {
  const auto& kernels = mod::cpu::nn_kernels(context.kernels->isa).limit;
  mod::cpu::parallel_for(
      context.threads, weights.bytes(), 1 << 20, [&](std::size_t first, std::size_t last) {
        sink = static_cast<float>(kernels.read(weights.data() + first, last - first, streams));
      });
}

double multiply(std::size_t steps, const Context& context) {
  const auto& kernels = mod::cpu::nn_kernels(context.kernels->isa).limit;
  std::vector<std::uint64_t> done(static_cast<std::size_t>(context.threads));
  mod::cpu::parallel_parts(context.threads, [&](int part, int) {
    float result = 0;
    done[static_cast<std::size_t>(part)] = kernels.multiply_adds(steps, &result);
    sink = result;
  });
  double sum = 0;
  for (const std::uint64_t d : done) sum += static_cast<double>(d);
  return sum;
}

Row peak_row(const Context& context) {
  constexpr std::size_t kSteps = 2000000;
  return {"multiply-adds in registers", multiply(kSteps, context),
          [&context] { multiply(kSteps, context); }};
}

void decode(const Weights& weights, Products& products, int rounds, const Context& context) {
  const auto bytes = static_cast<double>(weights.bytes());
  std::vector<Row> rows;
  rows.push_back({"read, 1 stream", bytes, [&] { read_all(weights, 1, context); }});
  rows.push_back({"read, 4 streams", bytes, [&] { read_all(weights, 4, context); }});
  rows.push_back(peak_row(context));
  const std::size_t tokens[] = {1, 2, 3, 4, 6, 8};
  for (const std::size_t t : tokens) {
    rows.push_back({std::to_string(t) + (t == 1 ? " token" : " tokens"), bytes, [&, t] {
                      for (const Job& job : weights.jobs) products.run(job, t, context);
                      products.run(weights.head, t, context);
                    }});
  }
  measure(rows, rounds);
  const double plain = rows[0].rate(), limit = std::max(plain, rows[1].rate());
  const double peak = rows[2].rate();
  std::printf("\nall layers and head, %.0f MB of bf16 weights\n", bytes / 1e6);
  std::printf("  %-28s %8s %12s %12s %9s %9s %9s\n", "", "GB/s", "% of 1-str.", "% of limit",
              "GFLOP/s", "% of peak", "x 1 token");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i == 2) {
      std::printf("  %-28s %8s %12s %12s %9.1f %9.0f\n", rows[i].name.c_str(), "", "", "", peak,
                  100.0);
      continue;
    }
    const double rate = rows[i].rate();
    std::printf("  %-28s %8.1f %12.0f %12.0f", rows[i].name.c_str(), rate, 100 * rate / plain,
                100 * rate / limit);
    if (i > 2) {
      const double flops = rate * static_cast<double>(tokens[i - 3]);
      std::printf(" %9.1f %9.0f %9.2f", flops, 100 * flops / peak, rows[3].rate() / rate);
    }
    std::printf("\n");
  }
}

void prefill(const Weights& weights, Products& products, int rounds, const Context& context) {
  constexpr std::size_t kLayers = 2;
  const std::size_t jobs = std::min(kLayers * 4, weights.jobs.size());
  std::vector<Row> rows;
  rows.push_back(peak_row(context));
  for (const std::size_t t : {8, 9, 12, 16, 24, 32, 64, 128, 256, 512}) {
    const double flops = 2.0 * static_cast<double>(Weights::kLayer * jobs / 4 * t);
    rows.push_back({std::to_string(t) + " tokens", flops, [&, t, jobs] {
                      for (std::size_t j = 0; j < jobs; ++j) {
                        products.run(weights.jobs[j], t, context);
                      }
                    }});
  }
  measure(rows, rounds);
  const double peak = rows[0].rate();
  std::printf("\nlayers without attention, %zu of them\n", jobs / 4);
  std::printf("  %-28s %9s %9s\n", "", "GFLOP/s", "% of peak");
  for (const Row& row : rows) {
    std::printf("  %-28s %9.1f %9.0f\n", row.name.c_str(), row.rate(), 100 * row.rate() / peak);
  }
}

int option(int argc, char** argv, const char* name, int otherwise) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], name) == 0) return std::atoi(argv[i + 1]);
  }
  return otherwise;
}

}  // namespace

int main(int argc, char** argv) {
  Context context;
  context.threads = option(argc, argv, "--threads", context.threads);
  const int rounds = option(argc, argv, "--rounds", 9);
  const Weights weights(static_cast<std::size_t>(option(argc, argv, "--layers", 24)));
  Products products;
  std::printf("%s, %d thread(s), median of %d rounds\n",
              std::string(mod::cpu::isa_name(context.kernels->isa)).c_str(), context.threads,
              rounds);
  decode(weights, products, rounds, context);
  prefill(weights, products, rounds, context);
  return 0;
}
