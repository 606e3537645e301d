// Differences between the configs of the models, and what each of them means for a merge.
#include "merge/checks.h"

#include <fmt/format.h>

#include <map>

#include "arch/rope.h"
#include "base/text.h"
#include "merge/plan_builder.h"

namespace mod::merge::planning {
namespace {

using checkpoint::Json;

enum class Weight { kBreaks, kConstant };

/// A number or word of the config that inputs should share. Alternative spellings are tried in
/// order.
struct SharedKey {
  std::initializer_list<const char*> keys;
  Weight weight;
  const char* meaning;
};

const SharedKey kShared[] = {
    {{"hidden_size", "n_embd", "d_model"}, Weight::kBreaks, "the tensors have different sizes"},
    {{"intermediate_size", "n_inner"},
     Weight::kBreaks,
     "the feed-forward tensors have different sizes"},
    {{"moe_intermediate_size"}, Weight::kBreaks, "the expert tensors have different sizes"},
    {{"num_attention_heads", "n_head"},
     Weight::kBreaks,
     "rows of the attention tensors belong to different heads"},
    {{"num_key_value_heads"},
     Weight::kBreaks,
     "keys and values are shared by different groups of heads"},
    {{"head_dim"}, Weight::kBreaks, "rows of the attention tensors belong to different heads"},
    {{"hidden_act", "hidden_activation", "activation_function"},
     Weight::kBreaks,
     "the feed-forward weights were trained for different functions"},
    {{"rms_norm_eps", "layer_norm_eps", "layer_norm_epsilon"},
     Weight::kConstant,
     "norms are computed slightly differently"},
    {{"max_position_embeddings", "n_positions"},
     Weight::kConstant,
     "the models were trained for different lengths"},
    {{"sliding_window"}, Weight::kConstant, "attention reaches differently far back"},
    {{"layer_types"}, Weight::kConstant, "different layers have a sliding window"},
    {{"num_experts_per_tok"}, Weight::kConstant, "a token visits different numbers of experts"},
    {{"norm_topk_prob"}, Weight::kConstant, "router weights are normalised differently"},
    {{"query_pre_attn_scalar"}, Weight::kConstant, "attention scores are scaled differently"},
    {{"attn_logit_softcapping"}, Weight::kConstant, "attention scores are capped differently"},
    {{"final_logit_softcapping"}, Weight::kConstant, "logits are capped differently"},
    {{"attention_multiplier"}, Weight::kConstant, "attention scores are scaled differently"},
    {{"embedding_multiplier"}, Weight::kConstant, "embeddings are scaled differently"},
    {{"residual_multiplier"}, Weight::kConstant, "blocks are scaled differently"},
    {{"logits_scaling"}, Weight::kConstant, "logits are scaled differently"},
};

const Json* shared_value(const Json& config, const SharedKey& key) {
  for (const char* name : key.keys) {
    if (const Json* value = arch::find_key(config, name)) return value;
    if (const Json* value = arch::find_key(config, std::string("text_config.") + name))
      return value;
  }
  return nullptr;
}

bool equal_values(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number()) return a.get<double>() == b.get<double>();
  return a == b;
}

void compare_shared(Builder& b, int donor, int other) {
  for (const SharedKey& key : kShared) {
    const Json* ours = shared_value(b.config(donor), key);
    const Json* theirs = shared_value(b.config(other), key);
    if (!ours || !theirs || equal_values(*ours, *theirs)) continue;
    const bool list = ours->is_array();
    const std::string text =
        list ? fmt::format("{} differs between {} and {}: {}", *key.keys.begin(), b.label(donor),
                           b.label(other), key.meaning)
             : fmt::format("{} differs: {} in {}, {} in {}: {}", *key.keys.begin(), ours->dump(),
                           b.label(donor), theirs->dump(), b.label(other), key.meaning);
    if (key.weight == Weight::kBreaks && !b.options.allow_crimes) {
      b.problems.error(b.place(other), text, "merge models of the same sizes and functions");
    } else {
      b.problems.warn(b.place(other), text,
                      fmt::format("the output gets the value of {}", b.label(donor)));
    }
  }
}

void compare_rope(Builder& b, int donor, int other) {
  const auto ours = arch::rope_settings(b.config(donor));
  const auto theirs = arch::rope_settings(b.config(other));
  if (ours == theirs) return;
  const bool hidden = b.plan.method->name == "mod";
  b.problems.warn(
      b.place(other),
      fmt::format("rotary positions differ: {} has {}; {} has {}: attention weights trained under "
                  "different rotations do not average{}",
                  b.label(donor), arch::rope_text(ours), b.label(other), arch::rope_text(theirs),
                  hidden ? " (mod leaves attention alone, which hides the mismatch)" : ""),
      fmt::format("the output gets the setting of {}; expect damage at long distances",
                  b.label(donor)));
}

std::string cropping(const Builder& b) {
  const MethodInfo& method = *b.plan.method;
  if (method.matches) return fmt::format("the embedding of {} is copied", b.label(b.plan.donor));
  switch (method.shapes) {
    case ShapeRule::kCropToSmallest:
      return "embeddings are cropped to the smallest of the inputs";
    case ShapeRule::kCropToBase:
      return "embeddings are cropped to the base's rows; smaller ones fail";
    case ShapeRule::kExact:
      break;
  }
  return fmt::format("{} cannot combine embeddings of different sizes", method.name);
}

std::optional<std::int64_t> embedding_rows(const Builder& b, int model) {
  const arch::TensorMap& map = b.maps[static_cast<std::size_t>(model)];
  for (const arch::TensorTemplate& t : b.architecture->before) {
    if (!t.embedding) continue;
    const checkpoint::TensorInfo* stored = map.find(t.name);
    if (stored && stored->shape.size() == 2) return stored->shape[0];
  }
  return arch::config_int(b.config(model), b.architecture->vocab_key);
}

void compare_vocabulary(Builder& b, int donor, int other) {
  const auto ours = embedding_rows(b, donor), theirs = embedding_rows(b, other);
  if (!ours || !theirs || *ours == *theirs) return;
  b.problems.warn(b.place(other),
                  fmt::format("vocabularies differ: {} has {} embedding rows, {} has {}: {}",
                              b.label(donor), *ours, b.label(other), *theirs, cropping(b)),
                  "rows are matched by number, not by token; mixing vocabularies by token needs a "
                  "tokenizer: key, which is not supported yet");
}

void compare_ties(Builder& b, int donor, int other) {
  const auto ours = arch::tied_embeddings(b.config(donor));
  const auto theirs = arch::tied_embeddings(b.config(other));
  if (!ours || !theirs || *ours == *theirs) return;
  b.problems.warn(b.place(other),
                  fmt::format("tie_word_embeddings is {} in {} and {} in {}: {}", *ours,
                              b.label(donor), *theirs, b.label(other),
                              *ours ? "no output head is written"
                                    : "the embedding of the tied model stands in for its head"));
}

void note_dtypes(Builder& b) {
  std::map<DType, std::string> models;
  for (const PlanModel& model : b.plan.models) {
    std::map<DType, std::uint64_t> bytes;
    for (const checkpoint::TensorInfo& t : model.folder.weights->tensors())
      bytes[t.dtype] += t.bytes;
    DType most = DType::F32;
    std::uint64_t size = 0;
    for (const auto& [dtype, n] : bytes) {
      if (n >= size) most = dtype;
      size = std::max(size, n);
    }
    std::string& names = models[most];
    if (!names.empty()) names += ", ";
    names += model.label;
  }
  if (models.size() < 2) return;
  std::string text = "the inputs have different dtypes:";
  for (const auto& [dtype, names] : models)
    text += fmt::format(" {} ({})", dtype_torch_name(dtype), names);
  b.problems.note(b.recipe_place(), text, "set out_dtype: to choose the type of the output");
}

}  // namespace

void check_models(Builder& b) {
  const int donor = b.plan.donor;
  for (int i = 0; i < static_cast<int>(b.plan.models.size()); ++i) {
    if (i == donor) continue;
    compare_shared(b, donor, i);
    compare_rope(b, donor, i);
    compare_vocabulary(b, donor, i);
    compare_ties(b, donor, i);
    compare_tokenizers(b.plan, donor, i, b.problems);
  }
  note_dtypes(b);
}

}  // namespace mod::merge::planning
