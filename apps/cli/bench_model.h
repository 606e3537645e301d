// What `mod bench decode` and `mod bench prefill` share: a mapped model, random tokens, and the
// machine's limits to be measured between the passes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "command.h"
#include "nn/model.h"
#include "nn/session.h"
#include "timing.h"

namespace mod::cli {

/// A folder or a recipe; it needs no tokenizer. Throws as bundle::Opener::open.
std::shared_ptr<const nn::Model> open_bench_model(const std::string& name, Invocation& run);

/// fp32 or bf16; Error(kInvalidInput) for other words.
DType parse_kv(const std::string& word);

/// The same ids for the same seed.
std::vector<nn::Token> random_tokens(const nn::Model& model, std::size_t n, std::uint64_t seed);

/// Seconds since the kernel started this process, to its clock tick (10 ms).
double seconds_since_process_start();

/// Read loops over a model's tensors and multiply-adds in registers, measured round by round.
class Limits {
 public:
  /// The largest tensors are read, until they have `most_bytes` together.
  Limits(const nn::Model& model, const Context& context,
         std::uint64_t most_bytes = std::numeric_limits<std::uint64_t>::max());
  void measure_reading();
  void measure_arithmetic();
  /// Medians; bytes a second of the best of three read loops (1, 4 and 8 streams).
  double read_rate() const;
  double flop_rate() const;

 private:
  const Context& context_;
  std::vector<std::span<const std::byte>> spans_;  // tensors, neighbours joined
  double bytes_ = 0, operations_ = 0;
  static constexpr std::array<int, 3> kStreams = {1, 4, 8};
  std::array<std::vector<double>, kStreams.size()> reading_;
  std::vector<double> arithmetic_;
};

}  // namespace mod::cli
