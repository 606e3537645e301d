#include "merge/methods/nuslerp_kernels.h"

#include <algorithm>

#include "cpu/kernels.h"
#include "merge/parts/arc.h"
#include "merge/parts/column_sums.h"
#include "merge/parts/gram.h"

namespace mod::merge {
namespace {

/// What the three ways share: the pair of vectors and y = b + f0 (x0 - b) + f1 (x1 - b).
class NuslerpKernel : public Kernel {
 public:
  explicit NuslerpKernel(const NuslerpInputs& inputs) : in_(inputs) {}

 protected:
  struct Pair {
    const float *x0, *x1, *b;  // b may be null
  };

  Pair pair(const Chunk& chunk, std::size_t at = 0) const {
    return {chunk.inputs[in_.first] + at, chunk.inputs[in_.second] + at,
            in_.base >= 0 ? chunk.inputs[static_cast<std::size_t>(in_.base)] + at : nullptr};
  }

  static void interpolate(const Chunk& chunk, const Pair& p, const Arc& arc, float* v, float* out,
                          std::size_t n) {
    const cpu::MergeKernels& kernels = chunk.kernels->merge;
    const auto f0 = static_cast<float>(arc.f0), f1 = static_cast<float>(arc.f1);
    if (!p.b) {
      kernels.blend(f0, p.x0, f1, p.x1, out, n);
      return;
    }
    kernels.delta(f0, p.x0, p.b, v, n);
    kernels.delta(f1, p.x1, p.b, v + n, n);
    const float* deltas[2] = {v, v + n};
    std::uint64_t unused[2] = {0, 0};
    kernels.add_deltas(deltas, 2, p.b, out, unused, n);
  }

  void count(std::span<std::uint64_t> taken, std::size_t n) const {
    for (const std::size_t input : in_.weighted) taken[input] += n;
  }

  const NuslerpInputs in_;
};

class WholeKernel final : public NuslerpKernel {
 public:
  explicit WholeKernel(const NuslerpInputs& inputs) : NuslerpKernel(inputs), sums_(2) {}

  bool wants_pass() const override { return !ready_; }
  void begin_pass(std::uint64_t blocks) override { sums_.begin(blocks); }

  void accumulate(const Chunk& chunk) override {
    const Pair p = pair(chunk);
    const float* const both[2] = {p.x0, p.x1};
    sums_.add(chunk, both, p.b);
  }

  void end_pass() override {
    const Gram gram = sums_.finish();
    arc_ = nuslerp_arc(gram(0, 0), gram(1, 1), gram(0, 1), in_.t);
    ready_ = true;
  }

  void combine(const Chunk& chunk, float* out, std::span<std::uint64_t> taken) const override {
    interpolate(chunk, pair(chunk), arc_, chunk.scratch->floats(2 * chunk.count), out, chunk.count);
    count(taken, chunk.count);
  }

  std::vector<std::pair<std::string, double>> facts() const override {
    return {{"cosine", arc_.cosine}, {"angle", arc_.angle}, {"linear_branch", arc_.linear}};
  }

 private:
  GramSums sums_;
  bool ready_ = false;
  Arc arc_;
};

class RowsKernel final : public NuslerpKernel {
 public:
  RowsKernel(const NuslerpInputs& inputs, std::uint64_t length)
      : NuslerpKernel(inputs), length_(length) {}

  std::uint64_t unit() const override { return length_; }

  void combine(const Chunk& chunk, float* out, std::span<std::uint64_t> taken) const override {
    float* v = chunk.scratch->floats(2 * length_);
    for (std::size_t at = 0; at < chunk.count; at += length_) {
      const Pair p = pair(chunk, at);
      double sums[3];
      chunk.kernels->merge.gram(p.x0, p.x1, p.b, sums, length_);
      const Arc arc = nuslerp_arc(sums[0], sums[1], sums[2], in_.t);
      interpolate(chunk, p, arc, v, out + at, length_);
    }
    count(taken, chunk.count);
  }

 private:
  std::uint64_t length_;
};

class ColumnsKernel final : public NuslerpKernel {
 public:
  ColumnsKernel(const NuslerpInputs& inputs, std::uint64_t columns, std::uint64_t elements)
      : NuslerpKernel(inputs), columns_(columns), elements_(elements), sums_(3 * columns) {}

  bool wants_pass() const override { return !ready_; }

  void accumulate(const Chunk& chunk) override {
    std::vector<double>& sums = sums_.open(chunk.block);
    const Pair p = pair(chunk);
    std::size_t column = chunk.first % columns_;
    for (std::size_t i = 0; i < chunk.count; ++i) {
      const double x0 = p.b ? p.x0[i] - p.b[i] : p.x0[i], x1 = p.b ? p.x1[i] - p.b[i] : p.x1[i];
      sums[column] += x0 * x0;
      sums[columns_ + column] += x1 * x1;
      sums[2 * columns_ + column] += x0 * x1;
      if (++column == columns_) column = 0;
    }
    const std::uint64_t end = std::min((chunk.block + 1) * kBlockElements, elements_);
    if (chunk.first + chunk.count == end) sums_.finish(chunk.block);
  }

  void end_pass() override {
    const std::vector<double>& total = sums_.total();
    for (std::size_t c = 0; c < columns_; ++c) {
      const Arc arc = nuslerp_arc(total[c], total[columns_ + c], total[2 * columns_ + c], in_.t);
      f0_.push_back(static_cast<float>(arc.f0));
      f1_.push_back(static_cast<float>(arc.f1));
      linear_ += arc.linear;
    }
    ready_ = true;
  }

  void combine(const Chunk& chunk, float* out, std::span<std::uint64_t> taken) const override {
    const Pair p = pair(chunk);
    for (std::size_t i = 0; i < chunk.count;) {
      const std::size_t column = (chunk.first + i) % columns_;
      const std::size_t end = std::min(chunk.count, i + columns_ - column);
      const float *f0 = f0_.data() + column, *f1 = f1_.data() + column;
      for (std::size_t c = 0; i < end; ++i, ++c) {
        if (!p.b) {
          out[i] = f0[c] * p.x0[i] + f1[c] * p.x1[i];
          continue;
        }
        const float s = f0[c] * (p.x0[i] - p.b[i]) + f1[c] * (p.x1[i] - p.b[i]);
        out[i] = s == 0 ? p.b[i] : p.b[i] + s;  // keeps a base of -0
      }
    }
    count(taken, chunk.count);
  }

  std::vector<std::pair<std::string, double>> facts() const override {
    return {{"linear_columns", static_cast<double>(linear_)}};
  }

  std::uint64_t state_bytes() const override { return 16 * 3 * columns_ * sizeof(double); }

 private:
  std::uint64_t columns_, elements_;
  ColumnSums sums_;
  std::vector<float> f0_, f1_;
  std::uint64_t linear_ = 0;
  bool ready_ = false;
};

}  // namespace

std::unique_ptr<Kernel> make_nuslerp_whole(const NuslerpInputs& inputs) {
  return std::make_unique<WholeKernel>(inputs);
}

std::unique_ptr<Kernel> make_nuslerp_rows(const NuslerpInputs& inputs, std::uint64_t length) {
  return std::make_unique<RowsKernel>(inputs, length);
}

std::unique_ptr<Kernel> make_nuslerp_columns(const NuslerpInputs& inputs, std::uint64_t columns,
                                             std::uint64_t elements) {
  return std::make_unique<ColumnsKernel>(inputs, columns, elements);
}

}  // namespace mod::merge
