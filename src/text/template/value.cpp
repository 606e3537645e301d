#include "text/template/value.h"

#include <algorithm>

#include "text/template/callable.h"
#include "text/template/compare.h"
#include "text/template/unicode.h"

namespace mod::text::jinja {
namespace {

// Below this many items a scan is as fast as a hash table.
constexpr std::size_t kIndexedFrom = 16;

std::string_view sequence_name(SequenceKind kind) {
  switch (kind) {
    case SequenceKind::kList:
      return "a list";
    case SequenceKind::kTuple:
      return "a tuple";
    case SequenceKind::kRange:
      return "a range";
    default:
      return "a view of a dict";
  }
}

void check_depth(int depth) {
  if (depth > kMaxValueDepth) {
    fail("containers nested deeper than " + std::to_string(kMaxValueDepth) + " levels");
  }
}

// A vector's growth and the value's own bookkeeping, in steps of eight bytes.
constexpr std::uint64_t kItemSteps = sizeof(Value) / 8;

}  // namespace

const void* Value::address() const {
  switch (kind()) {
    case Kind::kSequence:
      return &sequence();
    case Kind::kDict:
      return &dict();
    case Kind::kNamespace:
      return &name_space();
    case Kind::kLoop:
      return &loop();
    case Kind::kIterator:
      return &iterator();
    case Kind::kCallable:
      return &callable();
    default:
      return nullptr;
  }
}

const Value* Dict::find(Budget& budget, const Value& key) const {
  const std::size_t i = index_of(budget, key, hash_of(budget, key));
  return i == items_.size() ? nullptr : &items_[i].second;
}

const Value* Dict::find(std::string_view key) const {
  if (index_.empty()) {
    for (const auto& [k, v] : items_) {
      if (k.is_string() && k.text() == key) return &v;
    }
    return nullptr;
  }
  const auto [begin, end] = index_.equal_range(hash_text(key));
  for (auto it = begin; it != end; ++it) {
    const Item& item = items_[it->second];
    if (item.first.is_string() && item.first.text() == key) return &item.second;
  }
  return nullptr;
}

/// size() if there is none.
std::size_t Dict::index_of(Budget& budget, const Value& key, std::size_t hash) const {
  if (index_.empty()) {
    for (std::size_t i = 0; i < items_.size(); ++i) {
      if (hashes_[i] == hash && is_same_key(budget, items_[i].first, key)) return i;
    }
    return items_.size();
  }
  const auto [begin, end] = index_.equal_range(hash);
  for (auto it = begin; it != end; ++it) {
    if (is_same_key(budget, items_[it->second].first, key)) return it->second;
  }
  return items_.size();
}

void Dict::set(Budget& budget, Value key, Value value) {
  depth_ = std::max({depth_, 1 + depth_of(value), 1 + depth_of(key)});
  const std::size_t hash = hash_of(budget, key);
  const std::size_t i = index_of(budget, key, hash);
  if (i < items_.size()) {
    items_[i].second = std::move(value);
  } else {
    add(std::move(key), std::move(value), hash);
  }
}

void Dict::append(std::string key, Value value) {
  depth_ = std::max(depth_, 1 + depth_of(value));
  const std::size_t hash = hash_text(key);
  add(Value::string(std::move(key)), std::move(value), hash);
}

void Dict::add(Value key, Value value, std::size_t hash) {
  items_.emplace_back(std::move(key), std::move(value));
  hashes_.push_back(hash);
  if (items_.size() < kIndexedFrom) return;
  if (items_.size() > kIndexedFrom) {
    index_.emplace(hash, static_cast<std::uint32_t>(items_.size() - 1));
    return;
  }
  for (std::size_t i = 0; i < hashes_.size(); ++i) {
    index_.emplace(hashes_[i], static_cast<std::uint32_t>(i));
  }
}

std::string_view kind_name(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
      return "an undefined value";
    case Kind::kNone:
      return "none";
    case Kind::kBool:
      return "a boolean";
    case Kind::kInt:
      return "an integer";
    case Kind::kFloat:
      return "a float";
    case Kind::kString:
      return "a string";
    case Kind::kSequence:
      return sequence_name(value.sequence().kind);
    case Kind::kDict:
      return "a dict";
    case Kind::kNamespace:
      return "a namespace";
    case Kind::kLoop:
      return "a loop";
    case Kind::kIterator:
      return "an iterator";
    case Kind::kCallable:
      return "a function";
  }
  return "";
}

