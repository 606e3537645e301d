// Architectures that have no definition are made from the names of the stored tensors and the
// config.
#pragma once

#include <span>

#include "arch/architecture.h"
#include "checkpoint/model_folder.h"

namespace mod::arch {

/// One architecture for all these models (at least one; the first is the donor, whose file order
/// the tensors get). The numbered list whose length is the donor's layer count becomes the layers;
/// other numbered lists are loose tensors. Tensors that some model lacks in some layer are
/// optional.
Architecture infer_architecture(std::span<const checkpoint::ModelFolder* const> models);

/// "layers model.layers.{L}. (24), 12 tensors each; 3 loose tensors": for a note in the plan.
std::string describe_inferred(const Architecture& architecture, std::int64_t layers);

}  // namespace mod::arch
