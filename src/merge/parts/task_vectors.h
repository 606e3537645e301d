// The task-arithmetic family: y = b + lambda * (sum of sparse, weighted deltas), with or without a
// vote on the sign. A method of the family is this kernel with its own sparsifiers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "merge/method.h"
#include "merge/parts/sparsifier.h"

namespace mod::merge {

struct TaskModel {
  int input = 0;
  double weight = 0;
  std::unique_ptr<Sparsifier> sparsifier;
};

struct TaskOptions {
  bool vote = false;       // only entries of the majority's sign are added
  bool normalize = false;  // divide by the weights that take part
  double lambda = 1;
};

/// Models with weight 0 take no part (their NaNs do not reach the result).
class TaskVectorKernel final : public Kernel {
 public:
  TaskVectorKernel(int base, std::vector<TaskModel> models, TaskOptions options);

  std::uint64_t unit() const override { return unit_; }
  bool wants_pass() const override;
  bool reads_input(int input) const override;
  Visit visit() const override;
  void begin_pass(std::uint64_t blocks) override;
  void accumulate(const Chunk& chunk) override;
  void end_pass() override;
  void combine(const Chunk& chunk, float* out, std::span<std::uint64_t> taken) const override;
  Facts facts() const override;
  std::uint64_t state_bytes() const override;

 private:
  const Sparsifier* leader() const;
  bool takes_part(const TaskModel& model) const;
  void set_factors();

  int base_;
  std::vector<TaskModel> models_;
  TaskOptions options_;
  std::uint64_t unit_ = 1;
  std::vector<float> factors_, weights_;  // by position in models_
  std::vector<const TaskModel*> in_pass_;
};

/// Makes the sparsifier of one model: its density is in (0, 1).
using MakeSparsifier = std::unique_ptr<Sparsifier> (*)(const TensorSpec& spec, int input,
                                                       double density);

/// The kernel of a method whose tables hold the family's parameters. `make_sparsifier` is not
/// called for densities of 0 and less (nothing is kept) nor of 1 and more (everything is).
std::unique_ptr<Kernel> make_task_vectors(const TensorSpec& spec, bool vote,
                                          MakeSparsifier make_sparsifier);

/// Memory for masks or candidates of one model, so that a whole kernel keeps at most 64 MiB.
std::uint64_t memory_share(const TensorSpec& spec);

/// The scaling that the parameters rescale and rescale_inverse_p ask for.
RandomScale random_scale(const ParamSet& params);

}  // namespace mod::merge
