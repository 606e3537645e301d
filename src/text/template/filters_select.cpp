// Filters that apply another filter or a test to every item.
#include <algorithm>

#include "text/template/interpreter.h"
#include "text/template/registry.h"
#include "text/template/text_work.h"

namespace mod::text::jinja {
namespace {

/// Takes the first positional argument; fails with `what` where there is none.
Value take_first(Arguments& arguments, const std::string& what) {
  if (arguments.positional.empty()) fail(what);
  Value first = std::move(arguments.positional.front());
  arguments.positional.erase(arguments.positional.begin());
  return first;
}

std::string take_name(Arguments& arguments, const std::string& what) {
  const Value name = take_first(arguments, what);
  if (!name.is_string()) fail(what);
  return name.text();
}

void map_attribute(Interpreter& run, const Value& input, const Arguments& arguments,
                   std::vector<Value>& out) {
  std::optional<Value> attribute, fallback;
  for (const auto& [name, value] : arguments.named) {
    if (name == "attribute") {
      attribute = value;
    } else if (name == "default") {
      fallback = value;
    } else {
      fail("'map' has no parameter '" + name + "' beside 'attribute'");
    }
  }
  const bool has_fallback = fallback && !fallback->is_none();
  for (const Value& item : iterate(run.budget(), input)) {
    out.push_back(path_of(run.budget(), item, *attribute, has_fallback ? &*fallback : nullptr));
  }
}

void map_items(Interpreter& run, const Value& input, Arguments arguments, std::vector<Value>& out) {
  if (!is_true(input)) return;
  const auto is_attribute = [](const auto& named) { return named.first == "attribute"; };
  if (arguments.positional.empty() &&
      std::any_of(arguments.named.begin(), arguments.named.end(), is_attribute)) {
    return map_attribute(run, input, arguments, out);
  }
  const std::string name = take_name(arguments, "'map' needs the name of a filter");
  for (const Value& item : iterate(run.budget(), input)) {
    out.push_back(run.apply_filter(name, item, arguments));
  }
}

Value map(Interpreter& run, const Value& input, const Args& args) {
  return run.lazily([&](std::vector<Value>& out) { map_items(run, input, args.rest(), out); });
}

void choose(Interpreter& run, const Value& input, const Args& args, bool wanted, bool by_attribute,
            std::vector<Value>& out) {
  if (!is_true(input)) return;
  Arguments arguments = args.rest();
  Value attribute;
  if (by_attribute) attribute = take_first(arguments, args.function() + " needs an attribute");
  std::string test;
  if (!arguments.positional.empty()) {
    test = take_name(arguments, args.function() + " needs the name of a test");
  }
  for (Value& item : iterate(run.budget(), input)) {
    const Value value = by_attribute ? path_of(run.budget(), item, attribute, nullptr) : item;
    const bool holds = test.empty() ? is_true(value) : run.apply_test(test, value, arguments);
    if (holds == wanted) out.push_back(std::move(item));
  }
}

template <bool kWanted, bool kByAttribute>
Value chosen(Interpreter& run, const Value& input, const Args& args) {
  return run.lazily(
      [&](std::vector<Value>& out) { choose(run, input, args, kWanted, kByAttribute, out); });
}

constexpr FilterInfo kFilters[] = {
    {"map", {"", 0, Signature::kAny}, map},
    {"reject", {"", 0, Signature::kAny}, chosen<false, false>},
    {"rejectattr", {"", 0, Signature::kAny}, chosen<false, true>},
    {"select", {"", 0, Signature::kAny}, chosen<true, false>},
    {"selectattr", {"", 0, Signature::kAny}, chosen<true, true>},
};

}  // namespace

std::span<const FilterInfo> select_filters() { return kFilters; }

}  // namespace mod::text::jinja
