// A recipe that is run instead of written: its plan.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bundle/model_argument.h"
#include "cpu/context.h"
#include "merge/plan.h"

namespace mod::bundle {

/// Bytes that a merge in memory may take beside the tensors that it makes.
inline constexpr std::uint64_t kMergeMemory = std::uint64_t{512} << 20;

/// `set`: KEY=VALUE overrides. Warnings and notes are logged; throws one Error(kInvalidInput) with
/// all that is wrong with the recipe and its models.
merge::Plan plan_recipe(const ModelArgument& argument, const std::vector<std::string>& set,
                        const Context& context);

}  // namespace mod::bundle
