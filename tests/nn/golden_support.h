// Models of tests/data and examples, opened, and tensors of golden files.
#pragma once

#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "checkpoint/checkpoint.h"
#include "cpu/nn_kernels.h"
#include "mod/error.h"
#include "nn/runner.h"

namespace mod::nn::testing {

inline Context test_context(int threads = 2) {
  static Log log(LogLevel::kError);
  Context context;
  context.threads = threads;
  context.log = &log;
  return context;
}

inline std::filesystem::path tiny_path(const std::string& name) {
  return std::filesystem::path(MOD_SOURCE_DIR) / "tests/data/tiny" / name;
}

inline std::shared_ptr<const Model> open_model(const std::filesystem::path& path,
                                               ModelOptions options = {}) {
  Problems notes;
  weights::TensorStore store;
  options.name = path.filename().string();
  return Model::open(checkpoint::open_model(path, notes), store, options, test_context(), notes);
}

inline std::shared_ptr<const Model> open_tiny(const std::string& name, ModelOptions options = {}) {
  return open_model(tiny_path(name), std::move(options));
}

/// One tensor of 4-byte elements.
template <class T>
std::vector<T> read_tensor(const std::filesystem::path& file, const std::string& name) {
  Problems notes;
  const auto checkpoint = checkpoint::Checkpoint::open(file, notes);
  const checkpoint::TensorInfo* info = checkpoint->find(name);
  if (!info) throw Error(ErrorCode::kInternal, file.string() + " has no " + name);
  std::vector<T> out(info->elements);
  checkpoint->read(*info, 0, std::as_writable_bytes(std::span(out)));
  return out;
}

/// All rows of logits of these tokens, appended to `session`.
inline std::vector<float> all_logits(Runner& runner, Session& session,
                                     std::span<const Token> tokens) {
  std::vector<float> out;
  const Input input{&session, tokens, Logits::kAll};
  runner.run({&input, 1}, [&](const LogitsBlock& block) {
    out.insert(out.end(), block.data, block.data + block.rows * block.vocabulary);
  });
  return out;
}

inline Token best_of(std::span<const float> logits) {
  const auto& kernels = cpu::nn_kernels(cpu::choose_isa());
  return static_cast<Token>(kernels.vector.argmax(logits.data(), logits.size()));
}

/// `count` tokens, each the most probable one.
inline std::vector<Token> greedy(Runner& runner, Session& session, std::span<const Token> prompt,
                                 std::size_t count) {
  std::vector<Token> out = {best_of(runner.append(session, prompt))};
  while (out.size() < count) {
    const Token last = out.back();
    out.push_back(best_of(runner.append(session, {&last, 1})));
  }
  return out;
}

/// Largest difference divided by the largest expected value.
inline double relative_difference(std::span<const float> got, std::span<const float> expected) {
  if (got.size() != expected.size()) return INFINITY;
  double difference = 0, largest = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double d = std::fabs(static_cast<double>(got[i]) - static_cast<double>(expected[i]));
    if (!(d <= difference)) difference = d;
    largest = std::max(largest, std::fabs(static_cast<double>(expected[i])));
  }
  return difference / largest;
}

}  // namespace mod::nn::testing
