// Equality, order and hashes of values, as Python's == and < and dict keys have them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "text/template/value.h"

namespace mod::text::jinja {

bool is_equal(Budget& budget, const Value& a, const Value& b);

enum class Order : std::uint8_t { kLess, kLessEqual, kGreater, kGreaterEqual };
/// Fails for values that have no order among them.
bool is_ordered(Budget& budget, Order order, const Value& a, const Value& b);

/// Whether `item` is in `container`: an element, a key, or a part of a string.
bool contains(Budget& budget, const Value& container, const Value& item);

/// Equal keys have equal hashes. Fails for containers that Python cannot hash.
std::size_t hash_of(Budget& budget, const Value& key);
std::size_t hash_text(std::string_view text);
/// Equality of keys that can be hashed.
bool is_same_key(Budget& budget, const Value& a, const Value& b);

/// First and last position of `part` in `text`, or npos. Linear in both lengths whatever they hold.
std::size_t find_text(std::string_view text, std::string_view part);
std::size_t rfind_text(std::string_view text, std::string_view part);

}  // namespace mod::text::jinja
