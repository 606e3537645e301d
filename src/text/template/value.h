// Values of the template language: those of Python, as far as a template can tell. Containers and
// texts are immutable and shared; what a template can change (namespaces, iterators, loops) belongs
// to one rendering. A Value is not thread-safe unless it holds only literals.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "text/template/budget.h"

namespace mod::text::jinja {

using Json = nlohmann::ordered_json;
using Text = std::shared_ptr<const std::string>;

/// Wide enough for the unsigned 64-bit numbers of JSON; what leaves 128 bits is an error.
__extension__ typedef __int128 Int;

class Value;
struct Sequence;
class Dict;
struct Namespace;
struct LoopState;
struct Iterator;
struct Callable;

/// The value of what is not there: prints as nothing, is false, iterates over nothing; most other
/// uses are errors that name what is missing.
struct Undefined {
  enum class Reason : std::uint8_t { kVariable, kAttribute, kPrivate, kNothing };
  Reason reason = Reason::kNothing;
  Text name;  // of the variable or attribute; may be null
};

struct None {};

struct String {
  Text text;
  bool markup = false;  // went through `safe` or `escape`: joining it with plain text escapes that
};

enum class Kind : std::uint8_t {
  kUndefined,
  kNone,
  kBool,
  kInt,
  kFloat,
  kString,
  kSequence,
  kDict,
  kNamespace,
  kLoop,
  kIterator,
  kCallable,
};

class Value {
 public:
  Value() = default;  // undefined
  explicit Value(Undefined v) : data_(std::move(v)) {}
  explicit Value(None v) : data_(v) {}
  explicit Value(bool v) : data_(v) {}
  explicit Value(Int v) : data_(v) {}
  explicit Value(double v) : data_(v) {}
  explicit Value(String v) : data_(std::move(v)) {}
  explicit Value(std::shared_ptr<const Sequence> v) : data_(std::move(v)) {}
  explicit Value(std::shared_ptr<const Dict> v) : data_(std::move(v)) {}
  explicit Value(Namespace* v) : data_(v) {}
  explicit Value(std::shared_ptr<LoopState> v) : data_(std::move(v)) {}
  explicit Value(std::shared_ptr<Iterator> v) : data_(std::move(v)) {}
  explicit Value(std::shared_ptr<const Callable> v) : data_(std::move(v)) {}

  static Value integer(std::size_t v) { return Value(static_cast<Int>(v)); }
  static Value string(std::string v) {
    return Value(String{std::make_shared<const std::string>(std::move(v)), false});
  }

  Kind kind() const { return static_cast<Kind>(data_.index()); }
  bool is(Kind k) const { return kind() == k; }

  /// Only for the kind that it names.
  const Undefined& undefined() const { return std::get<Undefined>(data_); }
  bool boolean() const { return std::get<bool>(data_); }
  Int integer() const { return std::get<Int>(data_); }
  double real() const { return std::get<double>(data_); }
  const std::string& text() const { return *std::get<String>(data_).text; }
  const String& string() const { return std::get<String>(data_); }
  const Sequence& sequence() const { return *std::get<std::shared_ptr<const Sequence>>(data_); }
  const Dict& dict() const { return *std::get<std::shared_ptr<const Dict>>(data_); }
  Namespace& name_space() const { return *std::get<Namespace*>(data_); }
  LoopState& loop() const { return *std::get<std::shared_ptr<LoopState>>(data_); }
  Iterator& iterator() const { return *std::get<std::shared_ptr<Iterator>>(data_); }
  const Callable& callable() const { return *std::get<std::shared_ptr<const Callable>>(data_); }

  bool is_undefined() const { return is(Kind::kUndefined); }
  bool is_none() const { return is(Kind::kNone); }
  bool is_string() const { return is(Kind::kString); }
  bool is_sequence() const { return is(Kind::kSequence); }
  bool is_dict() const { return is(Kind::kDict); }
  /// Integers and booleans, which Python counts among them.
  bool is_integral() const { return is(Kind::kInt) || is(Kind::kBool); }
  bool is_number() const { return is_integral() || is(Kind::kFloat); }
  /// Of an integral value.
  Int as_int() const { return is(Kind::kBool) ? Int{boolean()} : integer(); }
  /// Of a number.
  double as_real() const { return is(Kind::kFloat) ? real() : static_cast<double>(as_int()); }
  /// Address of a container, for identity; null for the rest.
  const void* address() const;

