// Filters that sort, or look for the least, the greatest and the equal.
#include <algorithm>

#include "text/template/compare.h"
#include "text/template/interpreter.h"
#include "text/template/registry.h"
#include "text/template/text_work.h"

namespace mod::text::jinja {
namespace {

struct Keyed {
  Value key, value;
};

/// std::stable_sort takes comparisons that throw, and ones that contradict each other (NaN).
void sort_by_key(Budget& budget, std::vector<Keyed>& items, bool reverse) {
  std::stable_sort(items.begin(), items.end(), [&](const Keyed& a, const Keyed& b) {
    return reverse ? is_ordered(budget, Order::kLess, b.key, a.key)
                   : is_ordered(budget, Order::kLess, a.key, b.key);
  });
}

Value key_of(Budget& budget, const Value& item, const Value& path, bool case_sensitive) {
  Value key = path_of(budget, item, path, nullptr);
  return case_sensitive ? key : case_folded(budget, key);
}

/// A list of keys, as "a,b.c" are two, compared one after the other. One key is a list as well:
/// lists ask whether their items are equal first, so that equal items need no order.
Value sort_key(Budget& budget, const Value& item, const Value& attribute, bool case_sensitive) {
  std::vector<Value> keys;
  if (!attribute.is_string()) {
    keys.push_back(key_of(budget, item, attribute, case_sensitive));
    return make_list(budget, std::move(keys));
  }
  std::string_view rest = attribute.text();
  while (true) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const Value path = make_string(budget, std::string(rest.substr(0, comma)));
    keys.push_back(key_of(budget, item, path, case_sensitive));
    if (comma == rest.size()) return make_list(budget, std::move(keys));
    rest.remove_prefix(comma + 1);
  }
}

Value attribute_or_none(const Args& args, std::size_t i) {
  return args.has(i) ? args[i] : Value(None{});
}

Value values_of(Budget& budget, std::vector<Keyed> items) {
  std::vector<Value> values;
  for (Keyed& item : items) values.push_back(std::move(item.value));
  return make_list(budget, std::move(values));
}

Value sort(Interpreter& run, const Value& input, const Args& args) {
  Budget& budget = run.budget();
  const Value attribute = attribute_or_none(args, 2);
  std::vector<Keyed> items;
  for (Value& value : iterate(budget, input)) {
    items.push_back({sort_key(budget, value, attribute, args.truth(1, false)), std::move(value)});
  }
  sort_by_key(budget, items, args.truth(0, false));
  return values_of(budget, std::move(items));
}

Value dict_sort(Interpreter& run, const Value& input, const Args& args) {
  Budget& budget = run.budget();
  const std::string by = args.text(1, "key");
  if (by != "key" && by != "value") fail("'dictsort' sorts by \"key\" or \"value\"");
  if (input.is_undefined()) fail(undefined_text(input.undefined()));
  if (!input.is_dict()) fail("'dictsort' needs a dict, not " + std::string(kind_name(input)));
  std::vector<Keyed> items;
  for (const auto& [key, value] : input.dict().items()) {
    const Value& sorted = by == "key" ? key : value;
    items.push_back({args.truth(0, false) ? sorted : case_folded(budget, sorted),
                     make_tuple(budget, {key, value})});
  }
  sort_by_key(budget, items, args.truth(2, false));
  return values_of(budget, std::move(items));
}

Value unique(Interpreter& run, const Value& input, const Args& args) {
  Budget& budget = run.budget();
  const Value attribute = attribute_or_none(args, 1);
  return run.lazily([&](std::vector<Value>& out) {
    Dict seen;
    for (Value& value : iterate(budget, input)) {
      const Value key = key_of(budget, value, attribute, args.truth(0, false));
      if (seen.find(budget, key)) continue;
      seen.set(budget, key, Value(true));
      out.push_back(std::move(value));
    }
  });
}

Value extreme(Interpreter& run, const Value& input, const Args& args, Order better) {
  Budget& budget = run.budget();
  const Value attribute = attribute_or_none(args, 1);
  std::optional<Keyed> best;
  for (Value& value : iterate(budget, input)) {
    Value key = key_of(budget, value, attribute, args.truth(0, false));
    if (best && !is_ordered(budget, better, key, best->key)) continue;
    best = Keyed{std::move(key), std::move(value)};
  }
  return best ? best->value : Value();
}

Value least(Interpreter& run, const Value& input, const Args& args) {
  return extreme(run, input, args, Order::kLess);
}

Value greatest(Interpreter& run, const Value& input, const Args& args) {
  return extreme(run, input, args, Order::kGreater);
}

constexpr FilterInfo kFilters[] = {
    {"dictsort", {"case_sensitive by reverse", 0}, dict_sort},
    {"max", {"case_sensitive attribute", 0}, greatest},
    {"min", {"case_sensitive attribute", 0}, least},
    {"sort", {"reverse case_sensitive attribute", 0}, sort},
    {"unique", {"case_sensitive attribute", 0}, unique},
};

}  // namespace

std::span<const FilterInfo> order_filters() { return kFilters; }

}  // namespace mod::text::jinja
