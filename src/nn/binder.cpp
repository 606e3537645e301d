#include "nn/binder.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace mod::nn {
namespace {

using arch::LayerKind;
using arch::Role;
using arch::TensorTemplate;
using weights::Form;

/// A wrong number in a config makes most shapes wrong; a screenful says it.
constexpr std::size_t kMostProblems = 12;

/// Rows [first, first + rows) of a stacked matrix.
Linear rows_of(const Linear& whole, std::uint64_t first, std::uint64_t rows) {
  Linear out = whole;
  out.w.rows = rows;
  if (whole) out.w.data += first * whole.w.columns * dtype_size(whole.w.dtype);
  if (whole.bias) out.bias += first;
  return out;
}

}  // namespace

Binder::Binder(const arch::Architecture& architecture, const arch::RunSpec& spec,
               const weights::WeightSource& source)
    : architecture_(architecture), spec_(spec), source_(source) {
  for (const auto* list : {&architecture.before, &architecture.after}) {
    for (const TensorTemplate& t : *list) outer_[{t.role, t.bias}] = &t;
  }
  for (const TensorTemplate& t : architecture.layer) {
    if (t.when != LayerKind::kSparse) dense_[{t.role, t.bias}] = &t;
    if (t.when != LayerKind::kDense) sparse_[{t.role, t.bias}] = &t;
  }
}

void Binder::check(const std::string& name, Problems& problems) {
  name_ = name;
  Problems own;
  problems_ = &own;
  Model scratch;
  walk(scratch);
  problems_ = nullptr;
  std::size_t listed = 0;
  for (const Problem& problem : own.all()) {
    if (++listed <= kMostProblems) problems.error(problem.place, problem.text, problem.remedy);
  }
  if (listed > kMostProblems) {
    problems.error({name_},
                   fmt::format("and {} more problems of this kind", listed - kMostProblems));
  }
}

std::vector<Binder::Need> Binder::needs() const {
  std::vector<Need> out;
  for (const auto& [name, found] : found_) out.push_back(found.need);
  // Sources list their tensors in one array, in the order in which reading is cheapest.
  std::sort(out.begin(), out.end(),
            [](const Need& a, const Need& b) { return std::less<>()(a.tensor, b.tensor); });
  return out;
}

void Binder::bind(const std::vector<weights::TensorPtr>& loaded, Model& model) {
  const std::vector<Need> list = needs();
  for (std::size_t i = 0; i < list.size(); ++i) found_[list[i].tensor->name].tensor = loaded[i];
  walk(model);
}

void Binder::problem(const std::string& text) {
  if (problems_) problems_->error({name_}, text);
}

const TensorTemplate* Binder::find_template(Role role, bool bias, bool sparse) const {
  for (const auto* list : {&outer_, sparse ? &sparse_ : &dense_}) {
    if (const auto found = list->find({role, bias}); found != list->end()) return found->second;
  }
  return nullptr;
}

const std::byte* Binder::take(const std::string& name, bool optional, const Shape& shape, Form form,
                              DType* dtype) {
  if (const auto known = found_.find(name); known != found_.end() && known->second.tensor) {
    *dtype = known->second.tensor->dtype();
    return known->second.tensor->bytes().data();
  }
  const weights::WeightInfo* info = source_.find(name);
  if (!info) {
    if (!optional) problem(fmt::format("tensor {} is missing", name));
  } else if (info->shape != shape) {
    problem(fmt::format("tensor {} has shape {}, but the config makes it {}", name,
                        shape_text(info->shape), shape_text(shape)));
  } else if (!weights::held_dtype(info->dtype, form)) {
    problem(
        fmt::format("tensor {} holds integers ({}), not weights", name, dtype_name(info->dtype)));
  } else {
    found_[name] = {{info, form}, nullptr};
  }
  return nullptr;
}

const float* Binder::vector(Role role, std::int64_t layer, std::int64_t size, bool bias) {
  const TensorTemplate* entry = find_template(role, bias, in_sparse_layer_);
  if (!entry) return nullptr;
  DType dtype;
  return reinterpret_cast<const float*>(
      take(arch::expand(entry->name, layer), entry->optional, {size}, Form::kFloats, &dtype));
}

Linear Binder::linear(const std::string& name, std::int64_t rows, std::int64_t columns) {
  Linear out;
  out.w.data = take(name, false, {rows, columns}, Form::kStored, &out.w.dtype);
  out.w.rows = static_cast<std::uint64_t>(rows);
  out.w.columns = static_cast<std::uint64_t>(columns);
  return out;
}

Linear Binder::linear(Role role, std::int64_t layer, std::int64_t rows, std::int64_t columns) {
  const TensorTemplate* entry = find_template(role, false, in_sparse_layer_);
  if (!entry) return {};
  Linear out = linear(arch::expand(entry->name, layer), rows, columns);
  out.bias = vector(role, layer, rows, true);
  return out;
}

