#include "checkpoint/unpickler.h"

#include "checkpoint/pickle_machine.h"
#include "checkpoint/quote.h"
#include "mod/error.h"

namespace mod::checkpoint {
namespace {

constexpr std::size_t kMaxRank = 16;

class StateReader {
 public:
  explicit StateReader(const PickleMachine& machine) : machine_(machine) {}

  PickledState read(PickleRef root) const {
    const PickleValue* dict = &machine_.value(root);
    if (dict->kind != PickleKind::kDict) {
      machine_.refuse("a pickle whose result is no dict of tensors");
    }
    for (std::size_t i = 0; i + 1 < dict->items.size(); i += 2) {
      const PickleValue& inner = item(*dict, i + 1);
      if (item(*dict, i).kind == PickleKind::kText && item(*dict, i).text == "state_dict" &&
          inner.kind == PickleKind::kDict) {
        dict = &inner;
        break;
      }
    }
    return read_dict(*dict);
  }

 private:
  const PickleValue& item(const PickleValue& of, std::size_t i) const {
    return machine_.value(of.items[i]);
  }

  PickledState read_dict(const PickleValue& dict) const {
    PickledState state;
    for (std::size_t i = 0; i + 1 < dict.items.size(); i += 2) {
      const PickleValue& key = item(dict, i);
      const PickleValue& value = item(dict, i + 1);
      if (key.kind == PickleKind::kText && value.kind == PickleKind::kTensor) {
        state.tensors.push_back(tensor(std::string(key.text), value));
      } else {
        state.skipped.push_back(key.kind == PickleKind::kText ? printable(key.text) : "(a key)");
      }
    }
    return state;
  }

  /// _rebuild_tensor_v2(storage, offset, shape, stride, requires_grad, hooks[, metadata])
  PickledTensor tensor(std::string name, const PickleValue& call) const {
    PickledTensor out;
    out.name = std::move(name);
    if (call.items.size() < 4 || item(call, 0).kind != PickleKind::kStorage) {
      bad(out, "has no storage");
    }
    const PickleValue& storage = item(call, 0);
    out.dtype = item(storage, 0).dtype;
    out.storage = item(storage, 1).text;
    out.storage_elements = static_cast<std::uint64_t>(count(out, item(storage, 2)));
    out.offset = static_cast<std::uint64_t>(count(out, item(call, 1)));
    out.shape = counts(out, item(call, 2));
    out.stride = counts(out, item(call, 3));
    if (out.shape.size() != out.stride.size()) bad(out, "has not as many strides as dimensions");
    return out;
  }

  std::vector<std::int64_t> counts(const PickledTensor& tensor, const PickleValue& tuple) const {
    if (tuple.kind != PickleKind::kTuple || tuple.items.size() > kMaxRank) {
      bad(tensor, "shape or stride is no tuple of at most 16 numbers");
    }
    std::vector<std::int64_t> out;
    for (std::size_t i = 0; i < tuple.items.size(); ++i)
      out.push_back(count(tensor, item(tuple, i)));
    return out;
  }

  std::int64_t count(const PickledTensor& tensor, const PickleValue& value) const {
    if (value.kind != PickleKind::kInteger || value.integer < 0) {
      bad(tensor, "a size, stride or offset is no number from 0 on");
    }
    return value.integer;
  }

  [[noreturn]] void bad(const PickledTensor& tensor, const std::string& reason) const {
    machine_.corrupt("tensor " + quote_name(tensor.name) + ": " + reason);
  }

  const PickleMachine& machine_;
};

}  // namespace

PickledState unpickle_state_dict(std::string_view pickle, const std::string& where) {
  if (pickle.size() > kMaxPickleBytes) {
    throw Error(ErrorCode::kUnsupported, where + ": a pickle of more than 32 MiB");
  }
  PickleMachine machine(pickle, where);
  const PickleRef root = machine.run();
  return StateReader(machine).read(root);
}

}  // namespace mod::checkpoint
