#include "checkpoint/pickle_machine.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/text.h"
#include "checkpoint/quote.h"
#include "mod/error.h"

namespace mod::checkpoint {
namespace {

constexpr std::array<std::pair<std::string_view, DType>, 10> kStorageTypes = {{
    {"DoubleStorage", DType::F64},
    {"FloatStorage", DType::F32},
    {"HalfStorage", DType::F16},
    {"BFloat16Storage", DType::BF16},
    {"LongStorage", DType::I64},
    {"IntStorage", DType::I32},
    {"ShortStorage", DType::I16},
    {"CharStorage", DType::I8},
    {"ByteStorage", DType::U8},
    {"BoolStorage", DType::BOOL},
}};

}  // namespace

void PickleMachine::corrupt(const std::string& reason) const {
  throw Error(ErrorCode::kCorruptFile, fmt::format("{}: pickle, byte {}: {}", where_, at_, reason));
}

void PickleMachine::refuse(const std::string& what) const {
  throw Error(ErrorCode::kUnsupported,
              fmt::format("{}: pickle, byte {}: refused: {}. Only tensors in plain dicts are read; "
                          "convert the file to safetensors if you trust it",
                          where_, at_, what));
}

PickleRef PickleMachine::run() {
  for (;;) {
    if (++steps_ > kMaxPickleSteps) corrupt("more than 8,000,000 steps");
    const auto op = static_cast<unsigned char>(take(1).front());
    if (op == '.') break;
    if (step_number(op) || step_text(op) || step_container(op) || step_memo(op) || step_call(op)) {
      continue;
    }
    refuse(fmt::format("instruction 0x{:02x}", op));
  }
  return pop();
}

std::string_view PickleMachine::take(std::uint64_t bytes) {
  if (bytes > pickle_.size() - at_) corrupt("cut off");
  const std::string_view piece = pickle_.substr(at_, bytes);
  at_ += bytes;
  return piece;
}

std::uint64_t PickleMachine::take_number(int width) {
  const std::string_view bytes = take(static_cast<std::uint64_t>(width));
  std::uint64_t value = 0;
  for (int i = width - 1; i >= 0; --i) {
    value = value << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
  }
  return value;
}

std::string_view PickleMachine::take_line() {
  const std::size_t end = pickle_.find('\n', at_);
  if (end == std::string_view::npos) corrupt("cut off");
  const std::string_view line = take(end - at_);
  take(1);
  return line;
}

bool PickleMachine::push(PickleValue value) {
  if (values_.size() == kMaxPickleValues) corrupt("more than 2,000,000 values");
  stack_.push_back(static_cast<PickleRef>(values_.size()));
  values_.push_back(std::move(value));
  return true;
}

bool PickleMachine::push_tuple(std::vector<PickleRef> items) {
  PickleValue value{PickleKind::kTuple};
  value.items = std::move(items);
  return push(std::move(value));
}

bool PickleMachine::push_integer(std::int64_t integer) {
  PickleValue value{PickleKind::kInteger};
  value.integer = integer;
  return push(std::move(value));
}

bool PickleMachine::push_text(PickleKind kind, std::uint64_t bytes) {
  PickleValue value{kind};
  value.text = take(bytes);
  if (kind == PickleKind::kText && !is_valid_utf8(value.text)) corrupt("a string is not UTF-8");
  return push(std::move(value));
}

bool PickleMachine::push_global(std::string_view module, std::string_view name) {
  if (module == "collections" && name == "OrderedDict") return push_kind(PickleKind::kMakeDict);
  if (module == "torch._utils" && name == "_rebuild_tensor_v2") {
    return push_kind(PickleKind::kMakeTensor);
  }
  if (module == "torch._utils" && name == "_rebuild_parameter") {
    return push_kind(PickleKind::kMakeParameter);
  }
  if (module == "torch") {
    for (const auto& [storage, dtype] : kStorageTypes) {
      if (name == storage) return push({PickleKind::kStorageType, dtype});
    }
  }
  refuse("global " + printable(module) + "." + printable(name));
}

PickleRef PickleMachine::pop() {
  const PickleRef ref = top();
  stack_.pop_back();
  return ref;
}

PickleRef PickleMachine::top() const {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) corrupt("the stack is empty");
  return stack_.back();
}

std::vector<PickleRef> PickleMachine::pop_to_mark() {
  if (marks_.empty()) corrupt("no mark on the stack");
  const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  std::vector<PickleRef> items(first, stack_.end());
  stack_.erase(first, stack_.end());
  marks_.pop_back();
  return items;
}

}  // namespace mod::checkpoint
