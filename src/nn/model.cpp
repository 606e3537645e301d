#include "nn/model.h"

#include <fmt/format.h>

#include <atomic>
#include <unordered_set>

#include "base/text.h"
#include "cpu/parallel.h"
#include "io/memory.h"
#include "mod/error.h"
#include "nn/binder.h"
#include "weights/folder_source.h"

namespace mod::nn {
namespace {

std::uint64_t held_bytes(const Binder::Need& need) {
  const auto dtype = weights::held_dtype(need.tensor->dtype, need.form);
  return need.tensor->rows() * need.tensor->columns() * dtype_size(dtype.value_or(DType::F32));
}

void check_memory(std::uint64_t bytes, const ModelOptions& options) {
  // Where the system does not say what is available, there is no limit.
  const std::uint64_t available =
      options.memory > 0 ? 0 : io::available_memory().value_or(~std::uint64_t{0});
  const std::uint64_t limit = options.memory > 0 ? options.memory : available / 5 * 4;
  if (options.held <= limit && bytes <= limit - options.held) return;
  const std::string text =
      fmt::format("{} needs {} for its weights{}, but ", options.name, size_text(bytes),
                  options.held > 0 ? " beside the " + size_text(options.held) + " of other models"
                                   : std::string());
  if (options.memory > 0) {
    throw Error(ErrorCode::kOutOfMemory, text + "--memory allows " + size_text(limit));
  }
  throw Error(ErrorCode::kOutOfMemory,
              fmt::format("{}80 % of the available memory is {} ({} are available); close other "
                          "programs, or allow more with --memory",
                          text, size_text(limit), size_text(available)));
}

/// Tensors in any order on all threads: sources that compute their tensors take the time, mapped
/// ones none.
std::vector<weights::TensorPtr> load_all(const std::vector<Binder::Need>& needs,
                                         const std::shared_ptr<const weights::WeightSource>& source,
                                         weights::TensorStore& store, const ModelOptions& options,
                                         const Context& context) {
  for (const Binder::Need& need : needs) source->will_need(*need.tensor);
  std::vector<weights::TensorPtr> loaded(needs.size());
  std::atomic<std::size_t> next{0};
  cpu::parallel_parts(context.threads, [&](int, int) {
    for (std::size_t i = next++; i < needs.size(); i = next++) {
      if (context.stop_requested()) throw Error(ErrorCode::kCancelled, "stopped while loading");
      loaded[i] = store.load(source, *needs[i].tensor, needs[i].form, context);
      if (options.loaded) options.loaded(held_bytes(needs[i]));
    }
  });
  return loaded;
}

std::uint64_t bytes_of(const Linear& linear) {
  return linear ? linear.w.rows * linear.w.columns * dtype_size(linear.w.dtype) : 0;
}

std::uint64_t size_of(const Linear& linear) {
  return linear ? linear.w.rows * linear.w.columns : 0;
}

/// Sum of `measure` over the matrices that one token of a layer goes through.
template <class Measure>
std::uint64_t of_layer(const Layer& layer, const arch::ExpertSpec& experts,
                       const Measure& measure) {
  const auto mlp = [&](const Mlp& m) { return measure(m.gate) + measure(m.up) + measure(m.down); };
  std::uint64_t sum = measure(layer.query) + measure(layer.key) + measure(layer.value) +
                      measure(layer.output) + mlp(layer.mlp) + measure(layer.router) +
                      mlp(layer.shared) + measure(layer.shared_router);
  if (!layer.experts.empty()) {
    sum += mlp(layer.experts.front()) * static_cast<std::uint64_t>(experts.used);
  }
  return sum;
}

}  // namespace

std::shared_ptr<const Model> Model::load(const arch::Architecture& architecture,
                                         arch::RunSpec run_spec,
                                         const std::shared_ptr<const weights::WeightSource>& source,
                                         weights::TensorStore& store, const ModelOptions& options,
                                         const Context& context) {
  auto model = std::shared_ptr<Model>(new Model);
  model->name_ = options.name;
  if (run_spec.attention_cap > 0 && !options.cap_scores) {
    context.log->info(
        fmt::format("note: {}: attention scores are not capped at {}, as in transformers' default; "
                    "--cap-scores caps them, as in training",
                    options.name, run_spec.attention_cap));
    run_spec.attention_cap = 0;
  }
  model->spec_ = std::move(run_spec);
  const arch::RunSpec& spec = model->spec_;
  model->context_ =
      options.context > 0 ? options.context : static_cast<std::size_t>(spec.usual_context);
  for (const arch::RopeSpec& rope : spec.ropes) {
    model->ropes_.push_back(rope_frequencies(rope, static_cast<std::int64_t>(model->context_)));
  }
  Binder binder(architecture, spec, *source);
  Problems problems;
  binder.check(options.name, problems);
  problems.throw_if_errors();
  const std::vector<Binder::Need> needs = binder.needs();
  std::uint64_t bytes = 0;
  for (const Binder::Need& need : needs) {
    if (!store.find(*source, *need.tensor, need.form)) bytes += held_bytes(need);
  }
  check_memory(bytes, options);
  const std::vector<weights::TensorPtr> loaded = load_all(needs, source, store, options, context);
  binder.bind(loaded, *model);
  std::unordered_set<const weights::Tensor*> seen;
  for (const weights::TensorPtr& tensor : loaded) {
    if (seen.insert(tensor.get()).second) model->tensors_.push_back(tensor);
  }
  return model;
}

std::shared_ptr<const Model> Model::open(const checkpoint::ModelFolder& folder,
                                         weights::TensorStore& store, const ModelOptions& options,
                                         const Context& context, Problems& notes) {
  if (!folder.has_config) {
    throw Error(
        ErrorCode::kInvalidInput,
        folder.path.string() + ": no config.json, so it is not known how to run this model");
  }
  const arch::Architecture& architecture =
      arch::architecture_of(folder.config, folder.path.string());
  arch::RunSpec spec =
      arch::make_run_spec(architecture, folder.config, (folder.path / "config.json").string());
  Problems problems;
  const auto source = std::make_shared<weights::FolderSource>(folder, architecture, problems);
  problems.throw_if_errors();
  if (!source->unknown().empty()) {
    notes.warn({folder.path.string()},
               fmt::format("{} tensors are not used by models of this kind, the first is {}",
                           source->unknown().size(), source->unknown().front()));
  }
  return load(architecture, std::move(spec), source, store, options, context);
}

std::uint64_t Model::weight_bytes() const {
  std::uint64_t sum = 0;
  for (const weights::TensorPtr& tensor : tensors_) sum += tensor->bytes().size();
  return sum;
}

std::uint64_t Model::bytes_per_token() const {
  std::uint64_t sum = bytes_of(head_);
  for (const Layer& layer : layers_) sum += of_layer(layer, spec_.experts, bytes_of);
  return sum;
}

std::uint64_t Model::active_parameters() const {
  std::uint64_t sum = 0;
  for (const Layer& layer : layers_) sum += of_layer(layer, spec_.experts, size_of);
  return sum;
}

}  // namespace mod::nn