 private:
  std::variant<Undefined, None, bool, Int, double, String, std::shared_ptr<const Sequence>,
               std::shared_ptr<const Dict>, Namespace*, std::shared_ptr<LoopState>,
               std::shared_ptr<Iterator>, std::shared_ptr<const Callable>>
      data_;
};

enum class SequenceKind : std::uint8_t {
  kList,
  kTuple,
  kRange,
  kDictKeys,
  kDictValues,
  kDictItems
};

struct Sequence {
  SequenceKind kind = SequenceKind::kList;
  std::vector<Value> items;
  int depth = 1;  // of containers in containers

  bool is_list_or_tuple() const {
    return kind == SequenceKind::kList || kind == SequenceKind::kTuple;
  }
  bool is_indexable() const { return is_list_or_tuple() || kind == SequenceKind::kRange; }
};

/// Keeps the order of insertion. Keys are compared as Python does: 1, 1.0 and true are one key.
class Dict {
 public:
  using Item = std::pair<Value, Value>;

  const std::vector<Item>& items() const { return items_; }
  std::size_t size() const { return items_.size(); }
  int depth() const { return depth_; }

  /// Null if there is none. Fails for a key that cannot be hashed.
  const Value* find(Budget& budget, const Value& key) const;
  const Value* find(std::string_view key) const;
  void set(Budget& budget, Value key, Value value);
  /// Without a search for an equal key.
  void append(std::string key, Value value);

 private:
  std::size_t index_of(Budget& budget, const Value& key, std::size_t hash) const;
  void add(Value key, Value value, std::size_t hash);

  std::vector<Item> items_;
  std::vector<std::size_t> hashes_;
  std::unordered_multimap<std::size_t, std::uint32_t> index_;  // only of the large ones
  int depth_ = 1;
};

struct Namespace {
  Dict attributes;
};

/// The variable `loop`. Its items are gone once the loop has ended, so that loops kept in loops
/// form no chain.
struct LoopState {
  std::vector<Value> items;
  std::size_t index = 0, length = 0;
  std::vector<Value> last_changed;
  bool has_changed = false;
};

/// Gives each item once, as Python's generators do: what fails fails when its turn comes.
struct Iterator {
  std::vector<Value> items;
  std::optional<Failure> failure;  // behind the last item
  std::size_t next = 0;
  int depth = 1;
};

/// Name for messages: "a string", "a list", "none".
std::string_view kind_name(const Value& value);
/// "'x' is undefined": what an undefined value says when it is used.
std::string undefined_text(const Undefined& value);

bool is_true(const Value& value);
int depth_of(const Value& value);

/// Containers within the budget; `depth` is checked.
Value make_sequence(Budget& budget, SequenceKind kind, std::vector<Value> items);
inline Value make_list(Budget& budget, std::vector<Value> items) {
  return make_sequence(budget, SequenceKind::kList, std::move(items));
}
inline Value make_tuple(Budget& budget, std::vector<Value> items) {
  return make_sequence(budget, SequenceKind::kTuple, std::move(items));
}
Value make_iterator(Budget& budget, std::vector<Value> items, std::optional<Failure> failure = {});
Value make_dict(Budget& budget, Dict dict);
/// A string within the budget.
Value make_string(Budget& budget, std::string text, bool markup = false);

/// The items of whatever can be iterated over: characters of a string, keys of a dict, what is left
/// of an iterator (which is used up). Fails for the rest, and where an iterator does.
std::vector<Value> iterate(Budget& budget, const Value& value);
bool is_iterable(const Value& value);

/// Elements of a container or characters of a string; fails for what has no length.
std::size_t length_of(const Value& value);

}  // namespace mod::text::jinja
