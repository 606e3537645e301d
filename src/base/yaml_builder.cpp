#include "base/yaml_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "base/text.h"
#include "base/yaml_scalar.h"
#include "mod/error.h"

namespace mod::yaml {
namespace {

constexpr std::string_view kStandardTag = "tag:yaml.org,2002:";

/// A key in a message or key path: whole unless it is absurdly long.
std::string short_key(const std::string& key) {
  constexpr std::size_t kMost = 100;
  if (key.size() <= kMost) return key;
  std::size_t cut = kMost;
  while (cut > 0 && (static_cast<unsigned char>(key[cut]) & 0xC0) == 0x80) --cut;
  return key.substr(0, cut) + "...";
}

/// Key paths are set once the tree stands, because aliases carry nodes to other places.
void set_key_paths(Node& node, const std::string& path) {
  // A path is repeated in every node below it: its length bounds the memory of deep, wide
  // documents.
  constexpr std::size_t kLongestPath = 300;
  node.place.key_path = path.size() > kLongestPath ? path.substr(0, kLongestPath) + "..." : path;
  const std::string& own = node.place.key_path;
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    set_key_paths(node.items[i], fmt::format("{}[{}]", own, i));
  }
  for (auto& [key, value] : node.entries) {
    set_key_paths(value, own.empty() ? short_key(key) : own + '.' + short_key(key));
  }
}

/// Sets what the scalar's text means under a standard tag; false where the tag does not fit the
/// text.
bool apply_tag(std::string_view tag, Node& node) {
  const Scalar s = tag == "str" ? resolve_quoted(node.text) : resolve_plain(node.text);
  const auto set = [&](Kind kind) {
    node.kind = kind;
    node.boolean = s.boolean;
    node.integer = s.integer;
    node.number = s.number;
    node.quoted = false;
    return true;
  };
  if (tag == "str") return set(Kind::kString);
  if (tag == "null") return s.kind == Kind::kNull && set(Kind::kNull);
  if (tag == "bool") return s.kind == Kind::kBool && set(Kind::kBool);
  if (tag == "int") return s.kind == Kind::kInt && set(Kind::kInt);
  if (tag == "timestamp") return s.kind == Kind::kDate && set(Kind::kDate);
  const bool number = s.kind == Kind::kInt || s.kind == Kind::kFloat ||
                      (s.kind == Kind::kString && lenient_number(node.text).has_value());
  return tag == "float" && number && set(Kind::kFloat);
}

}  // namespace

void fail_at(const std::string& file, const YAML::Mark& mark, const std::string& text) {
  Place place;
  place.file = file;
  if (!mark.is_null()) {
    place.line = mark.line + 1;
    place.column = mark.column + 1;
  }
  const std::string where = place.text();
  throw Error(ErrorCode::kInvalidInput, where.empty() ? text : where + ": " + text);
}

Node Builder::make_node(const YAML::Mark& mark, Kind kind) const {
  Node node;
  node.kind = kind;
  node.place.file = file_;
  node.place.line = mark.line + 1;
  node.place.column = mark.column + 1;
  return node;
}

void Builder::charge(const Cost& cost, const YAML::Mark& mark) {
  used_.nodes += cost.nodes;
  used_.bytes += cost.bytes;
  if (used_.nodes > limits_.nodes) {
    fail(mark,
         fmt::format("the document has more than {} values once its aliases are expanded; make "
                     "it smaller",
                     limits_.nodes));
  }
  if (used_.bytes > limits_.bytes) {
    fail(mark, fmt::format("the document holds more than {} once its aliases are expanded; make it "
                           "smaller",
                           size_text(limits_.bytes)));
  }
  if (static_cast<int>(stack_.size()) + cost.depth > limits_.depth) {
    fail(mark, fmt::format("lists and maps stand more than {} levels deep; nest them less",
                           limits_.depth));
  }
}

