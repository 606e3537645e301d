#include "checkpoint/pickle_machine.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/text.h"
#include "checkpoint/quote.h"
#include "mod/error.h"

namespace mod::checkpoint {
namespace {

// A tensor takes about 20 values and 40 steps, so these hold 100,000 tensors in one file.
constexpr std::uint64_t kMaxSteps = 8'000'000;
constexpr std::size_t kMaxValues = 2'000'000;
constexpr std::size_t kMaxArguments = 16;

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
    if (++steps_ > kMaxSteps) corrupt("more than 8,000,000 steps");
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
  if (values_.size() == kMaxValues) corrupt("more than 2,000,000 values");
  stack_.push_back(static_cast<PickleRef>(values_.size()));
  values_.push_back(std::move(value));
  return true;
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

bool PickleMachine::step_number(unsigned char op) {
  switch (op) {
    case 'N':
      return push_kind(PickleKind::kNone);
    case 0x88:
    case 0x89: {
      PickleValue value{PickleKind::kBool};
      value.integer = op == 0x88;
      return push(std::move(value));
    }
    case 'K':
      return push_integer(static_cast<std::int64_t>(take_number(1)));
    case 'M':
      return push_integer(static_cast<std::int64_t>(take_number(2)));
    case 'J':
      return push_integer(static_cast<std::int32_t>(take_number(4)));
    case 0x8a: {  // LONG1: little-endian two's complement of any width
      const int width = static_cast<int>(take_number(1));
      if (width > 8) corrupt("an integer of more than 64 bits");
      if (width == 0) return push_integer(0);
      const int unused = 64 - 8 * width;
      return push_integer(static_cast<std::int64_t>(take_number(width) << unused) >> unused);
    }
    case 'G':
      take(8);
      return push_kind(PickleKind::kFloat);
    default:
      return false;
  }
}

bool PickleMachine::step_text(unsigned char op) {
  switch (op) {
    case 'X':
      return push_text(PickleKind::kText, take_number(4));
    case 0x8c:
      return push_text(PickleKind::kText, take_number(1));
    case 0x8d:
      return push_text(PickleKind::kText, take_number(8));
    case 'T':
      return push_text(PickleKind::kText, take_number(4));
    case 'U':
      return push_text(PickleKind::kText, take_number(1));
    case 'B':
      return push_text(PickleKind::kBytes, take_number(4));
    case 'C':
      return push_text(PickleKind::kBytes, take_number(1));
    default:
      return false;
  }
}

bool PickleMachine::step_container(unsigned char op) {
  switch (op) {
    case '(':
      marks_.push_back(stack_.size());
      return true;
    case ')':
      return push_kind(PickleKind::kTuple);
    case ']':
      return push_kind(PickleKind::kList);
    case '}':
      return push_kind(PickleKind::kDict);
    case 0x85:
      return tuple_of(1);
    case 0x86:
      return tuple_of(2);
    case 0x87:
      return tuple_of(3);
    case 't': {
      PickleValue value{PickleKind::kTuple};
      value.items = pop_to_mark();
      return push(std::move(value));
    }
    case 'a':
      return fill_list({pop()});
    case 'e':
      return fill_list(pop_to_mark());
    case 's': {
      const PickleRef item = pop(), key = pop();
      return fill_dict({key, item});
    }
    case 'u':
      return fill_dict(pop_to_mark());
    case '0':
      pop();
      return true;
    case '1':
      pop_to_mark();
      return true;
    default:
      return false;
  }
}

bool PickleMachine::tuple_of(std::size_t count) {
  PickleValue value{PickleKind::kTuple};
  value.items.resize(count);
  for (std::size_t i = count; i-- > 0;) value.items[i] = pop();
  return push(std::move(value));
}

bool PickleMachine::fill_list(std::vector<PickleRef> items) {
  PickleValue& list = values_[top()];
  if (list.kind != PickleKind::kList) corrupt("items are appended to something that is no list");
  list.items.insert(list.items.end(), items.begin(), items.end());
  return true;
}

bool PickleMachine::fill_dict(std::vector<PickleRef> items) {
  PickleValue& dict = values_[top()];
  if (dict.kind != PickleKind::kDict) corrupt("items are set in something that is no dict");
  if (items.size() % 2 != 0) corrupt("a key without a value");
  dict.items.insert(dict.items.end(), items.begin(), items.end());
  return true;
}

bool PickleMachine::step_memo(unsigned char op) {
  switch (op) {
    case 'q':
      return remember(take_number(1));
    case 'r':
      return remember(take_number(4));
    case 0x94:
      return remember(memo_.size());
    case 'h':
      return recall(take_number(1));
    case 'j':
      return recall(take_number(4));
    case 0x80:
      if (take_number(1) > 5) corrupt("unknown protocol");
      return true;
    case 0x95:  // FRAME: a hint for buffered readers
      take(8);
      return true;
    default:
      return false;
  }
}

bool PickleMachine::remember(std::uint64_t key) {
  memo_[key] = top();
  if (memo_.size() > kMaxValues) corrupt("more than 2,000,000 remembered values");
  return true;
}

bool PickleMachine::recall(std::uint64_t key) {
  const auto found = memo_.find(key);
  if (found == memo_.end()) corrupt("a remembered value does not exist");
  stack_.push_back(found->second);
  return true;
}

bool PickleMachine::step_call(unsigned char op) {
  switch (op) {
    case 'c': {
      const std::string_view module = take_line();
      return push_global(module, take_line());
    }
    case 0x93: {
      const PickleValue& name = values_[pop()];
      const PickleValue& module = values_[pop()];
      if (name.kind != PickleKind::kText || module.kind != PickleKind::kText) {
        corrupt("a global whose name is no string");
      }
      return push_global(module.text, name.text);
    }
    case 'Q':
      return persistent_id();
    case 'R':
      return reduce();
    case 'b':
      return build();
    default:
      return false;
  }
}

/// ("storage", type, key, location, elements)
bool PickleMachine::persistent_id() {
  const PickleValue& id = values_[pop()];
  const auto kind = [&](std::size_t i) { return values_[id.items[i]].kind; };
  if (id.kind != PickleKind::kTuple || id.items.size() != 5 || kind(0) != PickleKind::kText ||
      values_[id.items[0]].text != "storage" || kind(1) != PickleKind::kStorageType ||
      kind(2) != PickleKind::kText || kind(3) != PickleKind::kText ||
      kind(4) != PickleKind::kInteger) {
    corrupt("a persistent id that does not describe a storage");
  }
  PickleValue storage{PickleKind::kStorage};
  storage.items = {id.items[1], id.items[2], id.items[4]};
  return push(std::move(storage));
}

bool PickleMachine::reduce() {
  const PickleValue& arguments = values_[pop()];
  const PickleKind callable = values_[pop()].kind;
  if (arguments.kind != PickleKind::kTuple) corrupt("a call without a tuple of arguments");
  if (callable == PickleKind::kMakeDict) {
    if (!arguments.items.empty()) corrupt("OrderedDict with arguments");
    return push_kind(PickleKind::kDict);
  }
  if (callable == PickleKind::kMakeTensor) {
    // The arguments are copied: without a limit, one long remembered tuple would multiply memory.
    if (arguments.items.size() > kMaxArguments) corrupt("a tensor with more than 16 arguments");
    PickleValue tensor{PickleKind::kTensor};
    tensor.items = arguments.items;
    return push(std::move(tensor));
  }
  if (callable == PickleKind::kMakeParameter) {
    if (arguments.items.empty() || values_[arguments.items[0]].kind != PickleKind::kTensor) {
      corrupt("_rebuild_parameter without a tensor");
    }
    stack_.push_back(arguments.items[0]);
    return true;
  }
  corrupt("a call of something that is no function");
}

/// torch sets the attribute `_metadata` (versions of modules) on the state dict; it is dropped.
bool PickleMachine::build() {
  pop();
  if (values_[top()].kind != PickleKind::kDict) refuse("state of something that is no dict");
  return true;
}

}  // namespace mod::checkpoint
