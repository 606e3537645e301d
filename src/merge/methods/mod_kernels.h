// The three ways of mod to choose the expert of an element.
#pragma once

#include <memory>
#include <vector>

#include "merge/method.h"

namespace mod::merge {

/// By the value of expert 0, scaled to [0, 1] by its extremes: the published rule and its extension
/// to more than two experts.
std::unique_ptr<Kernel> make_mod_reference(const TensorSpec& spec,
                                           const std::vector<double>& weights,
                                           const cpu::Kernels& kernels);
/// By a draw for each element.
std::unique_ptr<Kernel> make_mod_random(const TensorSpec& spec, const std::vector<double>& weights);
/// By the rank of expert 0's value in its tensor.
std::unique_ptr<Kernel> make_mod_rank(const TensorSpec& spec, const std::vector<double>& weights);

}  // namespace mod::merge
