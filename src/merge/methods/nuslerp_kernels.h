// The three ways of nuslerp to cut a tensor into vectors: all of it, rows of the last axis, columns
// of the first.
#pragma once

#include <memory>

#include "merge/method.h"

namespace mod::merge {

struct NuslerpInputs {
  std::size_t first = 0, second = 1;
  int base = -1;  // interpolated are the differences from it, if any
  double t = 0.5;
  std::vector<std::size_t> weighted;  // inputs with a weight other than 0
};

std::unique_ptr<Kernel> make_nuslerp_whole(const NuslerpInputs& inputs);
std::unique_ptr<Kernel> make_nuslerp_rows(const NuslerpInputs& inputs, std::uint64_t length);
/// `columns` vectors, neighbours in one row of the matrix.
std::unique_ptr<Kernel> make_nuslerp_columns(const NuslerpInputs& inputs, std::uint64_t columns,
                                             std::uint64_t elements);

}  // namespace mod::merge
