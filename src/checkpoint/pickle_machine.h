// The stack machine under unpickler.h: runs the instructions of a pickle over plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "mod/dtype.h"

namespace mod::checkpoint {

enum class PickleKind : std::uint8_t {
  kNone,
  kBool,
  kInteger,
  kFloat,
  kText,
  kBytes,
  kTuple,
  kList,
  kDict,
  kMakeDict,
  kMakeTensor,
  kMakeParameter,
  kStorageType,  // the callables
  kStorage,      // items: storage type, key, elements
  kTensor,       // items: the arguments of _rebuild_tensor_v2
};

/// A tensor takes about 20 values and 40 steps, so these hold 100,000 tensors in one file.
inline constexpr std::uint64_t kMaxPickleSteps = 8'000'000;
inline constexpr std::size_t kMaxPickleValues = 2'000'000;

using PickleRef = std::uint32_t;  // index into PickleMachine::value()

struct PickleValue {
  PickleKind kind = PickleKind::kNone;
  DType dtype = DType::F32;  // of a storage type
  std::int64_t integer = 0;
  std::string_view text;         // points into the pickle
  std::vector<PickleRef> items;  // of a dict: key, value, key, value...
};

class PickleMachine {
 public:
  /// `pickle` must outlive the machine.
  PickleMachine(std::string_view pickle, const std::string& where)
      : pickle_(pickle), where_(where) {}

  /// Runs to STOP and returns the result.
  PickleRef run();
  const PickleValue& value(PickleRef ref) const { return values_[ref]; }

  [[noreturn]] void corrupt(const std::string& reason) const;
  [[noreturn]] void refuse(const std::string& what) const;

 private:
  bool step_number(unsigned char op);
  bool step_text(unsigned char op);
  bool step_container(unsigned char op);
  bool step_memo(unsigned char op);
  bool step_call(unsigned char op);

  std::string_view take(std::uint64_t bytes);
  std::uint64_t take_number(int width);
  std::string_view take_line();

  bool push(PickleValue value);
  bool push_kind(PickleKind kind) { return push({kind}); }
  bool push_tuple(std::vector<PickleRef> items);
  bool push_integer(std::int64_t integer);
  bool push_text(PickleKind kind, std::uint64_t bytes);
  bool push_global(std::string_view module, std::string_view name);
  PickleRef pop();
  PickleRef top() const;
  std::vector<PickleRef> pop_to_mark();
  bool tuple_of(std::size_t count);
  bool fill_list(std::vector<PickleRef> items);
  bool fill_dict(std::vector<PickleRef> items);
  bool remember(std::uint64_t key);
  bool recall(std::uint64_t key);
  bool persistent_id();
  bool reduce();
  bool build();

  std::string_view pickle_;
  const std::string& where_;
  std::size_t at_ = 0;
  std::uint64_t steps_ = 0;
  std::vector<PickleValue> values_;
  std::vector<PickleRef> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint64_t, PickleRef> memo_;
};

}  // namespace mod::checkpoint
