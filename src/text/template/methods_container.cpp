// Methods of dicts, lists and the variable `loop`.
#include <algorithm>

#include "text/template/compare.h"
#include "text/template/interpreter.h"
#include "text/template/registry.h"

namespace mod::text::jinja {
namespace {

Value get(Interpreter& run, const Value& self, const Args& args) {
  const Value* value = self.dict().find(run.budget(), args[0]);
  if (value) return *value;
  return args.has(1) ? args[1] : Value(None{});
}

Value items(Interpreter& run, const Value& self, const Args&) {
  std::vector<Value> pairs;
  for (const auto& [key, value] : self.dict().items()) {
    pairs.push_back(make_tuple(run.budget(), {key, value}));
  }
  return make_sequence(run.budget(), SequenceKind::kDictItems, std::move(pairs));
}

Value keys(Interpreter& run, const Value& self, const Args&) {
  return make_sequence(run.budget(), SequenceKind::kDictKeys, iterate(run.budget(), self));
}

Value values(Interpreter& run, const Value& self, const Args&) {
  std::vector<Value> out;
  for (const Dict::Item& item : self.dict().items()) out.push_back(item.second);
  return make_sequence(run.budget(), SequenceKind::kDictValues, std::move(out));
}

/// Nothing can change the original, so it is its own copy.
Value copy(Interpreter&, const Value& self, const Args&) { return self; }

Value count(Interpreter& run, const Value& self, const Args& args) {
  const auto& all = self.sequence().items;
  return Value::integer(
      static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const Value& item) {
        return is_equal(run.budget(), item, args[0]);
      })));
}

Int bound(const Args& args, std::size_t i, Int fallback, Int size) {
  if (!args.has(i)) return fallback;
  const Int value = args.integer(i);
  return value < 0 ? std::max<Int>(0, value + size) : std::min(value, size);
}

Value index(Interpreter& run, const Value& self, const Args& args) {
  const auto& all = self.sequence().items;
  const auto size = static_cast<Int>(all.size());
  const Int stop = bound(args, 2, size, size);
  for (Int i = bound(args, 1, 0, size); i < stop; ++i) {
    if (is_equal(run.budget(), all[static_cast<std::size_t>(i)], args[0])) return Value(i);
  }
  fail("the value that 'index' looks for is not in the list");
}

Value cycle(Interpreter&, const Value& self, const Args& args) {
  const auto& choices = args.rest().positional;
  if (choices.empty() || !args.rest().named.empty())
    fail("'loop.cycle' needs values to choose from");
  return choices[self.loop().index % choices.size()];
}

Value changed(Interpreter& run, const Value& self, const Args& args) {
  LoopState& loop = self.loop();
  const auto& now = args.rest().positional;
  run.budget().spend(now.size());
  const auto equal = [&](const Value& a, const Value& b) { return is_equal(run.budget(), a, b); };
  const bool same =
      loop.has_changed &&
      std::equal(now.begin(), now.end(), loop.last_changed.begin(), loop.last_changed.end(), equal);
  if (same) return Value(false);
  loop.last_changed = now;
  loop.has_changed = true;
  return Value(true);
}

constexpr MethodInfo kDictMethods[] = {
    {"copy", {"", 0}, copy},     {"get", {"key default", 1, Signature::kPositional}, get},
    {"items", {"", 0}, items},   {"keys", {"", 0}, keys},
    {"values", {"", 0}, values},
};

constexpr MethodInfo kListMethods[] = {
    {"copy", {"", 0}, copy},
    {"count", {"value", 1, Signature::kPositional}, count},
    {"index", {"value start stop", 1, Signature::kPositional}, index},
};

constexpr MethodInfo kLoopMethods[] = {
    {"changed", {"", 0, Signature::kAny}, changed},
    {"cycle", {"", 0, Signature::kAny}, cycle},
};

}  // namespace

std::span<const MethodInfo> dict_methods() { return kDictMethods; }
std::span<const MethodInfo> list_methods() { return kListMethods; }
std::span<const MethodInfo> loop_methods() { return kLoopMethods; }

}  // namespace mod::text::jinja
