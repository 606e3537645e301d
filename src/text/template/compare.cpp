#include "text/template/compare.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <optional>

namespace mod::text::jinja {
namespace {

/// A real number that is a whole one, so that 1.0 and 1 compare exactly, however large.
std::optional<Int> whole(double x) {
  constexpr double kLimit = 1e38;  // below 2^127
  if (!(std::fabs(x) < kLimit) || std::trunc(x) != x) return std::nullopt;
  return static_cast<Int>(x);
}

bool equal_numbers(const Value& a, const Value& b) {
  if (a.is_integral() && b.is_integral()) return a.as_int() == b.as_int();
  if (a.is(Kind::kFloat) && b.is(Kind::kFloat)) return a.real() == b.real();
  const Value& real = a.is(Kind::kFloat) ? a : b;
  const Value& other = a.is(Kind::kFloat) ? b : a;
  const auto value = whole(real.real());
  return value && *value == other.as_int();
}

template <typename T>
bool holds(Order order, const T& a, const T& b) {
  switch (order) {
    case Order::kLess:
      return a < b;
    case Order::kLessEqual:
      return a <= b;
    case Order::kGreater:
      return a > b;
    case Order::kGreaterEqual:
      return a >= b;
  }
  return false;
}

bool ordered_numbers(Order order, const Value& a, const Value& b) {
  if (a.is_integral() && b.is_integral()) return holds(order, a.as_int(), b.as_int());
  if (a.is(Kind::kFloat) && b.is_integral()) {
    if (const auto value = whole(a.real())) return holds(order, *value, b.as_int());
  } else if (b.is(Kind::kFloat) && a.is_integral()) {
    if (const auto value = whole(b.real())) return holds(order, a.as_int(), *value);
  }
  return holds(order, a.as_real(), b.as_real());
}

bool equal_items(Budget& budget, const std::vector<Value>& a, const std::vector<Value>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!is_equal(budget, a[i], b[i])) return false;
  }
  return true;
}

bool equal_dicts(Budget& budget, const Dict& a, const Dict& b) {
  if (a.size() != b.size()) return false;
  for (const Dict::Item& item : a.items()) {
    const Value* other = b.find(budget, item.first);
    if (!other || !is_equal(budget, item.second, *other)) return false;
  }
  return true;
}

bool is_list_like(SequenceKind kind) {
  return kind == SequenceKind::kList || kind == SequenceKind::kTuple ||
         kind == SequenceKind::kRange;
}

/// Views of dicts are sets in Python: equal if they hold the same, in any order.
bool equal_views(Budget& budget, const Sequence& a, const Sequence& b) {
  if (a.kind == SequenceKind::kDictValues || a.items.size() != b.items.size()) return false;
  for (const Value& item : a.items) {
    bool found = false;
    for (const Value& other : b.items) found = found || is_equal(budget, item, other);
    if (!found) return false;
  }
  return true;
}

bool equal_sequences(Budget& budget, const Value& a, const Value& b) {
  if (a.address() == b.address()) return true;
  const Sequence &x = a.sequence(), &y = b.sequence();
  if (is_list_like(x.kind) || is_list_like(y.kind)) {
    return x.kind == y.kind && equal_items(budget, x.items, y.items);
  }
  return equal_views(budget, x, y);
}

bool ordered_sequences(Budget& budget, Order order, const Sequence& a, const Sequence& b) {
  for (std::size_t i = 0; i < a.items.size() && i < b.items.size(); ++i) {
    if (is_equal(budget, a.items[i], b.items[i])) continue;
    return is_ordered(budget, order, a.items[i], b.items[i]);
  }
  return holds(order, a.items.size(), b.items.size());
}

std::size_t hash_int(Int value) {
  const auto low = static_cast<std::uint64_t>(value);
  const auto high = static_cast<std::uint64_t>(value >> 64);
  return std::hash<std::uint64_t>()(low) ^ (std::hash<std::uint64_t>()(high) * 31);
}

std::size_t hash_items(Budget& budget, const std::vector<Value>& items) {
  std::size_t hash = 0x9E3779B97F4A7C15u;
  for (const Value& item : items) hash = hash * 31 + hash_of(budget, item);
  return hash;
}

}  // namespace