void Builder::OnDocumentStart(const YAML::Mark& mark) {
  if (documents_.empty()) return;
  // yaml-cpp takes leftover text after a finished document for a new one.
  const auto at = static_cast<std::size_t>(std::max(mark.pos, 0));
  const bool marked = mark.column == 0 && at < text_.size() && text_.substr(at).starts_with("---");
  if (!marked) fail(mark, "unexpected text after the end of the document; check its indentation");
  if (one_document_) {
    fail(mark, "a second document starts here; only one is allowed, put it into a file of its own");
  }
}

void Builder::OnDocumentEnd() { anchors_.clear(); }

void Builder::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
  Value value{make_node(mark, Kind::kNull), {1, 0, 0}, mark};
  charge(value.cost, mark);
  finish(std::move(value), anchor);
}

void Builder::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
  const auto found = anchors_.find(anchor);
  if (found == anchors_.end()) {
    fail(mark,
         "an alias stands inside the value that its anchor names; a value cannot hold itself");
  }
  charge(found->second.cost, mark);
  Value value = found->second;
  value.mark = mark;
  value.merge_key = false;
  place(std::move(value));
}

Builder::Value Builder::scalar(const YAML::Mark& mark, const std::string& tag,
                               const std::string& text) {
  Value value{make_node(mark, Kind::kString), {1, text.size(), 0}, mark};
  Node& node = value.node;
  node.text = text;
  node.quoted = tag == "!";
  if (tag == "?" || tag.empty()) {
    if (text.find(kTabSentinel) != std::string::npos) {
      tab_mark_ = mark;
      fail(mark, "a tab");
    }
    if (text == "=") fail(mark, "a lone '=' has no meaning in YAML; quote it if it is text");
    value.merge_key = text == "<<";
  }
  const Scalar s = node.quoted || value.merge_key ? resolve_quoted(text) : resolve_plain(text);
  node.kind = s.kind;
  node.boolean = s.boolean;
  node.integer = s.integer;
  node.number = s.number;
  if (tag == "?" || tag == "!" || tag.empty()) return value;
  const std::string_view name = std::string_view(tag).starts_with(kStandardTag)
                                    ? std::string_view(tag).substr(kStandardTag.size())
                                    : std::string_view();
  if (name != "str" && name != "null" && name != "bool" && name != "int" && name != "float" &&
      name != "timestamp") {
    fail(mark, fmt::format("the tag '{}' is not allowed here; remove it", short_key(tag)));
  }
  if (!apply_tag(name, node)) {
    fail(mark, fmt::format("'{}' is not a value of the type '!!{}'", short_key(text), name));
  }
  return value;
}

void Builder::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       const std::string& text) {
  Value value = scalar(mark, tag, text);
  charge(value.cost, mark);
  finish(std::move(value), anchor);
}

void Builder::OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                              YAML::EmitterStyle::value) {
  begin_collection(mark, tag, anchor, Kind::kSequence);
}

void Builder::OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) {
  begin_collection(mark, tag, anchor, Kind::kMap);
}

void Builder::OnAnchor(const YAML::Mark& mark, const std::string& name) {
  if (name.find(kTabSentinel) == std::string::npos) return;
  tab_mark_ = mark;
  fail(mark, "a tab");
}

void Builder::begin_collection(const YAML::Mark& mark, const std::string& tag,
                               YAML::anchor_t anchor, Kind kind) {
  const std::string standard = std::string(kStandardTag) + (kind == Kind::kMap ? "map" : "seq");
  if (!tag.empty() && tag != "?" && tag != "!" && tag != standard) {
    fail(mark, fmt::format("the tag '{}' is not allowed here; remove it", short_key(tag)));
  }
  if (!stack_.empty() && stack_.back().wants_key) {
    // yaml-cpp also reports a bracket that is never closed as the start of a key.
    fail(mark, "a list or a map cannot be a key, or its closing ']' or '}' is missing");
  }
  charge({1, 0, 1}, mark);
  Frame frame;
  frame.value = {make_node(mark, kind), {1, 0, 1}, mark};
  frame.anchor = anchor;
  frame.wants_key = kind == Kind::kMap;
  stack_.push_back(std::move(frame));
}

