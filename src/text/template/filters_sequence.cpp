// Filters of lists, dicts and whatever can be iterated over.
#include <algorithm>

#include "text/template/interpreter.h"
#include "text/template/operators.h"
#include "text/template/registry.h"
#include "text/template/text_work.h"
#include "text/template/unicode.h"

namespace mod::text::jinja {
namespace {

Value length(Interpreter& run, const Value& input, const Args&) {
  if (input.is_string()) run.budget().spend(input.text().size() / 8);
  return Value::integer(length_of(input));
}

Value default_value(Interpreter&, const Value& input, const Args& args) {
  const bool replace = input.is_undefined() || (args.truth(1, false) && !is_true(input));
  if (!replace) return input;
  return args.has(0) ? args[0] : Value::string("");
}

Value first(Interpreter& run, const Value& input, const Args&) {
  if (input.is(Kind::kIterator)) {
    Iterator& iterator = input.iterator();
    if (iterator.next < iterator.items.size()) return iterator.items[iterator.next++];
    if (iterator.failure) throw *iterator.failure;
    return Value();
  }
  std::vector<Value> items = iterate(run.budget(), input);
  return items.empty() ? Value() : items.front();
}

Value last(Interpreter& run, const Value& input, const Args&) {
  if (input.is(Kind::kIterator)) fail("'last' needs a list; put `|list` before it");
  std::vector<Value> items = iterate(run.budget(), input);
  return items.empty() ? Value() : items.back();
}

Value list(Interpreter& run, const Value& input, const Args&) {
  return make_list(run.budget(), iterate(run.budget(), input));
}

Value items(Interpreter& run, const Value& input, const Args&) {
  return run.lazily([&](std::vector<Value>& out) {
    if (input.is_undefined()) return;
    if (!input.is_dict()) fail("'items' needs a dict, not " + std::string(kind_name(input)));
    for (const auto& [key, value] : input.dict().items()) {
      out.push_back(make_tuple(run.budget(), {key, value}));
    }
  });
}

Value reverse(Interpreter& run, const Value& input, const Args&) {
  if (input.is_string()) {
    return make_string(run.budget(), reversed(input.text()), input.string().markup);
  }
  std::vector<Value> values = iterate(run.budget(), input);
  std::reverse(values.begin(), values.end());
  // Of an iterator Jinja makes a list, of the rest an iterator.
  return input.is(Kind::kIterator) ? make_list(run.budget(), std::move(values))
                                   : make_iterator(run.budget(), std::move(values));
}

std::vector<Value> part_of(const std::vector<Value>& values, std::size_t begin, std::size_t count) {
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(begin);
  return {at, at + static_cast<std::ptrdiff_t>(count)};
}

/// Lists of `size` items. A size below 1 gives one list of all, as it does in Jinja, and 0 an empty
/// one before it.
Value batch(Interpreter& run, const Value& input, const Args& args) {
  Budget& budget = run.budget();
  return run.lazily([&](std::vector<Value>& out) {
    const Int given = args.integer(0);
    const std::vector<Value> values = iterate(budget, input);
    if (given == 0 && !values.empty()) out.push_back(make_list(budget, {}));
    const std::size_t size = given < 1 || given > static_cast<Int>(values.size())
                                 ? std::max<std::size_t>(1, values.size())
                                 : static_cast<std::size_t>(given);
    for (std::size_t i = 0; i < values.size(); i += size) {
      std::vector<Value> part = part_of(values, i, std::min(size, values.size() - i));
      if (args.has_not_none(1) && static_cast<Int>(part.size()) < given) {
        constexpr Int kMany = Int{1} << 40;  // more than any budget holds
        budget.spend(static_cast<std::uint64_t>(std::min(given, kMany)));
        part.resize(static_cast<std::size_t>(given), args[1]);
      }
      out.push_back(make_list(budget, std::move(part)));
    }
  });
}

/// That many lists, the first ones longer by one where the items do not divide.
Value slice(Interpreter& run, const Value& input, const Args& args) {
  Budget& budget = run.budget();
  return run.lazily([&](std::vector<Value>& out) {
    const Int given = args.integer(0);
    const std::vector<Value> values = iterate(budget, input);
    if (given == 0) fail("'slice' into no parts");
    if (given > 100'000) fail("'slice' into more than 100000 parts");
    const std::size_t slices = given < 0 ? 0 : static_cast<std::size_t>(given);
    std::size_t at = 0;
    for (std::size_t i = 0; i < slices; ++i) {
      const bool longer = i < values.size() % slices;
      std::vector<Value> part = part_of(values, at, values.size() / slices + (longer ? 1 : 0));
      at += part.size();
      if (args.has_not_none(1) && !longer) part.push_back(args[1]);
      out.push_back(make_list(budget, std::move(part)));
    }
  });
}

Value sum(Interpreter& run, const Value& input, const Args& args) {
  Value total = args.has(1) ? args[1] : Value(Int{0});
  if (total.is_string()) fail("'sum' adds no strings; `join` does");
  for (const Value& item : iterate(run.budget(), input)) {
    const Value value = args.has_not_none(0) ? path_of(run.budget(), item, args[0], nullptr) : item;
    total = binary(run.budget(), BinaryOp::kAdd, total, value);
  }
  return total;
}

Value attr(Interpreter&, const Value& input, const Args& args) {
  if (!args[0].is_string()) fail("'attr' needs the name of an attribute");
  // Only what is an attribute: the keys of a dict are none.
  const Text& name = args[0].string().text;
  const bool is_key = input.is_dict() && !find_method(input, *name);
  return is_key ? Value(Undefined{Undefined::Reason::kAttribute, name}) : attribute_of(input, name);
}

constexpr FilterInfo kFilters[] = {
    {"attr", {"name", 1}, attr},
    {"batch", {"linecount fill_with", 1}, batch},
    {"count", {"", 0}, length},
    {"d", {"default_value boolean", 0}, default_value},
    {"default", {"default_value boolean", 0}, default_value},
    {"first", {"", 0}, first},
    {"items", {"", 0}, items},
    {"last", {"", 0}, last},
    {"length", {"", 0}, length},
    {"list", {"", 0}, list},
    {"reverse", {"", 0}, reverse},
    {"slice", {"slices fill_with", 1}, slice},
    {"sum", {"attribute start", 0}, sum},
};

}  // namespace

std::span<const FilterInfo> sequence_filters() { return kFilters; }

}  // namespace mod::text::jinja
