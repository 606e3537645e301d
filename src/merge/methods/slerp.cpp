#include "merge/methods/registry.h"
#include "merge/parts/arc.h"
#include "merge/parts/checks.h"
#include "merge/parts/gram.h"
#include "merge/parts/weighted_sum.h"

namespace mod::merge {
namespace {

constexpr ParamSpec kParams[] = {
    {.name = "t", .required = true, .help = "0 is the base model, 1 the other one"},
};

std::string check(const TensorSpec& spec) {
  if (auto text = check_compute(spec); !text.empty()) return text;
  if (spec.base < 0 && spec.inputs == 2) return "slerp needs to know which model is the base";
  return check_finite(spec, {"t"}, {});
}

class SlerpKernel final : public Kernel {
 public:
  SlerpKernel(std::size_t base, double t) : base_(base), t_(t), sums_(2) {}

  bool wants_pass() const override { return !ready_; }
  void begin_pass(std::uint64_t blocks) override { sums_.begin(blocks); }
  void accumulate(const Chunk& chunk) override { sums_.add(chunk, chunk.inputs, nullptr); }

  void end_pass() override {
    const Gram gram = sums_.finish();
    const std::size_t other = 1 - base_;
    arc_ = slerp_arc(gram(base_, base_), gram(other, other), gram(0, 1), t_);
    std::vector<double> factors(2);
    factors[base_] = arc_.f0;
    factors[other] = arc_.f1;
    sum_ = WeightedSum(factors);
    ready_ = true;
  }

  void combine(const Chunk& chunk, float* out, std::span<std::uint64_t> taken) const override {
    sum_.combine(chunk, out, taken);
  }

  std::vector<std::pair<std::string, double>> facts() const override {
    return {{"cosine", arc_.cosine}, {"angle", arc_.angle}, {"linear_branch", arc_.linear}};
  }

 private:
  std::size_t base_;
  double t_;
  GramSums sums_;
  bool ready_ = false;
  Arc arc_;
  WeightedSum sum_;
};

std::unique_ptr<Kernel> make(const TensorSpec& spec, const cpu::Kernels&) {
  if (spec.inputs == 1) return std::make_unique<WeightedSumKernel>(std::vector<double>{1});
  return std::make_unique<SlerpKernel>(static_cast<std::size_t>(spec.base),
                                       spec.params.number("t"));
}

}  // namespace

constinit const MethodInfo kSlerp = {
    .name = "slerp",
    .title = "interpolation along the great circle between two models, one angle per tensor",
    .paper = "",
    .formula = "y = sin((1-t) a) / sin(a) x0 + sin(t a) / sin(a) x1, a the angle of x0 and x1",
    .params = kParams,
    .min_models = 1,
    .max_models = 1,
    .base = BaseRole::kRequired,
    .shapes = ShapeRule::kCropToSmallest,
    .reads = "twice (angle)",
    .passes = 2,
    .make = make,
    .check = check,
};

}  // namespace mod::merge
