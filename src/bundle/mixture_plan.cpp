#include "bundle/mixture_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "arch/architecture.h"
#include "arch/run_spec.h"
#include "base/hash.h"
#include "bundle/experts.h"

namespace mod::bundle {
namespace {

/// Enough of a tensor to tell fine-tunes apart: training moves nearly every element.
constexpr std::uint64_t kSample = 4096;

std::string content_key(const checkpoint::Checkpoint& weights,
                        const checkpoint::TensorInfo& tensor) {
  std::string bytes;
  for (const std::uint64_t part : {0, 1, 2}) {
    const std::uint64_t n = std::min(kSample, tensor.bytes);
    const std::size_t at = bytes.size();
    bytes.resize(at + n);
    weights.read(tensor, (tensor.bytes - n) * part / 2,
                 std::as_writable_bytes(std::span(bytes).subspan(at)));
  }
  std::string key = fmt::format("{}", static_cast<int>(tensor.dtype));
  for (const std::int64_t size : tensor.shape) key += fmt::format(",{}", size);
  return key + sha256_hex(bytes);
}

void add_folder(const checkpoint::Checkpoint& weights, std::set<std::string>& seen,
                ExpertPlan& plan) {
  for (const checkpoint::TensorInfo& tensor : weights.tensors()) {
    plan.bytes += tensor.bytes;
    if (!seen.insert(content_key(weights, tensor)).second) plan.shared += tensor.bytes;
  }
}

void add_recipe(const merge::Plan& merged, std::set<std::string>& seen, ExpertPlan& plan) {
  const std::string fingerprint = merged.fingerprint();
  for (const merge::PlannedTensor& tensor : merged.tensors) {
    plan.bytes += tensor.bytes;
    if (!seen.insert(fingerprint + tensor.name).second) plan.shared += tensor.bytes;
  }
}

void add_shape(const ModelSource& source, const ExpertEntry& entry, ExpertPlan& plan) {
  const arch::Architecture& architecture = arch::architecture_of(source.config, entry.model);
  const arch::RunSpec spec = arch::make_run_spec(architecture, source.config, source.config_file);
  plan.architecture = architecture.id;
  plan.context = entry.context.value_or(static_cast<std::size_t>(spec.usual_context));
  plan.cache_bytes = 2 * sizeof(float) * spec.layers.size() *
                     static_cast<std::uint64_t>(spec.kv_heads * spec.head_dim);
}

}  // namespace

std::uint64_t MixturePlan::bytes() const {
  std::uint64_t sum = 0;
  for (const ExpertPlan& expert : experts) sum += expert.bytes;
  return sum;
}

std::uint64_t MixturePlan::distinct() const {
  std::uint64_t sum = 0;
  for (const ExpertPlan& expert : experts) sum += expert.bytes - expert.shared;
  return sum;
}

MixturePlan plan_mixture(const MixtureFile& file, const Context& context) {
  const std::vector<ModelSource> sources = find_expert_sources(file, context);
  MixturePlan plan;
  TextCache texts;
  for (const mix::TokenRange& range :
       compare_tokenizers(file, sources, false, texts, *context.log)) {
    plan.masked += static_cast<std::size_t>(range.last - range.first);
  }
  std::set<std::string> seen;
  for (std::size_t k = 0; k < sources.size(); ++k) {
    const ExpertEntry& entry = file.experts[k];
    ExpertPlan expert;
    expert.name = entry.name;
    expert.model = entry.model;
    expert.is_recipe = sources[k].plan.has_value();
    add_shape(sources[k], entry, expert);
    if (expert.is_recipe) {
      add_recipe(*sources[k].plan, seen, expert);
    } else {
      add_folder(*sources[k].folder->weights, seen, expert);
    }
    plan.vocabulary = std::max(plan.vocabulary, sources[k].vocabulary_rows());
    plan.experts.push_back(std::move(expert));
  }
  return plan;
}

}  // namespace mod::bundle
