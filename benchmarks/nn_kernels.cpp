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
#include "nn/attention.h"
#include "nn/limits.h"
#include "nn/matmul.h"

namespace {

using mod::Context;
using mod::DType;
using mod::nn::Matrix;
using mod::nn::Product;

constexpr std::size_t kHidden = 896, kInner = 4864, kHeads = 896, kKv = 128, kVocabulary = 151936;

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

  double rate() const { return amount / quantile(0.5) / 1e9; }
  double best() const { return amount / quantile(0) / 1e9; }

 private:
  double quantile(double share) const {
    std::vector<double> sorted = seconds;
    std::sort(sorted.begin(), sorted.end());
    return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size()))];
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

Row peak_row(const Context& context) {
  constexpr std::size_t kSteps = 2000000;
  return {"multiply-adds in registers", mod::nn::multiply_in_registers(kSteps, context),
          [&context] { mod::nn::multiply_in_registers(kSteps, context); }};
}

Row read_row(const Weights& weights, int streams, const Context& context) {
  return {"read, " + std::to_string(streams) + (streams == 1 ? " stream" : " streams"),
          static_cast<double>(weights.bytes()), [&weights, streams, &context] {
            mod::nn::read_all({weights.data(), weights.bytes()}, streams, context);
          }};
}

void decode(const Weights& weights, Products& products, int rounds, const Context& context) {
  const auto bytes = static_cast<double>(weights.bytes());
  std::vector<Row> rows = {read_row(weights, 1, context), read_row(weights, 4, context),
                           read_row(weights, 8, context), peak_row(context)};
  constexpr std::size_t kPeak = 3;
  const std::size_t tokens[] = {1, 2, 3, 4, 6, 8};
  for (const std::size_t t : tokens) {
    rows.push_back({std::to_string(t) + (t == 1 ? " token" : " tokens"), bytes, [&, t] {
                      for (const Job& job : weights.jobs) products.run(job, t, context);
                      products.run(weights.head, t, context);
                    }});
  }
  measure(rows, rounds);
  const double plain = rows[0].rate(), limit = std::max({plain, rows[1].rate(), rows[2].rate()});
  const double peak = rows[kPeak].rate();
  std::printf("\nall layers and head, %.0f MB of bf16 weights\n", bytes / 1e6);
  std::printf("  %-28s %13s %8s %8s %9s %7s %9s\n", "", "GB/s", "% 1-str.", "% best", "GFLOP/s",
              "% peak", "x 1 token");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double rate = rows[i].rate();
    if (i == kPeak) {
      std::printf("  %-28s %31s %9.1f\n", rows[i].name.c_str(), "", peak);
      continue;
    }
    std::printf("  %-28s %6.1f (%4.1f) %8.0f %8.0f", rows[i].name.c_str(), rate, rows[i].best(),
                100 * rate / plain, 100 * rate / limit);
    if (i > kPeak) {
      const double flops = rate * static_cast<double>(tokens[i - kPeak - 1]);
      std::printf(" %9.1f %7.0f %9.2f", flops, 100 * flops / peak, rows[kPeak + 1].rate() / rate);
    }
    std::printf("\n");
  }
}

/// Rows of operations; the first one is the limit.
void print_operations(const char* title, const std::vector<Row>& rows) {
  std::printf("\n%s\n  %-28s %15s %7s\n", title, "", "GFLOP/s", "% peak");
  for (const Row& row : rows) {
    std::printf("  %-28s %7.1f (%5.1f) %7.0f\n", row.name.c_str(), row.rate(), row.best(),
                100 * row.rate() / rows[0].rate());
  }
}

void prefill(const Weights& weights, Products& products, int rounds, const Context& context) {
  constexpr std::size_t kLayers = 2;
  const std::size_t jobs = std::min(kLayers * 4, weights.jobs.size());
  std::vector<Row> rows = {peak_row(context)};
  for (const std::size_t t : {8, 9, 12, 16, 24, 32, 64, 128, 256, 512}) {
    const double flops = 2.0 * static_cast<double>(Weights::kLayer * jobs / 4 * t);
    rows.push_back({std::to_string(t) + " tokens", flops, [&, t, jobs] {
                      for (std::size_t j = 0; j < jobs; ++j) {
                        products.run(weights.jobs[j], t, context);
                      }
                    }});
  }
  measure(rows, rounds);
  print_operations("two layers without attention", rows);
}