void Builder::end_collection() {
  Frame frame = std::move(stack_.back());
  stack_.pop_back();
  if (frame.value.node.kind == Kind::kMap) resolve_keys(frame);
  finish(std::move(frame.value), frame.anchor);
}

void Builder::resolve_keys(Frame& frame) {
  Node& node = frame.value.node;
  std::vector<std::pair<std::string, Node>> own = std::exchange(node.entries, {});
  struct Slot {
    std::size_t index;
    int written;  // times in this map itself, merged entries not counted
  };
  std::unordered_map<std::string, Slot> slots;
  const auto put = [&](std::string&& key, Node&& value, int written) {
    const auto [at, fresh] = slots.try_emplace(key, Slot{node.entries.size(), 0});
    at->second.written += written;
    if (at->second.written == 2 && written == 1) node.duplicates.push_back(key);
    if (fresh) {
      node.entries.emplace_back(std::move(key), std::move(value));
    } else {
      node.entries[at->second.index].second = std::move(value);
    }
  };
  // Merged entries come first; a key of the map itself wins over them.
  for (Node& merged : frame.merges) {
    for (auto& [key, value] : merged.entries) put(std::move(key), std::move(value), 0);
  }
  for (auto& [key, value] : own) put(std::move(key), std::move(value), 1);
}

void Builder::finish(Value value, YAML::anchor_t anchor) {
  if (anchor != 0) {
    charge({value.cost.nodes, value.cost.bytes, 0}, value.mark);  // the kept copy
    anchors_[anchor] = value;
  }
  place(std::move(value));
}

void Builder::place(Value value) {
  if (stack_.empty()) {
    refuse_merge_value(value);
    set_key_paths(value.node, "");
    documents_.push_back(std::move(value.node));
    return;
  }
  Frame& frame = stack_.back();
  if (frame.wants_key) return take_key(frame, std::move(value));
  refuse_merge_value(value);
  Cost& cost = frame.value.cost;
  cost.nodes += value.cost.nodes;
  cost.bytes += value.cost.bytes;
  cost.depth = std::max(cost.depth, value.cost.depth + 1);
  if (frame.value.node.kind == Kind::kSequence) {
    frame.value.node.items.push_back(std::move(value.node));
    return;
  }
  frame.wants_key = true;
  // An absent value has no place of its own: the parser gives that of the next token.
  if (value.node.is_null() && value.node.text.empty()) value.node.place = frame.key_place;
  if (frame.merging) return add_merge(frame, std::move(value));
  frame.value.node.entries.emplace_back(std::move(frame.key), std::move(value.node));
}

void Builder::refuse_merge_value(const Value& value) const {
  if (value.merge_key)
    fail(value.mark, "'<<' stands where a value belongs; quote it if it is text");
}

void Builder::take_key(Frame& frame, Value value) {
  if (value.node.kind == Kind::kNull) {
    fail(value.mark,
         "a key is missing or null; write a name before the ':' (quote it if it is null)");
  }
  if (!value.node.is_scalar()) {
    fail(value.mark, "a list or a map cannot be a key; a key is one word or one quoted text");
  }
  frame.value.cost.nodes += 1;
  frame.value.cost.bytes += value.cost.bytes;
  frame.merging = value.merge_key;
  frame.key_place = value.node.place;
  frame.key = std::move(value.node.text);
  frame.wants_key = false;
}

void Builder::add_merge(Frame& frame, Value value) {
  const char* advice = "'<<' takes a map or a list of maps, for example '<<: *defaults'";
  if (value.node.kind == Kind::kMap) {
    frame.merges.push_back(std::move(value.node));
    return;
  }
  if (value.node.kind != Kind::kSequence) fail(value.mark, advice);
  // Of a list of maps the first one wins: it is applied last.
  for (auto item = value.node.items.rbegin(); item != value.node.items.rend(); ++item) {
    if (item->kind != Kind::kMap) fail(value.mark, advice);
    frame.merges.push_back(std::move(*item));
  }
}

}  // namespace mod::yaml
