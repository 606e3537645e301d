// Attributes, elements and slices.
#include "text/template/callable.h"
#include "text/template/macro.h"
#include "text/template/operators.h"
#include "text/template/registry.h"
#include "text/template/unicode.h"

namespace mod::text::jinja {
namespace {

Value missing(const Text& name) { return Value(Undefined{Undefined::Reason::kAttribute, name}); }

std::optional<Value> loop_attribute(const LoopState& loop, std::string_view name) {
  const std::size_t i = loop.index, n = loop.length;
  if (name == "index") return Value::integer(i + 1);
  if (name == "index0") return Value::integer(i);
  if (name == "first") return Value(i == 0);
  if (name == "last") return Value(i + 1 >= n);
  if (name == "length") return Value::integer(n);
  if (name == "revindex") return Value::integer(n - i);
  if (name == "revindex0") return Value::integer(n - i - 1);
  if (name == "depth") return Value(Int{1});
  if (name == "depth0") return Value(Int{0});
  if (name == "previtem") return i == 0 || loop.items.empty() ? Value() : loop.items[i - 1];
  if (name == "nextitem") return i + 1 < loop.items.size() ? loop.items[i + 1] : Value();
  return std::nullopt;
}

std::optional<Value> macro_attribute(const Callable& callable, std::string_view name) {
  const auto* macro = std::get_if<const Macro*>(&callable.target);
  if (!macro || name != "name") return std::nullopt;
  return Value(String{(*macro)->name, false});
}

/// What the object has apart from elements: methods, fields.
std::optional<Value> own_attribute(const Value& object, std::string_view name) {
  if (object.is(Kind::kNamespace)) {
    const Value* value = object.name_space().attributes.find(name);
    return value ? std::optional<Value>(*value) : std::nullopt;
  }
  if (object.is(Kind::kLoop)) {
    if (auto value = loop_attribute(object.loop(), name)) return value;
  }
  if (object.is(Kind::kCallable)) return macro_attribute(object.callable(), name);
  Callable callable;
  callable.depth = 1 + depth_of(object);
  if (const MethodInfo* method = find_method(object, name)) {
    callable.target = BoundMethod{object, method};
  } else if (std::string reason = refused_method(object, name); !reason.empty()) {
    callable.target = RefusedMethod{std::move(reason)};
  } else {
    return std::nullopt;
  }
  return Value(std::make_shared<const Callable>(std::move(callable)));
}

Value private_name(const Text& name) { return Value(Undefined{Undefined::Reason::kPrivate, name}); }

/// Index of an element, counted from the end if negative; nothing outside.
std::optional<std::size_t> element_index(Int index, std::size_t size) {
  if (index < 0) index += static_cast<Int>(size);
  if (index < 0 || index >= static_cast<Int>(size)) return std::nullopt;
  return static_cast<std::size_t>(index);
}

/// Nothing for keys that cannot be hashed: to Jinja they are only not there.
std::optional<Value> dict_element(Budget& budget, const Dict& dict, const Value& key) {
  try {
    const Value* value = dict.find(budget, key);
    return value ? std::optional<Value>(*value) : std::nullopt;
  } catch (const Failure&) {
    return std::nullopt;
  }
}

std::optional<Value> element(Budget& budget, const Value& object, const Value& index) {
  if (object.is_dict()) return dict_element(budget, object.dict(), index);
  if (!index.is_integral()) return std::nullopt;
  if (object.is_sequence() && object.sequence().is_indexable()) {
    const auto& items = object.sequence().items;
    const auto i = element_index(index.as_int(), items.size());
    return i ? std::optional<Value>(items[*i]) : std::nullopt;
  }
  if (object.is_string()) {
    const std::string& text = object.text();
    budget.spend(1 + text.size() / 8);
    const auto i = element_index(index.as_int(), count_chars(text));
    if (!i) return std::nullopt;
    const std::size_t begin = byte_offset(text, *i);
    return make_string(budget, text.substr(begin, char_bytes(text, begin)), object.string().markup);
  }
  return std::nullopt;
}

struct Range {
  Int start, stop, step;
};

Int bound(const Value& value, Int fallback, Int size, Int low, Int high) {
  if (value.is_none()) return fallback;
  if (!value.is_integral()) {
    fail("the bounds of a slice must be integers, not " + std::string(kind_name(value)));
  }
  Int i = value.as_int();
  if (i < 0) i += size;
  return i < low ? low : i > high ? high : i;
}

Range slice_range(std::size_t length, const Value& start, const Value& stop, const Value& step) {
  const auto size = static_cast<Int>(length);
  const Int by = step.is_none() ? 1 : bound(step, 1, 0, -(size + 1), size + 1);
  if (by == 0) fail("the step of a slice must not be 0");
  if (by > 0) return {bound(start, 0, size, 0, size), bound(stop, size, size, 0, size), by};
  return {bound(start, size - 1, size, -1, size - 1), bound(stop, -1, size, -1, size - 1), by};
}

Value slice_string(Budget& budget, const String& string, const Range& range) {
  const std::string& text = *string.text;
  if (range.step == 1) {
    const std::size_t begin = byte_offset(text, static_cast<std::size_t>(range.start));
    const Int chars = std::max<Int>(0, range.stop - range.start);
    const std::string_view rest = std::string_view(text).substr(begin);
    return make_string(
        budget, std::string(rest.substr(0, byte_offset(rest, static_cast<std::size_t>(chars)))),
        string.markup);
  }
  budget.spend(2 * text.size());
  const std::vector<std::string_view> chars = split_chars(text);
  std::string out;
  for (Int i = range.start; range.step > 0 ? i < range.stop : i > range.stop; i += range.step) {
    out += chars[static_cast<std::size_t>(i)];
  }
  return make_string(budget, std::move(out), string.markup);
}

}  // namespace

Value attribute_of(const Value& object, const Text& name) {
  if (object.is_undefined()) fail(undefined_text(object.undefined()));
  if (name->starts_with("__")) return private_name(name);
  if (auto value = own_attribute(object, *name)) return *value;
  if (object.is_dict()) {
    if (const Value* value = object.dict().find(*name)) return *value;
  }
  return name->starts_with('_') ? private_name(name) : missing(name);
}

Value item_of(Budget& budget, const Value& object, const Value& index) {
  if (object.is_undefined()) fail(undefined_text(object.undefined()));
  if (auto value = element(budget, object, index)) return *value;
  if (!index.is_string()) return Value(Undefined{Undefined::Reason::kNothing, nullptr});
  const Text& name = index.string().text;
  if (name->starts_with('_')) return private_name(name);
  if (auto value = own_attribute(object, *name)) return *value;
  return missing(name);
}

Value slice_of(Budget& budget, const Value& object, const Value& start, const Value& stop,
               const Value& step) {
  if (object.is_undefined()) fail(undefined_text(object.undefined()));
  if (object.is_string()) {
    budget.spend(1 + object.text().size() / 8);
    const std::size_t size = count_chars(object.text());
    return slice_string(budget, object.string(), slice_range(size, start, stop, step));
  }
  if (!object.is_sequence() || !object.sequence().is_indexable()) {
    fail(std::string(kind_name(object)) + " cannot be sliced");
  }
  const auto& items = object.sequence().items;
  const Range range = slice_range(items.size(), start, stop, step);
  std::vector<Value> out;
  for (Int i = range.start; range.step > 0 ? i < range.stop : i > range.stop; i += range.step) {
    out.push_back(items[static_cast<std::size_t>(i)]);
  }
  return make_sequence(budget, object.sequence().kind, std::move(out));
}

}  // namespace mod::text::jinja
