#include "merge/parts/task_vectors.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "cpu/kernels.h"

namespace mod::merge {

TaskVectorKernel::TaskVectorKernel(int base, std::vector<TaskModel> models, TaskOptions options)
    : base_(base), models_(std::move(models)), options_(options) {
  std::erase_if(models_, [&](const TaskModel& m) { return m.weight == 0 || options_.lambda == 0; });
  for (const TaskModel& model : models_) unit_ = std::max(unit_, model.sparsifier->unit());
  set_factors();
}

/// The first sparsifier that wants a pass decides which blocks it visits; those who want the same
/// ones take part, the others wait for a later pass.
const Sparsifier* TaskVectorKernel::leader() const {
  for (const TaskModel& model : models_) {
    if (model.sparsifier->wants_pass()) return model.sparsifier.get();
  }
  return nullptr;
}

bool TaskVectorKernel::takes_part(const TaskModel& model) const {
  const Sparsifier& own = *model.sparsifier;
  return own.wants_pass() && own.visit() == leader()->visit();
}

bool TaskVectorKernel::wants_pass() const { return leader() != nullptr; }

Visit TaskVectorKernel::visit() const { return leader()->visit(); }

bool TaskVectorKernel::reads_input(int input) const {
  if (input == base_) return true;
  return std::any_of(models_.begin(), models_.end(), [&](const TaskModel& model) {
    return model.input == input && takes_part(model);
  });
}

void TaskVectorKernel::begin_pass(std::uint64_t blocks) {
  in_pass_.clear();
  for (const TaskModel& model : models_) {
    if (takes_part(model)) in_pass_.push_back(&model);
  }
  for (const TaskModel* model : in_pass_) model->sparsifier->begin_pass(blocks);
}

void TaskVectorKernel::accumulate(const Chunk& chunk) {
  for (const TaskModel* model : in_pass_) {
    chunk.scratch->reset();
    model->sparsifier->accumulate(chunk, chunk.inputs[model->input], chunk.inputs[base_]);
  }
}

void TaskVectorKernel::end_pass() {
  for (const TaskModel* model : in_pass_) model->sparsifier->end_pass();
  set_factors();
}

void TaskVectorKernel::set_factors() {
  double sum = 0;
  for (const TaskModel& model : models_) sum += model.weight;
  const double divisor = std::abs(sum) < 1e-8 ? 1 : sum;
  factors_.clear();
  weights_.clear();
  for (const TaskModel& model : models_) {
    double factor = model.weight * model.sparsifier->rescale();
    // Without a vote everything that multiplies a delta is known; with one the divisor is not.
    if (!options_.vote) factor *= options_.lambda / (options_.normalize ? divisor : 1);
    factors_.push_back(static_cast<float>(factor));
    weights_.push_back(static_cast<float>(model.weight));
  }
}

void TaskVectorKernel::combine(const Chunk& chunk, float* out,
                               std::span<std::uint64_t> taken) const {
  const float* b = chunk.inputs[base_];
  const int models = static_cast<int>(models_.size());
  if (models == 0) {
    std::memcpy(out, b, chunk.count * sizeof(float));
    taken[base_] += chunk.count;
    return;
  }
  std::vector<const float*> deltas(models_.size());
  std::vector<std::uint64_t> used(models_.size(), 0);
  for (std::size_t m = 0; m < models_.size(); ++m) {
    float* v = chunk.scratch->floats(chunk.count);
    models_[m].sparsifier->apply(chunk, chunk.inputs[models_[m].input], b, factors_[m], v);
    deltas[m] = v;
  }
  const cpu::MergeKernels& kernels = chunk.kernels->merge;
  const std::size_t touched =
      options_.vote ? kernels.add_elected(deltas.data(), weights_.data(), models, b,
                                          static_cast<float>(options_.lambda), options_.normalize,
                                          out, used.data(), chunk.count)
                    : kernels.add_deltas(deltas.data(), models, b, out, used.data(), chunk.count);
  taken[base_] += chunk.count - touched;
  for (std::size_t m = 0; m < models_.size(); ++m) taken[models_[m].input] += used[m];
}

Facts TaskVectorKernel::facts() const {
  Facts facts;
  for (const TaskModel& model : models_) {
    for (const auto& [name, value] : model.sparsifier->facts()) {
      facts.emplace_back(name + "[" + std::to_string(model.input) + "]", value);
    }
  }
  return facts;
}

std::uint64_t TaskVectorKernel::state_bytes() const {
  std::uint64_t bytes = 0;
  for (const TaskModel& model : models_) bytes += model.sparsifier->state_bytes();
  return bytes;
}

std::uint64_t memory_share(const TensorSpec& spec) {
  return (64ull << 20) / static_cast<std::uint64_t>(std::max(1, spec.inputs - 1));
}

RandomScale random_scale(const ParamSet& params) {
  if (params.find("rescale_inverse_p").value_or(0) != 0) return RandomScale::kInverseProbability;
  return params.find("rescale").value_or(1) != 0 ? RandomScale::kL1 : RandomScale::kNone;
}

std::unique_ptr<Kernel> make_task_vectors(const TensorSpec& spec, bool vote,
                                          MakeSparsifier make_sparsifier) {
  std::vector<TaskModel> models;
  for (int i = 0; i < spec.inputs; ++i) {
    if (i == spec.base) continue;
    TaskModel model{i, spec.params.number("weight", i), nullptr};
    const double density = make_sparsifier ? spec.params.number("density", i) : 1;
    if (density >= 1) {
      model.sparsifier = std::make_unique<KeepAll>();
    } else if (density > 0) {
      model.sparsifier = make_sparsifier(spec, i, density);
    } else {
      model.sparsifier = std::make_unique<KeepNone>();
    }
    models.push_back(std::move(model));
  }
  return std::make_unique<TaskVectorKernel>(
      spec.base, std::move(models),
      TaskOptions{vote, spec.params.flag("normalize"), spec.params.number("lambda")});
}

}  // namespace mod::merge