bool is_equal(Budget& budget, const Value& a, const Value& b) {
  budget.spend(1);
  if (a.is_number() && b.is_number()) return equal_numbers(a, b);
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::kUndefined:
    case Kind::kNone:
      return true;
    case Kind::kString:
      if (a.text().size() != b.text().size()) return false;
      budget.spend(a.text().size() / 8);
      return a.text() == b.text();
    case Kind::kSequence:
      return equal_sequences(budget, a, b);
    case Kind::kDict:
      return a.address() == b.address() || equal_dicts(budget, a.dict(), b.dict());
    default:
      return a.address() == b.address();
  }
}

bool is_ordered(Budget& budget, Order order, const Value& a, const Value& b) {
  budget.spend(1);
  if (a.is_number() && b.is_number()) return ordered_numbers(order, a, b);
  if (a.is_string() && b.is_string()) {
    budget.spend(std::min(a.text().size(), b.text().size()) / 8);
    return holds(order, a.text(), b.text());  // UTF-8 keeps the order of code points
  }
  if (a.is_sequence() && b.is_sequence() && a.sequence().kind == b.sequence().kind &&
      a.sequence().is_list_or_tuple()) {
    return ordered_sequences(budget, order, a.sequence(), b.sequence());
  }
  if (a.is_undefined()) fail(undefined_text(a.undefined()));
  if (b.is_undefined()) fail(undefined_text(b.undefined()));
  fail(std::string(kind_name(a)) + " and " + std::string(kind_name(b)) + " have no order");
}

bool contains(Budget& budget, const Value& container, const Value& item) {
  if (container.is_string()) {
    if (!item.is_string()) {
      fail("only a string can be in a string, not " + std::string(kind_name(item)));
    }
    budget.spend((container.text().size() + item.text().size()) / 8);
    return find_text(container.text(), item.text()) != std::string::npos;
  }
  if (container.is_dict()) return container.dict().find(budget, item) != nullptr;
  const auto among = [&](const std::vector<Value>& items) {
    return std::any_of(items.begin(), items.end(),
                       [&](const Value& other) { return is_equal(budget, other, item); });
  };
  return container.is_sequence() ? among(container.sequence().items)
                                 : among(iterate(budget, container));
}

std::size_t hash_text(std::string_view text) { return std::hash<std::string_view>()(text); }

std::size_t hash_of(Budget& budget, const Value& key) {
  budget.spend(1);
  switch (key.kind()) {
    case Kind::kString:
      budget.spend(key.text().size() / 8);
      return hash_text(key.text());
    case Kind::kBool:
    case Kind::kInt:
      return hash_int(key.as_int());
    case Kind::kFloat:
      if (const auto value = whole(key.real())) return hash_int(*value);
      return std::hash<double>()(key.real());
    case Kind::kSequence:
      if (key.sequence().kind == SequenceKind::kTuple)
        return hash_items(budget, key.sequence().items);
      break;
    case Kind::kUndefined:
    case Kind::kNone:
      return static_cast<std::size_t>(key.kind());
    case Kind::kDict:
      break;
    default:
      return std::hash<const void*>()(key.address());
  }
  fail(std::string(kind_name(key)) + " cannot be a key");
}

bool is_same_key(Budget& budget, const Value& a, const Value& b) {
  budget.spend(1);
  if (a.is_number() && b.is_number()) return equal_numbers(a, b);
  if (a.kind() != b.kind()) return false;
  if (a.is_string()) {
    if (a.text().size() != b.text().size()) return false;
    budget.spend(a.text().size() / 8);
    return a.text() == b.text();
  }
  if (!a.is_sequence()) return a.address() == b.address();
  const auto &x = a.sequence().items, &y = b.sequence().items;
  if (x.size() != y.size() || a.sequence().kind != b.sequence().kind) return false;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!is_same_key(budget, x[i], y[i])) return false;
  }
  return true;
}

std::size_t find_text(std::string_view text, std::string_view part) {
  if (part.empty()) return 0;
  // glibc's memmem is linear; std::string::find can take the product of both lengths.
  const void* at = ::memmem(text.data(), text.size(), part.data(), part.size());
  if (!at) return std::string::npos;
  return static_cast<std::size_t>(static_cast<const char*>(at) - text.data());
}

std::size_t rfind_text(std::string_view text, std::string_view part) {
  const std::string text_backwards(text.rbegin(), text.rend());
  const std::string part_backwards(part.rbegin(), part.rend());
  const std::size_t at = find_text(text_backwards, part_backwards);
  return at == std::string::npos ? at : text.size() - at - part.size();
}

}  // namespace mod::text::jinja
