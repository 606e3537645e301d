// Checks of parameter values that several methods share. Each returns "" or one sentence that says
// what is wrong and what to do; the plan adds where.
#pragma once

#include <string>
#include <string_view>

#include "merge/method.h"

namespace mod::merge {

/// Finite numbers everywhere: weights and the given global and per-model parameters.
std::string check_finite(const TensorSpec& spec, std::initializer_list<std::string_view> globals,
                         std::initializer_list<std::string_view> per_model);

/// compute: bf16 is built for mod only.
std::string check_compute(const TensorSpec& spec);

/// The base has this tensor.
std::string check_base(const TensorSpec& spec);

/// Task-arithmetic family: base, finite numbers, density not negative.
std::string check_task_vectors(const TensorSpec& spec);

/// Sum and range rules of the L1 and 1/p rescales.
std::string check_rescale(const TensorSpec& spec);

/// "0.25" or "1e-09": a number in a message.
std::string number_text(double value);

}  // namespace mod::merge