std::string undefined_text(const Undefined& value) {
  const std::string name = value.name ? "'" + *value.name + "'" : "a value";
  switch (value.reason) {
    case Undefined::Reason::kVariable:
      return "the variable " + name + " is undefined";
    case Undefined::Reason::kAttribute:
      return name + " is undefined: its object has no such key or attribute";
    case Undefined::Reason::kPrivate:
      return name + " cannot be reached: it begins with an underscore";
    case Undefined::Reason::kNothing:
      break;
  }
  return value.name ? name + " is undefined" : "an undefined value is used";
}

bool is_true(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
    case Kind::kNone:
      return false;
    case Kind::kBool:
      return value.boolean();
    case Kind::kInt:
      return value.integer() != 0;
    case Kind::kFloat:
      return value.real() != 0;
    case Kind::kString:
      return !value.text().empty();
    case Kind::kSequence:
      return !value.sequence().items.empty();
    case Kind::kDict:
      return value.dict().size() > 0;
    default:
      return true;
  }
}

int depth_of(const Value& value) {
  switch (value.kind()) {
    case Kind::kSequence:
      return value.sequence().depth;
    case Kind::kDict:
      return value.dict().depth();
    case Kind::kIterator:
      return value.iterator().depth;
    case Kind::kCallable:
      return value.callable().depth;
    default:
      return 0;
  }
}

Value make_sequence(Budget& budget, SequenceKind kind, std::vector<Value> items) {
  budget.spend(1 + items.size() * kItemSteps);
  auto sequence = std::make_shared<Sequence>();
  sequence->kind = kind;
  for (const Value& item : items) sequence->depth = std::max(sequence->depth, 1 + depth_of(item));
  check_depth(sequence->depth);
  sequence->items = std::move(items);
  return Value(std::shared_ptr<const Sequence>(std::move(sequence)));
}

Value make_iterator(Budget& budget, std::vector<Value> items, std::optional<Failure> failure) {
  budget.spend(1 + items.size() * kItemSteps);
  auto iterator = std::make_shared<Iterator>();
  for (const Value& item : items) iterator->depth = std::max(iterator->depth, 1 + depth_of(item));
  check_depth(iterator->depth);
  iterator->items = std::move(items);
  iterator->failure = std::move(failure);
  return Value(std::move(iterator));
}

Value make_dict(Budget& budget, Dict dict) {
  budget.spend(1 + dict.size() * 2 * kItemSteps);
  check_depth(dict.depth());
  return Value(std::make_shared<const Dict>(std::move(dict)));
}

Value make_string(Budget& budget, std::string text, bool markup) {
  budget.spend_text(text.size());
  return Value(String{std::make_shared<const std::string>(std::move(text)), markup});
}

bool is_iterable(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
    case Kind::kString:
    case Kind::kSequence:
    case Kind::kDict:
    case Kind::kIterator:
    case Kind::kLoop:
      return true;
    default:
      return false;
  }
}

std::vector<Value> iterate(Budget& budget, const Value& value) {
  std::vector<Value> items;
  switch (value.kind()) {
    case Kind::kUndefined:
      return items;
    case Kind::kString:
      budget.spend(value.text().size() * kItemSteps);
      for (const std::string_view c : split_chars(value.text())) {
        items.push_back(make_string(budget, std::string(c)));
      }
      return items;
    case Kind::kSequence:
      budget.spend(value.sequence().items.size() * kItemSteps);
      return value.sequence().items;
    case Kind::kDict:
      budget.spend(value.dict().size() * kItemSteps);
      for (const Dict::Item& item : value.dict().items()) items.push_back(item.first);
      return items;
    case Kind::kIterator: {
      Iterator& iterator = value.iterator();
      budget.spend((iterator.items.size() - iterator.next) * kItemSteps);
      items.assign(iterator.items.begin() + static_cast<std::ptrdiff_t>(iterator.next),
                   iterator.items.end());
      iterator.next = iterator.items.size();
      if (iterator.failure) throw *iterator.failure;
      return items;
    }
    case Kind::kLoop:
      fail_unsupported("going on with a running loop through `loop`");
    default:
      fail(std::string(kind_name(value)) + " cannot be iterated over");
  }
}

std::size_t length_of(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
      return 0;
    case Kind::kString:
      return count_chars(value.text());
    case Kind::kSequence:
      return value.sequence().items.size();
    case Kind::kDict:
      return value.dict().size();
    case Kind::kLoop:
      return value.loop().length;
    default:
      fail(std::string(kind_name(value)) + " has no length");
  }
}

}  // namespace mod::text::jinja