/// Attention of a layer (14 heads over 2, 64 wide): operations count positions really seen, twice
/// two.
void attention(int rounds, const Context& context) {
  constexpr std::size_t kDim = 64, kPositions = 8192, kLayers = 24;
  const mod::nn::AttentionShape shape{14, 2, kDim, 0.125f, 0, 0};
  std::vector<float> k(kLayers * kPositions * kKv, 0.01f), v(k), q(512 * kHeads, 0.02f),
      out(512 * kHeads);
  struct Point {
    std::size_t p0, tokens;
  };
  std::vector<Row> rows = {peak_row(context)};
  for (const Point point : {Point{1023, 1}, {8191, 1}, {8184, 8}, {0, 512}, {3584, 512}}) {
    const double seen = static_cast<double>(point.tokens) *
                        (static_cast<double>(point.p0) + static_cast<double>(point.tokens + 1) / 2);
    const std::size_t layers = point.tokens > 8 ? 2 : kLayers;
    rows.push_back({std::to_string(point.tokens) + " at " + std::to_string(point.p0),
                    static_cast<double>(layers) * seen * 4 * kHeads, [&, point, layers] {
                      for (std::size_t l = 0; l < layers; ++l) {
                        const std::size_t at = l * kPositions * kKv;
                        mod::nn::attention(shape, q.data(), kHeads, point.p0, point.tokens,
                                           {k.data() + at, v.data() + at, DType::F32, kPositions,
                                            point.p0 + point.tokens},
                                           out.data(), kHeads, context);
                      }
                    }});
  }
  measure(rows, rounds);
  print_operations("attention, fp32 cache", rows);
  // A token reads K and V once: 8 bytes for 4 * 7 operations.
  for (const std::size_t i : {1, 2}) {
    std::printf("  %s: %.1f GB/s of cache\n", rows[i].name.c_str(), rows[i].rate() * 8 / 28);
  }
}

void vectors(int rounds, const Context& context) {
  const auto& kernels = mod::cpu::nn_kernels(context.kernels->isa).vector;
  constexpr std::size_t n = kVocabulary;
  std::vector<float> x(n), y(n), z(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = static_cast<float>(i % 1000) / 50.0f;
  std::vector<Row> rows;
  const auto add = [&rows](const char* name, auto run) { rows.push_back({name, n, run}); };
  add("exp", [&] { kernels.exp(x.data(), y.data(), n); });
  add("softmax", [&] { kernels.softmax(x.data(), y.data(), n); });
  add("log_softmax", [&] { kernels.log_softmax(x.data(), y.data(), n); });
  add("argmax", [&] { kernels.argmax(x.data(), n); });
  add("rms_norm", [&] { kernels.rms_norm(x.data(), x.data(), 0, 1e-6f, y.data(), n); });
  add("silu_mul", [&] { kernels.silu_mul(x.data(), z.data(), y.data(), n); });
  add("gelu_mul", [&] { kernels.gelu_mul(x.data(), z.data(), y.data(), n); });
  add("gelu_tanh_mul", [&] { kernels.gelu_tanh_mul(x.data(), z.data(), y.data(), n); });
  add("soft_cap", [&] { kernels.soft_cap(x.data(), 30.0f, y.data(), n); });
  measure(rows, 10 * rounds);
  std::printf("\none thread, %zu numbers\n  %-28s %8s %10s\n", n, "", "ms", "G/s");
  for (const Row& row : rows) {
    std::printf("  %-28s %8.3f %10.2f\n", row.name.c_str(), n / row.rate() / 1e6, row.rate());
  }
}

const char* option(int argc, char** argv, const char* name, const char* otherwise) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], name) == 0) return argv[i + 1];
  }
  return otherwise;
}

}  // namespace

int main(int argc, char** argv) {
  Context context;
  context.threads = std::atoi(option(argc, argv, "--threads", "0"));
  if (context.threads < 1) context.threads = mod::cpu::usable_cores();
  const int rounds = std::atoi(option(argc, argv, "--rounds", "9"));
  const int layers = std::atoi(option(argc, argv, "--layers", "24"));
  const std::string only = option(argc, argv, "--only", "");
  const auto wanted = [&only](const char* part) { return only.empty() || only == part; };
  std::printf("%s, %d thread(s), median of %d rounds (best)\n",
              std::string(mod::cpu::isa_name(context.kernels->isa)).c_str(), context.threads,
              rounds);
  if (wanted("decode") || wanted("prefill")) {
    const Weights weights(static_cast<std::size_t>(layers));
    Products products;
    if (wanted("decode")) decode(weights, products, rounds, context);
    if (wanted("prefill")) prefill(weights, products, rounds, context);
  }
  if (wanted("attention")) attention(rounds, context);
  if (wanted("vectors")) vectors(rounds, context);
  return 0;
}
