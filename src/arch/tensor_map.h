// The tensors of one opened model under the names of its architecture: aliases resolved, fused
// experts shown as one tensor an expert (a run of rows of the fused one), everything else listed as
// unknown.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "arch/architecture.h"
#include "checkpoint/model_folder.h"

namespace mod::arch {

class TensorMap {
 public:
  /// `label` and `place` name the model in problems. Errors: a layer or expert count that the
  /// weights cannot have, incomplete expert groups, fused experts of the wrong shape. Missing
  /// tensors are no problem here. Keeps references to nothing but the architecture.
  TensorMap(const Architecture& architecture, const checkpoint::ModelFolder& model,
            const std::string& label, const Place& place, Problems& problems);

  /// The tensor with this canonical name (aliases and fused experts included); null if the model
  /// does not store it. A tied tensor is not found: ask for the one it is tied to.
  const checkpoint::TensorInfo* find(std::string_view canonical) const;

  /// Every tensor that `find` finds, by its canonical name.
  const std::unordered_map<std::string, checkpoint::TensorInfo>& all() const { return by_name_; }

  std::int64_t layers() const { return layers_; }
  int experts() const { return experts_; }
  bool is_sparse(std::int64_t layer) const { return sparse_[static_cast<std::size_t>(layer)]; }
  /// Stored tensors that the architecture does not name, in file order; and those that readers
  /// compute themselves.
  const std::vector<checkpoint::TensorInfo>& unknown() const { return unknown_; }
  const std::vector<std::string>& recomputed() const { return recomputed_; }

 private:
  struct Build;  // what construction needs and later use does not

  void count(Build& build);
  void claim(Build& build, const TensorTemplate& entry, std::int64_t layer);
  void claim_experts(Build& build, std::int64_t layer);
  bool claim_fused(Build& build, const ExpertTemplate& entry, std::int64_t layer);

  const Architecture& architecture_;
  std::int64_t layers_ = 0;
  int experts_ = 0;
  std::vector<bool> sparse_;
  std::unordered_map<std::string, checkpoint::TensorInfo> by_name_;
  std::vector<checkpoint::TensorInfo> unknown_;
  std::vector<std::string> recomputed_;
};

/// The number N of the first "N" component of a dotted name; -1 if it has none. Digits are limited
/// so that the number fits.
std::int64_t first_index(std::string_view name);

}  // namespace mod::arch
