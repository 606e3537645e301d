// One pass of some rows through all layers of one or more models of equal shape.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "cpu/context.h"
#include "cpu/nn_kernels.h"
#include "cpu/parallel.h"
#include "cpu/scratch.h"
#include "nn/session.h"

namespace mod::nn {

/// Rows of one text: tokens that are appended at its end. Lanes of one model stand together.
struct Lane {
  Session* session = nullptr;
  std::span<const Token> tokens;
  std::size_t position = 0;  // of the first token
};

/// Memory that grows and is not given back, so that a pass does not fault pages in again.
class Floats {
 public:
  float* reserve(std::size_t count);

 private:
  std::unique_ptr<cpu::Scratch> memory_;
  std::size_t size_ = 0;
};

/// Reused from pass to pass.
struct Workspace {
  Floats rows, experts, logits;
  std::vector<RopeAngles> angles;  // one a model
};

class Pass {
 public:
  /// True if rows of both models can go through the layers side by side.
  static bool fit_together(const Model& a, const Model& b);

  /// All are kept by reference. Sessions have room for the tokens.
  Pass(std::span<const Lane> lanes, Workspace& workspace, const Context& context,
       bool deterministic);

  /// Runs all layers; keys and values are in the sessions' caches afterwards, the sessions' lengths
  /// are not changed. Throws Error(kCancelled).
  void run();

  /// logits[i] of the row rows[i], in ascending order, all of the same model: lane rows count on
  /// from lane to lane. logits: [rows][vocabulary].
  void logits(std::span<const std::size_t> rows, float* logits);

 private:
  /// The rows of one model.
  struct Segment {
    const Model* model = nullptr;
    std::size_t row = 0, rows = 0;
    std::size_t number = 0;

    const arch::RunSpec& spec() const { return model->spec(); }
  };
  /// A matrix and the buffer of all rows that its results go to.
  struct Target {
    const Linear* linear = nullptr;
    float* out = nullptr;
  };
  using Targets = std::array<Target, 3>;  // unused ones are empty

  void embed();
  void attention(std::size_t layer);
  void rotate_and_store(std::size_t layer, const Segment& segment, std::size_t row);
  void attend(std::size_t layer);
  void feed_forward(std::size_t layer);
  /// A gated feed-forward block over rows that stand together.
  void gated(const Mlp& mlp, arch::Activation activation, const float* x, std::size_t rows,
             float* gate, float* up, float* out);
  void experts(const Layer& layer, const Segment& segment, const float* x, float* out);

  /// Runs targets(layer of the model) for the rows of each model, once for neighbours that share
  /// their matrices.
  template <class MakeTargets>
  void multiply(std::size_t layer, const float* x, const MakeTargets& targets);
  void multiply(const Targets& targets, const float* x, std::size_t row, std::size_t rows);
  /// x under a norm of the layer, or x itself where no model has it.
  const float* normed(std::size_t layer, const float* Layer::* norm);
  /// x += residual scale * post norm(block).
  void add_block(std::size_t layer, const float* Layer::* post_norm);
  void activate(arch::Activation activation, const float* gate, const float* up, float* out,
                std::size_t n) const;
  void norm(const arch::RunSpec& spec, const float* x, const float* weight, float* out,
            std::size_t n) const;
  /// work(first, last) for ranges of rows, on as many threads as `cost` floats a row are worth.
  template <class Work>
  void over_rows(std::size_t rows, std::size_t cost, const Work& work) const {
    cpu::parallel_for(threads_for(rows * cost), rows, 1, work);
  }
  int threads_for(std::size_t cost) const;

  std::span<const Lane> lanes_;
  Workspace& workspace_;
  const Context& context_;
  const cpu::NnKernels& kernels_;
  const bool deterministic_;
  std::vector<Segment> segments_;
  std::size_t rows_ = 0;
  std::vector<std::size_t> lane_of_row_, positions_;
  std::size_t hidden_, query_width_, key_width_, width_;  // floats of a row
  float *x_, *normed_, *query_, *key_, *value_, *attended_, *block_, *gate_, *up_;  // of all rows
};

}  // namespace mod::nn
