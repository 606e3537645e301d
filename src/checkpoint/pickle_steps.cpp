// The instructions of a pickle, one function for each family. Opcodes: CPython's pickletools.
#include <fmt/format.h>

#include <utility>

#include "checkpoint/pickle_machine.h"

namespace mod::checkpoint {
namespace {

constexpr std::size_t kMaxArguments = 16;

}  // namespace

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
    case 't':
      return push_tuple(pop_to_mark());
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
  std::vector<PickleRef> items(count);
  for (std::size_t i = count; i-- > 0;) items[i] = pop();
  return push_tuple(std::move(items));
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
  if (memo_.size() > kMaxPickleValues) corrupt("more than 2,000,000 remembered values");
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
