// The merge kernels of one instruction set: see cpu/kernels_impl.h for the rules.
#pragma once

#include "cpu/merge_delta_impl.h"
#include "cpu/merge_flags_impl.h"
#include "cpu/merge_kernels.h"
#include "cpu/merge_order_impl.h"
#include "cpu/merge_rank_impl.h"
#include "cpu/merge_vector_impl.h"

namespace mod::cpu::MOD_KERNEL_NAMESPACE {
namespace {

constexpr MergeKernels make_merge_kernels() {
  return {
      .scale = scale,
      .add_scaled = add_scaled,
      .blend = blend,
      .delta = delta,
      .delta_between = delta_between,
      .delta_flagged = delta_flagged,
      .delta_packed = delta_packed,
      .add_deltas = add_deltas,
      .add_elected = add_elected,
      .magnitude_keys = magnitude_keys,
      .value_keys = value_keys,
      .scan_magnitudes = scan_magnitudes,
      .scan_values = scan_values,
      .flag_drawn = flag_drawn,
      .count_flags = count_flags,
      .pack_flags = pack_flags,
      .unpack_flags = unpack_flags,
      .flagged_norms = flagged_norms,
      .largest_delta = largest_delta,
      .magnitude_bins = magnitude_bins,
      .rank_estimates = rank_estimates,
      .magnitude_ranks = magnitude_ranks,
      .gram = gram,
      .choose_at_most = choose_at_most,
      .choose_drawn = choose_drawn,
      .choose_before = choose_before,
  };
}

}  // namespace
}  // namespace mod::cpu::MOD_KERNEL_NAMESPACE
