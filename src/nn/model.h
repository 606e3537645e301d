// A model that can run: its RunSpec and its weights, ready for the kernels. Made from any
// WeightSource; holds mapped weights where they are, and shares equal tensors with other models
// through a TensorStore. Never changes, so any number of sessions and threads may use it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "arch/run_spec.h"
#include "base/problems.h"
#include "checkpoint/model_folder.h"
#include "cpu/context.h"
#include "nn/matmul.h"
#include "nn/rope.h"
#include "weights/tensor_store.h"

namespace mod::nn {

/// y = W x + bias. Without data: a step that the model does not have.
struct Linear {
  Matrix w;
  const float* bias = nullptr;

  explicit operator bool() const { return w.data != nullptr; }
  /// The same tensors in memory.
  bool operator==(const Linear& other) const {
    return w.data == other.w.data && w.dtype == other.w.dtype && w.rows == other.w.rows &&
           w.columns == other.w.columns && bias == other.bias;
  }
};

/// down(activation(gate(x)) * up(x)).
struct Mlp {
  Linear gate, up, down;
};

/// Weights of norms are fp32; null: no such norm.
struct Layer {
  arch::LayerSpec spec;
  const float *attention_norm = nullptr, *attention_post_norm = nullptr;
  const float *mlp_norm = nullptr, *mlp_post_norm = nullptr;
  const float *query_norm = nullptr, *key_norm = nullptr;
  Linear query, key, value, output;
  Mlp mlp;  // of dense layers
  Linear router;
  std::vector<Mlp> experts;
  Mlp shared;
  Linear shared_router;
};

struct ModelOptions {
  std::string name = "the model";  // for messages
  std::size_t context = 0;         // most positions of a text; 0: RunSpec::usual_context
  /// Apply Gemma 2's soft cap of attention scores, as it was trained. transformers leaves it out by
  /// default (its fused attention has none), and what people compare with comes from there.
  bool cap_scores = false;
  std::uint64_t memory = 0;  // most bytes of weights; 0: 80 % of the available memory
  std::uint64_t held = 0;    // bytes of other models' weights, counted against `memory`
  std::function<void(std::uint64_t bytes)> loaded;  // progress, from any thread; may be empty
};

class Model {
 public:
  /// Checks all shapes before anything is read and throws one Error(kInvalidInput) with all that is
  /// missing or does not fit; Error(kOutOfMemory) with the numbers where the weights exceed
  /// `options.memory`. `spec` is made by arch::make_run_spec for `architecture`. `source` has the
  /// tensors under the names of `architecture`, and is kept as long as tensors are mapped from it.
  static std::shared_ptr<const Model> load(
      const arch::Architecture& architecture, arch::RunSpec spec,
      const std::shared_ptr<const weights::WeightSource>& source, weights::TensorStore& store,
      const ModelOptions& options, const Context& context);

  /// A model folder, mapped. Also throws as arch::make_run_spec, Error(kUnsupported) for an
  /// architecture without a definition and kInvalidInput without a config.json. Unused tensors are
  /// noted.
  static std::shared_ptr<const Model> open(const checkpoint::ModelFolder& folder,
                                           weights::TensorStore& store, const ModelOptions& options,
                                           const Context& context, Problems& notes);

  const arch::RunSpec& spec() const { return spec_; }
  const std::string& name() const { return name_; }
  /// Most positions of a text.
  std::size_t context() const { return context_; }
  /// Columns of the logits.
  std::size_t vocabulary() const { return static_cast<std::size_t>(spec_.vocabulary); }

  const Matrix& embedding() const { return embedding_; }
  const std::vector<Layer>& layers() const { return layers_; }
  const float* final_norm() const { return final_norm_; }
  const Linear& head() const { return head_; }
  /// By LayerSpec::rope.
  const std::vector<RopeFrequencies>& ropes() const { return ropes_; }

  /// Every tensor once; models share a tensor if they hold the same pointer.
  const std::vector<weights::TensorPtr>& tensors() const { return tensors_; }
  std::uint64_t weight_bytes() const;
  /// Bytes of weights that one token reads: all but the embedding (unless it is the head as well)
  /// and the experts that it is not sent to.
  std::uint64_t bytes_per_token() const;
  /// Parameters that multiply activations for one token, the head left out.
  std::uint64_t active_parameters() const;

 private:
  friend class Binder;
  Model() = default;

  arch::RunSpec spec_;
  std::string name_;
  std::size_t context_ = 0;
  Matrix embedding_;
  std::vector<Layer> layers_;
  const float* final_norm_ = nullptr;
  Linear head_;
  std::vector<RopeFrequencies> ropes_;
  std::vector<weights::TensorPtr> tensors_;
};

}  // namespace mod::nn
