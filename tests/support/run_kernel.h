// Runs a merge kernel on arrays the way the executor does: passes, blocks, chunks, threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cpu/kernels.h"
#include "merge/method.h"

namespace mod::test {

using Tensor = std::vector<float>;

struct RunOptions {
  std::uint64_t chunk = 2048;     // elements, rounded to whole units
  std::uint64_t tile_blocks = 2;  // blocks that a thread takes at a time
  int threads = 1;
  cpu::Isa isa = cpu::Isa::kScalar;
};

struct RunResult {
  Tensor out;
  std::vector<std::uint64_t> taken;
  std::map<std::string, double> facts;
  int passes = 0;  // reading passes before combine

  double fact(const std::string& name) const {
    const auto it = facts.find(name);
    return it == facts.end() ? -1e300 : it->second;
  }
};

/// Walks the blocks that a pass visits with `threads` threads; work(chunk, thread) for every chunk.
template <class Work>
void walk_blocks(const merge::Kernel& kernel, std::uint64_t elements,
                 const std::vector<Tensor>& inputs, const RunOptions& options,
                 const merge::Visit& visit, bool all_inputs, Work&& work) {
  const std::uint64_t unit = kernel.unit(), block = merge::block_elements(unit);
  const std::uint64_t blocks = (elements + block - 1) / block;
  const std::uint64_t chunk = options.chunk >= unit ? options.chunk / unit * unit : unit;
  std::atomic<std::uint64_t> next{0};
  const std::uint64_t tile = visit.stride == 1 ? options.tile_blocks : 1;
  const auto run = [&](int thread) {
    merge::Scratch scratch;
    std::vector<const float*> pointers(inputs.size());
    for (;;) {
      const std::uint64_t at = next.fetch_add(tile);
      for (std::uint64_t t = at; t < at + tile; ++t) {
        const std::uint64_t number = visit.first + t * visit.stride;
        if (number >= blocks) return;
        const std::uint64_t end =
            std::min(elements, number * block + std::min(block, visit.elements));
        for (std::uint64_t first = number * block; first < end; first += chunk) {
          merge::Chunk c;
          c.first = first;
          c.count = std::min(chunk, end - first);
          for (std::size_t i = 0; i < inputs.size(); ++i) {
            const bool read = all_inputs || kernel.reads_input(static_cast<int>(i));
            pointers[i] = read ? inputs[i].data() + first : nullptr;
          }
          c.inputs = pointers;
          c.block = number;
          c.kernels = &cpu::kernels(options.isa);
          scratch.reset();
          c.scratch = &scratch;
          work(c, thread);
        }
      }
    }
  };
  std::vector<std::jthread> threads;
  for (int t = 1; t < options.threads; ++t) threads.emplace_back(run, t);
  run(0);
}

inline RunResult run_kernel(merge::Kernel& kernel, const std::vector<Tensor>& inputs,
                            const RunOptions& options = {}) {
  const std::uint64_t elements = inputs[0].size();
  const std::uint64_t block = merge::block_elements(kernel.unit());
  RunResult result;
  while (kernel.wants_pass()) {
    ++result.passes;
    kernel.begin_pass((elements + block - 1) / block);
    walk_blocks(kernel, elements, inputs, options, kernel.visit(), false,
                [&](const merge::Chunk& c, int) { kernel.accumulate(c); });
    kernel.end_pass();
  }
  result.out.assign(elements, -12345.0f);
  result.taken.assign(inputs.size(), 0);
  std::mutex mutex;
  walk_blocks(kernel, elements, inputs, options, {}, true, [&](const merge::Chunk& c, int) {
    std::vector<std::uint64_t> taken(inputs.size(), 0);
    kernel.combine(c, result.out.data() + c.first, taken);
    std::lock_guard lock(mutex);
    for (std::size_t i = 0; i < taken.size(); ++i) result.taken[i] += taken[i];
  });
  for (const auto& [name, value] : kernel.facts()) result.facts[name] = value;
  return result;
}

/// Parameters of a test case: {"t", 0.5} for all inputs and {"weight", {0.6, 0.4}} for the models
/// in order, the base left out.
struct Case {
  std::string method;
  std::vector<Tensor> inputs;
  int base = -1;
  std::map<std::string, double> globals = {};
  std::map<std::string, std::vector<double>> per_model = {};
  std::map<std::string, std::vector<std::string>> strings = {};
  std::vector<std::int64_t> shape = {};  // empty: one axis
  std::uint64_t seed = 0;
  std::string name = "model.layers.0.mlp.down_proj.weight";
  merge::Compute compute = merge::Compute::kFp32;
};

/// The specification that the plan would make: written values, else the method's defaults.
inline merge::TensorSpec spec_of(const Case& c) {
  const merge::MethodInfo* info = merge::find_method(c.method);
  merge::TensorSpec spec;
  spec.name = c.name;
  spec.elements = c.inputs[0].size();
  spec.shape = c.shape;
  if (spec.shape.empty()) spec.shape = {static_cast<std::int64_t>(spec.elements)};
  spec.inputs = static_cast<int>(c.inputs.size());
  spec.base = c.base;
  spec.seed = c.seed;
  spec.compute = c.compute;
  for (const merge::ParamSpec& param : info->params) {
    const std::string name(param.name);
    if (param.type == merge::ParamType::kString || param.type == merge::ParamType::kStringList) {
      spec.params.set_strings(param.name, {std::string(param.string)});
    } else if (!param.per_model) {
      if (param.has_default) spec.params.set(param.name, param.number);
    } else {
      std::size_t model = 0;
      for (int i = 0; i < spec.inputs; ++i) {
        if (i == spec.base) continue;
        const auto it = c.per_model.find(name);
        if (it != c.per_model.end()) {
          spec.params.set(param.name, i, it->second[std::min(model, it->second.size() - 1)]);
        } else if (param.has_default && !param.required) {
          spec.params.set(param.name, i, param.number);
        }
        ++model;
      }
    }
  }
  for (const auto& [name, value] : c.globals) spec.params.set(name, value);
  for (const auto& [name, values] : c.strings) spec.params.set_strings(name, values);
  return spec;
}

inline RunResult run_method(const Case& c, const RunOptions& options = {}) {
  const merge::TensorSpec spec = spec_of(c);
  const auto kernel = merge::find_method(c.method)->make(spec, cpu::kernels(options.isa));
  return run_kernel(*kernel, c.inputs, options);
}

}  // namespace mod::test