void Binder::walk(Model& model) {
  in_sparse_layer_ = false;
  model.embedding_ = linear(Role::kEmbedding, 0, spec_.vocabulary, spec_.hidden).w;
  model.layers_.resize(spec_.layers.size());
  for (std::size_t i = 0; i < spec_.layers.size(); ++i) {
    Layer& layer = model.layers_[i];
    layer.spec = spec_.layers[i];
    in_sparse_layer_ = layer.spec.sparse;
    walk_attention(static_cast<std::int64_t>(i), layer);
    walk_feed_forward(static_cast<std::int64_t>(i), layer);
  }
  in_sparse_layer_ = false;
  model.final_norm_ = vector(Role::kFinalNorm, 0, spec_.hidden);
  walk_head(model);
}

void Binder::walk_attention(std::int64_t layer, Layer& to) {
  const std::int64_t queries = spec_.heads * spec_.head_dim, keys = spec_.kv_heads * spec_.head_dim;
  to.attention_norm = vector(Role::kAttentionNorm, layer, spec_.hidden);
  to.attention_post_norm = vector(Role::kAttentionPostNorm, layer, spec_.hidden);
  if (find_template(Role::kQueryKeyValue, false, in_sparse_layer_)) {
    const Linear whole = linear(Role::kQueryKeyValue, layer, queries + 2 * keys, spec_.hidden);
    const auto q = static_cast<std::uint64_t>(queries), k = static_cast<std::uint64_t>(keys);
    to.query = rows_of(whole, 0, q);
    to.key = rows_of(whole, q, k);
    to.value = rows_of(whole, q + k, k);
  } else {
    to.query = linear(Role::kQuery, layer, queries, spec_.hidden);
    to.key = linear(Role::kKey, layer, keys, spec_.hidden);
    to.value = linear(Role::kValue, layer, keys, spec_.hidden);
  }
  const bool whole_norm = spec_.query_key_norm == arch::QueryKeyNorm::kWhole;
  to.query_norm = vector(Role::kQueryNorm, layer, whole_norm ? queries : spec_.head_dim);
  to.key_norm = vector(Role::kKeyNorm, layer, whole_norm ? keys : spec_.head_dim);
  to.output = linear(Role::kOutput, layer, spec_.hidden, queries);
}

void Binder::walk_feed_forward(std::int64_t layer, Layer& to) {
  to.mlp_norm = vector(Role::kMlpNorm, layer, spec_.hidden);
  to.mlp_post_norm = vector(Role::kMlpPostNorm, layer, spec_.hidden);
  if (!to.spec.sparse) {
    if (find_template(Role::kGateUp, false, false)) {
      const Linear whole = linear(Role::kGateUp, layer, 2 * spec_.width, spec_.hidden);
      const auto width = static_cast<std::uint64_t>(spec_.width);
      to.mlp.gate = rows_of(whole, 0, width);
      to.mlp.up = rows_of(whole, width, width);
    } else {
      to.mlp.gate = linear(Role::kGate, layer, spec_.width, spec_.hidden);
      to.mlp.up = linear(Role::kUp, layer, spec_.width, spec_.hidden);
    }
    to.mlp.down = linear(Role::kDown, layer, spec_.hidden, spec_.width);
    return;
  }
  const arch::ExpertSpec& experts = spec_.experts;
  to.router = linear(Role::kRouter, layer, experts.count, spec_.hidden);
  to.experts.resize(static_cast<std::size_t>(experts.count));
  for (std::int64_t e = 0; e < experts.count; ++e) {
    to.experts[static_cast<std::size_t>(e)] = expert(layer, e);
  }
  if (experts.shared_width == 0) return;
  to.shared.gate = linear(Role::kSharedGate, layer, experts.shared_width, spec_.hidden);
  to.shared.up = linear(Role::kSharedUp, layer, experts.shared_width, spec_.hidden);
  to.shared.down = linear(Role::kSharedDown, layer, spec_.hidden, experts.shared_width);
  to.shared_router = linear(Role::kSharedRouter, layer, 1, spec_.hidden);
}

Mlp Binder::expert(std::int64_t layer, std::int64_t number) {
  Mlp out;
  for (const arch::ExpertTemplate& entry : architecture_.experts) {
    const std::string name = arch::expand(entry.name, layer, number);
    const std::int64_t width = spec_.experts.width;
    if (entry.role == Role::kGate) out.gate = linear(name, width, spec_.hidden);
    if (entry.role == Role::kUp) out.up = linear(name, width, spec_.hidden);
    if (entry.role == Role::kDown) out.down = linear(name, spec_.hidden, width);
  }
  return out;
}

/// As in transformers: with tie_word_embeddings a stored head is not used; where the config is
/// silent, a head that is not stored is the embedding.
void Binder::walk_head(Model& model) {
  const TensorTemplate* entry = find_template(Role::kHead, false, false);
  const bool stored = entry && source_.find(entry->name);
  const bool tied = spec_.tied_embeddings || (!stored && !spec_.tied_known);
  const Role role = entry && !tied ? Role::kHead : Role::kEmbedding;
  model.head_ = linear(role, 0, spec_.vocabulary, spec_.hidden);
}

}  // namespace mod::nn
