// What a merge method is: a table entry that drives recipe checking, `mod plan`, `--help` and the
// docs, and a kernel made for each output tensor. A new method is one new file in methods/ and one
// line in methods/registry.cpp.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cpu/context.h"
#include "merge/recipe.h"
#include "mod/dtype.h"

namespace mod::merge {

enum class ParamType { kNumber, kBool, kString, kStringList };

struct ParamSpec {
  std::string_view name;
  ParamType type = ParamType::kNumber;
  bool per_model = false;        // looked up per input (by its own tensor name), else per output
  bool required = false;         // a required per-model parameter is not required for the base
  double number = 0;             // default of kNumber and kBool
  std::string_view string = {};  // default of kString and kStringList
  std::string_view help = {};
  bool has_default = true;  // false: absent unless written (scale)
};

enum class BaseRole {
  kDonor,     // no part in the arithmetic: linear, passthrough, mod
  kOptional,  // nuslerp
  kRequired,  // the base is one of the inputs
};

/// What happens to inputs of unequal shape (docs/methods.md, "Unequal shapes").
enum class ShapeRule {
  kCropToSmallest,  // embeddings: all to the smallest rows and columns; else error
  kCropToBase,  // embeddings: to the base's shape; elsewhere the model is skipped, with a warning
  kExact,
};

/// Values of a method's parameters for one output tensor. Absent = the parameter has no value here.
class ParamSet {
 public:
  double number(std::string_view name) const;             // global; throws kInternal if absent
  double number(std::string_view name, int input) const;  // per model
  std::optional<double> find(std::string_view name) const;
  std::optional<double> find(std::string_view name, int input) const;
  bool flag(std::string_view name) const { return number(name) != 0; }
  const std::string& string(std::string_view name) const;
  const std::vector<std::string>& strings(std::string_view name) const;

  void set(std::string_view name, double value);
  void set(std::string_view name, int input, double value);
  void set_strings(std::string_view name, std::vector<std::string> values);

 private:
  std::map<std::string, double, std::less<>> global_;
  std::map<std::string, std::map<int, double>, std::less<>> per_model_;
  std::map<std::string, std::vector<std::string>, std::less<>> strings_;
};

/// One output tensor as its kernel sees it.
struct TensorSpec {
  std::string name;                 // of the output: keys the random streams
  std::vector<std::int64_t> shape;  // after cropping
  std::uint64_t elements = 0;
  int inputs = 0;  // in recipe order; the base is one of them or absent
  int base = -1;   // its index, or -1
  std::uint64_t seed = 0;
  Compute compute = Compute::kFp32;
  DType output = DType::F32;  // what the result of combine() is rounded to
  ParamSet params;

  /// Position of input i among the task vectors (base not counted): the random stream.
  int stream(int input) const { return base >= 0 && input > base ? input - 1 : input; }
};

/// Per-thread memory for a kernel: float arrays that live for one chunk. reset() before each chunk.
class Scratch {
 public:
  float* floats(std::size_t n);
  std::uint32_t* words(std::size_t n);
  std::uint8_t* bytes(std::size_t n);
  void reset() { used_ = 0; }

 private:
  void* take(std::size_t bytes);
  std::vector<std::vector<std::byte>> slabs_;
  std::size_t used_ = 0;
};

/// A run of consecutive elements of the output tensor with all its inputs widened to fp32.
struct Chunk {
  std::uint64_t first = 0;  // element index in the output tensor
  std::size_t count = 0;
  std::span<const float* const> inputs;  // [TensorSpec::inputs] pointers to `count` floats
  std::uint64_t block = 0;               // number of the block that this chunk belongs to
  const cpu::Kernels* kernels = nullptr;
  Scratch* scratch = nullptr;
};

/// The part of a tensor that a pass reads: up to `elements` from the start of every `stride`-th
/// block (a sample, for kernels of unit 1), from block `first` on.
struct Visit {
  std::uint64_t first = 0, stride = 1;
  std::uint64_t elements = ~std::uint64_t{0};

  bool operator==(const Visit&) const = default;
};

/// The arithmetic for one output tensor. The executor calls:
///   while (wants_pass()) { begin_pass(blocks); accumulate(every chunk); end_pass(); }
///   combine(every chunk)
/// Blocks have a fixed number of elements that depends only on the shape and unit(), so partial
/// results kept per block and added in block order do not depend on threads, tiles or memory.
/// Chunks of one block come in order from one thread; different blocks come from different threads
/// at the same time.
class Kernel {
 public:
  virtual ~Kernel() = default;

  /// Elements that must stay together in a chunk (rows for DELLA); divides elements.
  virtual std::uint64_t unit() const { return 1; }
  virtual bool wants_pass() const { return false; }
  /// False: this input is not read in the coming pass (its pointer is null).
  virtual bool reads_input(int /*input*/) const { return true; }
  /// What the coming pass reads.
  virtual Visit visit() const { return {}; }
  virtual void begin_pass(std::uint64_t /*blocks*/) {}
  virtual void accumulate(const Chunk& /*chunk*/) {}
  virtual void end_pass() {}
  /// The work is stopped (error, Ctrl-C): wake any thread that waits inside accumulate().
  /// Thread-safe.
  virtual void abort() {}

  /// out[count] in fp32, rounded by the executor. taken[i] += elements to which input i
  /// contributed.
  virtual void combine(const Chunk& chunk, float* out, std::span<std::uint64_t> taken) const = 0;

  /// Named facts for the report ("cosine", "share", "linear branch"), valid after the last pass.
  virtual std::vector<std::pair<std::string, double>> facts() const { return {}; }
  /// Bytes that this kernel keeps beyond scratch (candidates, masks, partials): an upper bound.
  virtual std::uint64_t state_bytes() const { return 0; }
};

struct MethodInfo {
  std::string_view name;     // "ties"
  std::string_view title;    // one line
  std::string_view paper;    // "arXiv 2306.01708" or ""
  std::string_view formula;  // one line of plain text
  std::span<const ParamSpec> params;
  int min_models = 1, max_models = -1;  // inputs without the base; -1 = any number
  BaseRole base = BaseRole::kDonor;
  ShapeRule shapes = ShapeRule::kExact;
  std::string_view reads;  // for `mod plan`: "once", "twice (threshold)"
  int passes = 1;  // reading passes including combine, for the estimate of bytes and seconds
  std::unique_ptr<Kernel> (*make)(const TensorSpec& spec, const cpu::Kernels& kernels) = nullptr;
  /// Whether this tensor takes part; others are copied from input 0. Null = every floating tensor.
  bool (*matches)(const TensorSpec& spec) = nullptr;
  /// Checks parameter values for one tensor (ranges, sums); returns "" or what is wrong.
  std::string (*check)(const TensorSpec& spec) = nullptr;
};

/// All methods in the order of the docs, and one by name (nullptr if unknown).
std::span<const MethodInfo* const> methods();
const MethodInfo* find_method(std::string_view name);

inline constexpr std::uint64_t kBlockElements = 65536;
/// Elements of one block for this unit.
constexpr std::uint64_t block_elements(std::uint64_t unit) {
  return unit >= kBlockElements ? unit : kBlockElements / unit * unit;
}

}  // namespace mod::merge
