#include <algorithm>
#include <cmath>

#include "cpu/kernels.h"
#include "merge/methods/registry.h"
#include "merge/parts/checks.h"
#include "merge/parts/gram.h"
#include "merge/parts/weighted_sum.h"

namespace mod::merge {
namespace {

constexpr ParamSpec kParams[] = {
    {.name = "filter_wise",
     .type = ParamType::kBool,
     .number = 0,
     .help = "one ratio for each row of the last axis instead of one per tensor"},
};

std::string check(const TensorSpec& spec) {
  if (auto text = check_compute(spec); !text.empty()) return text;
  if (auto text = check_base(spec); !text.empty()) return text;
  if (spec.inputs == 2) {
    return "model_stock needs the base and at least two models that have this tensor";
  }
  return {};
}

struct Ratio {
  double cosine = 0, t = 0;
  bool no_solution = false;  // the denominator is 0: the base is kept
};

/// From the products of the differences x_i - b.
Ratio ratio_of(const Gram& gram) {
  const std::size_t n = gram.size();
  Ratio ratio;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const double norms = std::sqrt(gram(i, i)) * std::sqrt(gram(j, j));
      ratio.cosine += std::clamp(gram(i, j) / std::max(norms, 1e-6), -1.0, 1.0);
    }
  }
  const auto models = static_cast<double>(n);
  ratio.cosine /= models * (models - 1) / 2;
  const double denominator = 1 + (models - 1) * ratio.cosine;
  ratio.no_solution = std::abs(denominator) < 1e-6;
  ratio.t = ratio.no_solution ? 0 : models * ratio.cosine / denominator;
  return ratio;
}

class ModelStockKernel : public Kernel {
 public:
  ModelStockKernel(int inputs, int base)
      : inputs_(static_cast<std::size_t>(inputs)), base_(static_cast<std::size_t>(base)) {}

 protected:
  std::vector<const float*> models(const Chunk& chunk, std::size_t at = 0) const {
    std::vector<const float*> x;
    for (std::size_t i = 0; i < inputs_; ++i) {
      if (i != base_) x.push_back(chunk.inputs[i] + at);
    }
    return x;
  }

  WeightedSum weights(double t) const {
    std::vector<double> factors(inputs_, t / static_cast<double>(inputs_ - 1));
    factors[base_] = 1 - t;
    return WeightedSum(factors);
  }

  std::size_t inputs_, base_;
};

class WholeKernel final : public ModelStockKernel {
 public:
  WholeKernel(int inputs, int base) : ModelStockKernel(inputs, base), sums_(inputs_ - 1) {}

  bool wants_pass() const override { return !ready_; }
  void begin_pass(std::uint64_t blocks) override { sums_.begin(blocks); }
  void accumulate(const Chunk& chunk) override {
    sums_.add(chunk, models(chunk), chunk.inputs[base_]);
  }
  void end_pass() override {
    ratio_ = ratio_of(sums_.finish());
    sum_ = weights(ratio_.t);
    ready_ = true;
  }
  void combine(const Chunk& chunk, float* out, std::span<std::uint64_t> taken) const override {
    sum_.combine(chunk, out, taken);
  }
  std::vector<std::pair<std::string, double>> facts() const override {
    std::vector<std::pair<std::string, double>> facts{{"cosine", ratio_.cosine}, {"t", ratio_.t}};
    if (ratio_.no_solution) facts.emplace_back("no_solution", 1);
    if (ratio_.t < 0) facts.emplace_back("extrapolates", 1);
    return facts;
  }

 private:
  GramSums sums_;
  bool ready_ = false;
  Ratio ratio_;
  WeightedSum sum_;
};

class RowsKernel final : public ModelStockKernel {
 public:
  RowsKernel(int inputs, int base, std::uint64_t length)
      : ModelStockKernel(inputs, base), length_(length) {}

  std::uint64_t unit() const override { return length_; }

  void combine(const Chunk& chunk, float* out, std::span<std::uint64_t> taken) const override {
    std::vector<const float*> inputs(inputs_);
    for (std::size_t at = 0; at < chunk.count; at += length_) {
      const Gram gram =
          gram_of(*chunk.kernels, models(chunk, at), chunk.inputs[base_] + at, length_);
      for (std::size_t i = 0; i < inputs_; ++i) inputs[i] = chunk.inputs[i] + at;
      Chunk row = chunk;
      row.first += at;
      row.count = length_;
      row.inputs = inputs;
      weights(ratio_of(gram).t).combine(row, out + at, taken);
    }
  }

 private:
  std::uint64_t length_;
};

std::unique_ptr<Kernel> make(const TensorSpec& spec, const cpu::Kernels&) {
  if (spec.inputs == 1) return std::make_unique<WeightedSumKernel>(std::vector<double>{1});
  const auto last = spec.shape.empty() ? 1 : static_cast<std::uint64_t>(spec.shape.back());
  // A single row is the whole tensor, which need not stay in one chunk.
  if (!spec.params.flag("filter_wise") || last == spec.elements) {
    return std::make_unique<WholeKernel>(spec.inputs, spec.base);
  }
  return std::make_unique<RowsKernel>(spec.inputs, spec.base, last);
}

}  // namespace

constinit const MethodInfo kModelStock = {
    .name = "model_stock",
    .title = "average of the models pulled towards the base by the angle between them",
    .paper = "arXiv 2403.19522",
    .formula = "y = t mean(x_i) + (1-t) b, t = N c / (1 + (N-1) c), c the mean cosine of x_i - b",
    .params = kParams,
    .min_models = 2,
    .base = BaseRole::kRequired,
    .shapes = ShapeRule::kCropToSmallest,
    .reads = "twice (cosines), once with filter_wise",
    .passes = 2,
    .make = make,
    .check = check,
};

}  // namespace mod::merge
