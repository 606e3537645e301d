// Gives the tensors of a source to the steps of a model. The same walk over all steps runs twice:
// first to check names and shapes and to list what must be loaded, then to fill the model in.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "nn/model.h"

namespace mod::nn {

class Binder {
 public:
  struct Need {
    const weights::WeightInfo* tensor;
    weights::Form form;
  };

  /// All are kept by reference.
  Binder(const arch::Architecture& architecture, const arch::RunSpec& spec,
         const weights::WeightSource& source);

  /// Finds every tensor and compares its shape. Problems are errors at `name`.
  void check(const std::string& name, Problems& problems);
  /// What check found, each tensor once, in the order of the source.
  std::vector<Need> needs() const;

  /// Fills the model; `loaded` belongs to needs().
  void bind(const std::vector<weights::TensorPtr>& loaded, Model& model);

 private:
  using Shape = std::vector<std::int64_t>;
  struct Found {
    Need need;
    weights::TensorPtr tensor;
  };

  void walk(Model& model);
  void walk_attention(std::int64_t layer, Layer& to);
  void walk_feed_forward(std::int64_t layer, Layer& to);
  void walk_head(Model& model);

  const arch::TensorTemplate* find_template(arch::Role role, bool bias, bool sparse) const;
  /// The bytes of a tensor, or null: absent, wrong (a problem), or not loaded yet.
  const std::byte* take(const std::string& name, bool optional, const Shape& shape,
                        weights::Form form, DType* dtype);
  const float* vector(arch::Role role, std::int64_t layer, std::int64_t size, bool bias = false);
  Linear linear(arch::Role role, std::int64_t layer, std::int64_t rows, std::int64_t columns);
  Linear linear(const std::string& name, std::int64_t rows, std::int64_t columns);
  Mlp expert(std::int64_t layer, std::int64_t number);
  void problem(const std::string& text);

  const arch::Architecture& architecture_;
  const arch::RunSpec& spec_;
  const weights::WeightSource& source_;
  std::map<std::pair<arch::Role, bool>, const arch::TensorTemplate*> outer_, dense_, sparse_;
  bool in_sparse_layer_ = false;
  std::unordered_map<std::string, Found> found_;
  std::string name_;
  Problems* problems_ = nullptr;  // while checking
};

}  // namespace mod::nn
