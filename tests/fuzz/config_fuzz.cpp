// Any bytes as a config.json (and as the generation_config.json beside it): every architecture
// makes numbers in range of it, or an Error says why not.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "arch/architecture.h"
#include "arch/rope.h"
#include "arch/run_spec.h"
#include "bundle/generation_settings.h"
#include "checkpoint/model_folder.h"
#include "mod/error.h"

namespace {

using namespace mod::arch;

void require(bool holds) {
  if (!holds) std::abort();
}

/// What running takes for granted.
void check(const RunSpec& spec) {
  require(spec.hidden > 0 && spec.width > 0 && spec.vocabulary > 0 && spec.context > 0);
  require(spec.heads > 0 && spec.kv_heads > 0 && spec.heads % spec.kv_heads == 0);
  require(spec.head_dim > 0 && !spec.layers.empty() && !spec.ropes.empty());
  require(std::isfinite(spec.attention_scale) && std::isfinite(spec.logit_scale));
  require(std::isfinite(spec.embedding_scale) && std::isfinite(spec.residual_scale));
  require(spec.experts.used <= spec.experts.count);
  for (const LayerSpec& layer : spec.layers) {
    require(layer.window >= 0 && layer.rope >= 0);
    require(static_cast<std::size_t>(layer.rope) < spec.ropes.size());
  }
  for (const RopeSpec& rope : spec.ropes) {
    require(rope.dims >= 0 && rope.dims % 2 == 0 && rope.dims <= spec.head_dim);
  }
}

void look_up_everything(const Architecture& architecture, const Json& config) {
  (void)expert_count(architecture, config);
  (void)tied_embeddings(config);
  (void)config_int(config, architecture.layers_key);
  for (const std::int64_t layer : {0, 1, 100}) (void)is_sparse_layer(architecture, config, layer);
}

template <class Read>
void try_to(Read read) {
  try {
    read();
  } catch (const mod::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Json config;
  try {
    config = mod::checkpoint::parse_json(text, "input");
  } catch (const mod::Error&) {
    return 0;
  }
  try_to([&] { (void)architecture_of(config, "input"); });
  for (const Architecture& architecture : architectures()) {
    look_up_everything(architecture, config);
    try_to([&] { check(make_run_spec(architecture, config, "input")); });
  }
  try_to([&] { (void)mod::bundle::parse_generation_settings(&config, "input", config, "input"); });
  try_to([&] { (void)mod::bundle::parse_generation_settings(nullptr, "", config, "input"); });
  return 0;
}
